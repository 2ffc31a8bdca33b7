//! `GET /v1/me`

use axum::Json;
use axum::extract::State;
use comporta_http::{AnyCaller, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use super::{CompanyOut, KeyOut};
use crate::{Error, KeyId, Partners};

/// Who calls.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub(crate) struct MeOut {
    /// The company whose data this caller sees.
    company: CompanyOut,
    /// The key that it calls with, or that its token was issued for; null for a token of another issuer.
    key: Option<KeyOut>,
    /// What this very call may do: a token may hold less than its key.
    #[schema(example = json!(["ledger:read"]))]
    scopes: Vec<String>,
}

/// Show who calls.
#[utoipa::path(
    get, path = "/v1/me", operation_id = "show_me", tag = "Partner", security(("api_key" = [])),
    responses((status = 200, description = "The caller's company, key and scopes", body = MeOut))
)]
pub(crate) async fn handle(
    State(partners): State<Partners>,
    AnyCaller(caller): AnyCaller,
) -> Result<Json<MeOut>, Problem> {
    let company = partners.company(caller.company_id).await?;
    // A token of ours names the key it was issued for.
    let actor = caller.actor.strip_prefix("jwt:").unwrap_or(&caller.actor);
    let key = match actor.parse::<KeyId>() {
        Ok(id) => match partners.key(id).await {
            Ok(key) => Some(key).filter(|key| key.company_id == company.id),
            Err(Error::NoSuchKey) => None,
            Err(error) => return Err(error.into()),
        },
        // Whom another issuer's token names.
        Err(_) => None,
    };
    let now = partners.clock().now();
    let key = key.map(|key| KeyOut::at(now, key));
    Ok(Json(MeOut { company: company.into(), key, scopes: caller.scopes.to_vec() }))
}
