//! `GET /admin/v1/audit`

use axum::Json;
use axum::extract::State;
use comporta_http::{Cursor, Page, Problem, ProblemBody, Query, page_limit};
use comporta_kernel::{CompanyId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{AuditEntry, AuditFilter, AuditId, Partners};

/// Which acts are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Not before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Only what concerns this company.
    #[param(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    /// Only what this one did: a staff user's e-mail address, a key's id, `cli` or `system`.
    actor: Option<String>,
    /// Only acts of this kind, such as `key.rotated`.
    action: Option<String>,
    /// Rows at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditOut {
    #[schema(value_type = String, example = "aud_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    id: AuditId,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who did it: a staff user's e-mail address, a key's id, `cli` or `system`.
    #[schema(example = "ana@example.com")]
    actor: String,
    #[schema(example = "key.rotated")]
    action: String,
    /// To what: an id, or a name.
    #[schema(example = "key_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    subject: String,
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    /// The request that asked for it.
    request_id: Option<String>,
    /// More about it; of a change each field with what it was and what it is.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

/// List what was done, newest first.
#[utoipa::path(
    get, path = "/admin/v1/audit", operation_id = "list_audit", tag = "Audit", params(AuditQuery),
    responses(
        (status = 200, description = "A page of the audit trail", body = Page<AuditOut>),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(partners): State<Partners>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditOut>>, Problem> {
    let AuditQuery { from, to, company_id, actor, action, limit, cursor } = query;
    let limit = page_limit(limit)?;
    let given = AuditFilter { from, to, company_id, actor, action };
    let (filter, after) = Cursor::resume(given, cursor.as_deref())?;
    let entries = partners.audit_trail(&filter, after, limit + 1).await?;
    let page = Page::cut(entries, limit, |last| Cursor { filter, after: (last.at, last.id) }.encode());
    Ok(Json(page.map(AuditOut::from)))
}

impl From<AuditEntry> for AuditOut {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { id, at, actor, action, subject, company_id, request_id, detail } = entry;
        Self { id, at, actor, action, subject, company_id, request_id, detail }
    }
}
