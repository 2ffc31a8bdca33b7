//! Keyset pages: a cursor carries the filters it was made with and the place to go on from.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Problem;

/// Rows of a page when the caller does not say.
pub const DEFAULT_LIMIT: u16 = 50;
/// Rows of a page at most.
pub const MAX_LIMIT: u16 = 500;

/// One page of a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// What a cursor's text holds: opaque to callers, who may only hand it back.
#[derive(Debug, Serialize, Deserialize)]
pub struct Cursor<F, P> {
    /// The filters of the first request.
    pub filter: F,
    /// The last row given.
    pub after: P,
}

impl<F: Serialize + DeserializeOwned + PartialEq + Default, P: Serialize + DeserializeOwned> Cursor<F, P> {
    /// The cursor's text.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// The filters and place to list from: the request's own filters from the start, or the cursor's.
    ///
    /// # Errors
    /// A 422 problem when the cursor is not one of ours or other filters are given beside it.
    pub fn resume(given: F, cursor: Option<&str>) -> Result<(F, Option<P>), Problem> {
        let Some(text) = cursor else { return Ok((given, None)) };
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let Some(cursor) = bytes.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok()) else {
            return Err(Problem::invalid_field(
                "?cursor",
                "not a cursor of this list: send next_cursor as it was given",
            ));
        };
        if given != F::default() && given != cursor.filter {
            return Err(Problem::invalid_field(
                "?cursor",
                "the cursor carries other filters: leave the filters out, or the cursor",
            ));
        }
        Ok((cursor.filter, Some(cursor.after)))
    }
}

impl<T> Page<T> {
    /// A page from rows fetched with one more than `limit`, whose surplus row says that there is a next page.
    pub fn cut(mut rows: Vec<T>, limit: u16, cursor_after: impl FnOnce(&T) -> String) -> Self {
        let more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next_cursor = if more { rows.last().map(cursor_after) } else { None };
        Self { data: rows, next_cursor }
    }

    /// The same page with each row as the caller sees it.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(each).collect(), next_cursor: self.next_cursor }
    }
}

/// The number of rows asked for.
///
/// # Errors
/// A 422 problem when it is not from 1 to [`MAX_LIMIT`].
pub fn page_limit(asked: Option<u32>) -> Result<u16, Problem> {
    let limit = asked.unwrap_or_else(|| DEFAULT_LIMIT.into());
    match u16::try_from(limit) {
        Ok(limit @ 1..=MAX_LIMIT) => Ok(limit),
        _ => Err(Problem::invalid_field("?limit", format!("expected a number from 1 to {MAX_LIMIT}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Texts = Cursor<Option<String>, u32>;

    #[test]
    fn a_cursor_brings_its_filters_back() {
        let text = Texts { filter: Some("rent".into()), after: 7 }.encode();
        assert_eq!(Texts::resume(None, Some(&text)).unwrap(), (Some("rent".into()), Some(7)));
        assert_eq!(Texts::resume(Some("rent".into()), Some(&text)).unwrap().1, Some(7));
    }

    #[test]
    fn a_cursor_with_other_filters_or_of_another_making_is_refused() {
        let text = Texts { filter: None, after: 7 }.encode();
        assert!(Texts::resume(Some("food".into()), Some(&text)).is_err());
        for wrong in ["", "x", "e30", "💥"] {
            assert!(Texts::resume(None, Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_points_on_only_when_there_is_more() {
        let page = Page::cut(vec![1, 2, 3], 2, ToString::to_string);
        assert_eq!((page.data, page.next_cursor.as_deref()), (vec![1, 2], Some("2")));
        assert_eq!(Page::cut(vec![1, 2], 2, ToString::to_string).next_cursor, None);
    }
}
