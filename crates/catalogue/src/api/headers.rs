//! The request headers that change what an operation does, for the API's document; extractors read them.

/// `Idempotency-Key`
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
pub(super) struct IdempotencyKey {
    /// Any text of your own. The same key with the same body gives the first answer again and adds nothing.
    #[param(
        rename = "Idempotency-Key", value_type = String, required = false,
        min_length = 1, max_length = 255, pattern = "^[!-~]+$"
    )]
    key: Option<String>,
}

/// `if-match`
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
pub(super) struct IfMatchTags {
    /// The `etag`s of the versions that may be changed, or `*`. Without it, whatever the book is now.
    #[param(
        rename = "if-match", value_type = String, required = false, example = "*",
        pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#
    )]
    tags: Option<String>,
}

/// `if-none-match`
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
pub(super) struct IfNoneMatchTags {
    /// The `etag`s of the versions that you have already, or `*`.
    #[param(
        rename = "if-none-match", value_type = String, required = false,
        example = "\"1\"",
        pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#
    )]
    tags: Option<String>,
}
