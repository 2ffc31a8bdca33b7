//! The OpenAPI document of the public listener: every capability's part, and what all operations share.

use comporta_http::{Kind, ProblemBody, kinds};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
};
use utoipa::{PartialSchema as _, ToSchema as _};

const DESCRIPTION: &str = "Cash flow that is exact at every instant, boletos, and a books catalogue.\n\n\
    **Who calls.** Send an API key in `x-api-key`. A company sees only its own data; another company's id is 404.\n\n\
    **Money** is a string with a point and two decimals (`\"150.00\"`). **Days** are `YYYY-MM-DD` by the account's zone, \
    **instants** RFC 3339.\n\n\
    **Safe to repeat.** Send an `Idempotency-Key` with any POST that creates: the same request again answers as it did, \
    with `idempotent-replayed: true`; another request under the same key is refused.\n\n\
    **Lists** give `{data, next_cursor}`; send `next_cursor` as `cursor` for the next page.\n\n";

/// The document.
#[must_use]
pub fn document() -> OpenApi {
    let info = InfoBuilder::new().title("Comporta").version(env!("CARGO_PKG_VERSION"));
    let info = info.description(Some(format!("{DESCRIPTION}{}", problem_table())));
    let mut document = OpenApiBuilder::new().info(info).components(Some(Components::new())).build();
    let parts = [
        comporta_ledger::openapi(),
        comporta_boletos::openapi(),
        comporta_catalogue::openapi(),
        comporta_identity::openapi(),
        comporta_partners::openapi(),
    ];
    for part in parts {
        document.merge(part);
    }
    let components = document.components.get_or_insert_with(Components::new);
    let description = "A company's API key, which holds scopes. Each operation names the scope it asks for.";
    let key = ApiKey::Header(ApiKeyValue::with_description("x-api-key", description));
    components.add_security_scheme("api_key", SecurityScheme::ApiKey(key));
    components.schemas.insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    let mut shared = Vec::new();
    ProblemBody::schemas(&mut shared);
    components.schemas.extend(shared);
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            // OAuth 2.0 has errors of its own (RFC 6749, 5.2).
            if !operation.tags.iter().flatten().any(|tag| tag == "oauth2") {
                share(path, operation);
            }
        }
    }
    document
}

/// The document as text, the same each time.
#[must_use]
pub fn text() -> String {
    let mut text = document().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
    all.into_iter().filter_map(Option::as_mut)
}

/// Gives an operation the refusals that any like it may answer with, and every refusal its body.
fn share(path: &str, operation: &mut Operation) {
    let mut any: Vec<&Kind> = vec![
        &kinds::MALFORMED,
        &kinds::UNAUTHENTICATED,
        &kinds::FORBIDDEN,
        &kinds::INTERNAL,
        &kinds::UNAVAILABLE,
    ];
    let has_parameters = operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty());
    if operation.request_body.is_some() {
        any.extend([
            &kinds::REQUEST_TIMEOUT,
            &kinds::TOO_LARGE,
            &kinds::UNSUPPORTED_MEDIA_TYPE,
            &kinds::INVALID,
        ]);
    } else if has_parameters {
        any.push(&kinds::INVALID);
    }
    if path.contains('{') {
        any.push(&kinds::NOT_FOUND);
    }
    for kind in any {
        let status = kind.status.as_str().to_owned();
        let title = ResponseBuilder::new().description(kind.title).build();
        operation.responses.responses.entry(status).or_insert(RefOr::T(title));
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
        {
            let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build();
            response.content =
                [("application/problem+json".to_owned(), RefOr::T(body))].into_iter().collect();
        }
    }
}

/// Every kind of problem, as a table in the document's description.
fn problem_table() -> String {
    let kinds =
        kinds::ALL.iter().chain(comporta_ledger::PROBLEM_KINDS).chain(comporta_boletos::PROBLEM_KINDS);
    let rows =
        kinds.map(|kind| format!("| {} | `{}` | {} |\n", kind.status.as_u16(), kind.uri(), kind.title));
    format!(
        "**Problems** (RFC 9457, `application/problem+json`):\n\n| status | type | title |\n|---|---|---|\n{}",
        rows.collect::<String>()
    )
}
