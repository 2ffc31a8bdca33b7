//! Companies and keys as callers see them, the command line's callers too.

use comporta_kernel::{CompanyId, Timestamp};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::{
    Address, AllowedAddresses, ApiKeyText, Company, CompanyName, CompanyStatus, Document, Email, IssuedKey,
    Key, KeyId, KeyMode, KeyName, KeyState, PlanName, RotatedKey, Scopes,
};

/// A company.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Company)]
pub struct CompanyOut {
    #[schema(value_type = String, example = "cmp_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    id: CompanyId,
    #[schema(value_type = String, example = "Padaria Aurora")]
    name: CompanyName,
    #[schema(value_type = Option<String>, example = "12.345.678/0001-95")]
    document: Option<Document>,
    #[schema(value_type = Option<String>, example = "financeiro@aurora.example")]
    email: Option<Email>,
    #[schema(value_type = Option<String>)]
    address: Option<Address>,
    /// The plan that limits and bills it.
    #[schema(value_type = Option<String>, example = "basic")]
    plan: Option<PlanName>,
    status: CompanyStatus,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A key without its text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub struct KeyOut {
    #[schema(value_type = String, example = "key_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    id: KeyId,
    #[schema(value_type = String, example = "cmp_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    company_id: CompanyId,
    #[schema(value_type = String, example = "till")]
    name: KeyName,
    mode: KeyMode,
    #[schema(value_type = Vec<String>, example = json!(["ledger:read", "ledger:write"]))]
    scopes: Scopes,
    /// Whether it works now, its company's status aside.
    status: KeyState,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The first instant at which it no longer works.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// The key that a rotation put in its place.
    #[schema(value_type = Option<String>)]
    replaced_by: Option<KeyId>,
    /// Networks that it may be used from; none for anywhere.
    #[schema(value_type = Vec<String>, example = json!(["203.0.113.0/24"]))]
    allowed_addresses: AllowedAddresses,
    /// When it was last used, to the minute, told about a minute later.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// A key just made, with its text: this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssuedKey)]
pub struct IssuedKeyOut {
    #[serde(flatten)]
    about: KeyOut,
    /// The key itself. It is kept nowhere: this is the only time it is shown.
    #[schema(value_type = String, example = "cpt_live_…")]
    key: KeySecret,
}

/// What a rotation leaves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RotatedKey)]
pub struct RotatedKeyOut {
    #[serde(flatten)]
    issued: IssuedKeyOut,
    previous: PreviousKeyOut,
}

/// The key that was rotated.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviousKey)]
struct PreviousKeyOut {
    #[schema(value_type = String, example = "key_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    id: KeyId,
    /// The first instant at which it no longer works.
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_until: Option<Timestamp>,
}

/// A key's text on its way out: JSON shows it, `Debug` does not.
#[derive(Debug)]
struct KeySecret(ApiKeyText<'static>);

impl Serialize for KeySecret {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.0.expose())
    }
}

impl From<Company> for CompanyOut {
    fn from(company: Company) -> Self {
        let Company { id, name, document, email, address, plan, status, created_at } = company;
        Self { id, name, document, email, address, plan, status, created_at }
    }
}

impl KeyOut {
    /// The key as it stands at an instant.
    #[must_use]
    pub fn at(now: Timestamp, key: Key) -> Self {
        let status = key.state(now);
        let Key {
            id, company_id, name, mode, scopes, created_at, expires_at, revoked_at, replaced_by, ..
        } = key;
        let (allowed_addresses, last_used_at) = (key.allowed_addresses, key.last_used_at);
        Self {
            id,
            company_id,
            name,
            mode,
            scopes,
            status,
            created_at,
            expires_at,
            revoked_at,
            replaced_by,
            allowed_addresses,
            last_used_at,
        }
    }
}

impl IssuedKeyOut {
    /// The key as it stands at an instant, and its text.
    #[must_use]
    pub fn at(now: Timestamp, issued: IssuedKey) -> Self {
        Self { about: KeyOut::at(now, issued.key), key: KeySecret(issued.text) }
    }
}

impl RotatedKeyOut {
    /// The new key as it stands at an instant, its text, and the end of the old one.
    #[must_use]
    pub fn at(now: Timestamp, rotated: RotatedKey) -> Self {
        let RotatedKey { issued, previous } = rotated;
        let previous = PreviousKeyOut { id: previous.id, valid_until: previous.expires_at };
        Self { issued: IssuedKeyOut::at(now, issued), previous }
    }
}
