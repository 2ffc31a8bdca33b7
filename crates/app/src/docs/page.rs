//! The page around Swagger UI: ours, because the library's own would load from wherever it is mounted.

pub(super) const HTML: &str = include_str!("page/index.html");

/// The files of the page that are not Swagger UI's: their type and text.
pub(super) fn own_asset(file: &str) -> Option<(&'static str, &'static str)> {
    match file {
        "comporta.js" => Some(("text/javascript; charset=utf-8", include_str!("page/comporta.js"))),
        "comporta.css" => Some(("text/css; charset=utf-8", include_str!("page/comporta.css"))),
        "comporta.svg" => Some(("image/svg+xml", include_str!("page/comporta.svg"))),
        _ => None,
    }
}
