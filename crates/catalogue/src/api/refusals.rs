//! The problems that each sort of operation may answer with, for the API's document.

use std::collections::BTreeMap;

use comporta_http::{Kind, kinds};
use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

type Responses = BTreeMap<String, RefOr<Response>>;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident: $($kind:ident)*;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl IntoResponses for $name {
            fn responses() -> Responses {
                describe(&[$(&kinds::$kind),*])
            }
        }
    )*};
}

refusals! {
    /// Of any operation.
    Any: UNAUTHENTICATED FORBIDDEN INTERNAL UNAVAILABLE;
    /// Of one with query parameters.
    Listing: INVALID;
    /// Of one whose path names a book.
    Named: NOT_FOUND;
    /// Of one that reads entity tags from a header.
    Tagged: MALFORMED;
    /// Of one that changes only an expected version.
    Conditional: MALFORMED PRECONDITION_FAILED;
    /// Of one with a body.
    Body: MALFORMED REQUEST_TIMEOUT TOO_LARGE UNSUPPORTED_MEDIA_TYPE INVALID;
    /// Of one with a body and an idempotency key.
    Creation: MALFORMED REQUEST_TIMEOUT TOO_LARGE UNSUPPORTED_MEDIA_TYPE INVALID KEY_REUSED;
    /// Of one that may clash with another book.
    Clash: CONFLICT;
}

/// One response for each status, which names every kind of problem that has it.
fn describe(kinds: &[&Kind]) -> Responses {
    let mut titles: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for kind in kinds {
        let title = format!("{} (`{}`)", kind.title, kind.uri());
        titles.entry(kind.status.as_str().to_owned()).or_default().push(title);
    }
    let response = |titles: Vec<String>| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new().description(titles.join("; or: "));
        RefOr::T(response.content("application/problem+json", content).build())
    };
    titles.into_iter().map(|(status, titles)| (status, response(titles))).collect()
}
