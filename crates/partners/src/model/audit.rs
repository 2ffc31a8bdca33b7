//! The audit trail: who did what, to what, when.

use std::fmt;
use std::sync::Arc;

use comporta_kernel::{CompanyId, Timestamp, define_id};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::KeyId;

define_id!(
    /// An entry of the audit trail.
    AuditId,
    "aud"
);

/// Who acts, and in which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    name: Arc<str>,
    request_id: Option<Arc<str>>,
}

/// Something that was done, for the trail. Nothing in it may be a secret.
#[derive(Clone, Debug)]
pub struct Act {
    pub(crate) action: &'static str,
    pub(crate) subject: String,
    pub(crate) company_id: Option<CompanyId>,
    pub(crate) detail: Value,
}

/// An entry of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// When it was done.
    pub at: Timestamp,
    /// A staff user's e-mail address, a key's id, `cli` or `system`.
    pub actor: String,
    /// What was done: a noun and a past participle, `key.rotated`.
    pub action: String,
    /// To what: an id, or a name.
    pub subject: String,
    /// Whose it is, if it is a company's.
    pub company_id: Option<CompanyId>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// More about it.
    pub detail: Value,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFilter {
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Before this one.
    pub to: Option<Timestamp>,
    /// Only this company's.
    pub company_id: Option<CompanyId>,
    /// Only what this one did.
    pub actor: Option<String>,
    /// Only acts of this kind.
    pub action: Option<String>,
}

impl Actor {
    /// A staff user, by e-mail address.
    #[must_use]
    pub fn staff(email: &str) -> Self {
        Self { name: email.into(), request_id: None }
    }

    /// Whoever has a shell on the installation.
    #[must_use]
    pub fn command_line() -> Self {
        Self { name: "cli".into(), request_id: None }
    }

    /// The program itself: a job, a first start.
    #[must_use]
    pub fn system() -> Self {
        Self { name: "system".into(), request_id: None }
    }

    /// A company's program.
    #[must_use]
    pub fn key(id: KeyId) -> Self {
        Self { name: id.to_string().into(), request_id: None }
    }

    /// The same in a request.
    #[must_use]
    pub fn in_request(self, id: &str) -> Self {
        Self { request_id: Some(id.into()), ..self }
    }

    /// The request's id.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Act {
    /// Something done to something: `Act::new("plan.put", &name)`.
    pub fn new(action: &'static str, subject: impl fmt::Display) -> Self {
        Self {
            action,
            subject: subject.to_string(),
            company_id: None,
            detail: Value::Object(Default::default()),
        }
    }

    /// To something of a company's.
    #[must_use]
    pub fn of(self, company: CompanyId) -> Self {
        Self { company_id: Some(company), ..self }
    }

    /// With more about it: a JSON object.
    #[must_use]
    pub fn with(self, detail: Value) -> Self {
        Self { detail, ..self }
    }

    pub(crate) fn done(self, id: AuditId, at: Timestamp, actor: &Actor) -> AuditEntry {
        let Self { action, subject, company_id, detail } = self;
        AuditEntry {
            id,
            at,
            actor: actor.to_string(),
            action: action.to_owned(),
            subject,
            company_id,
            request_id: actor.request_id().map(str::to_owned),
            detail,
        }
    }
}
