//! Bodies of routes that ask for it, gathered on their way through, in bounded memory.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::header;

use super::LoggedBody;
use crate::config::{LogBodies, MaskPath};
use crate::headers::Headers;
use crate::model::masking::masked;
use crate::model::redaction;

/// Longest body that is gathered, in bytes; of a longer one nothing is kept, for what is cut cannot be masked.
const LONGEST: usize = 64 * 1024;
/// Bytes gathered at once in this process, until they are masked and handed on.
const ROOM: usize = 32 * 1024 * 1024;

/// What a route keeps of bodies.
#[derive(Debug)]
pub(crate) struct BodyRules {
    request: bool,
    answer: bool,
    limit: usize,
    paths: Vec<MaskPath>,
}

/// The bodies of a request, as far as they are gathered.
#[derive(Debug)]
pub(crate) struct Tapped {
    rules: Arc<BodyRules>,
    room: Arc<Room>,
    /// Shared with the body, which goes from hand to hand.
    request: Option<SharedTap>,
    answer: Option<Tap>,
}

/// How many bytes are gathered in this process.
#[derive(Debug, Default)]
pub(crate) struct Room(AtomicUsize);

/// A body that is gathered while somebody else passes it on. Its lock is never waited for: one task polls the body.
#[derive(Clone, Debug)]
pub(crate) struct SharedTap(Arc<Mutex<Tap>>);

/// A body that is gathered.
pub(crate) struct Tap {
    room: Arc<Room>,
    bytes: Vec<u8>,
    is_too_long: bool,
}

impl BodyRules {
    pub(crate) fn new(settings: &LogBodies) -> Self {
        let limit = usize::try_from(settings.limit.bytes()).unwrap_or(LONGEST).min(LONGEST);
        Self { request: settings.request, answer: settings.response, limit, paths: settings.mask.clone() }
    }
}

impl Tapped {
    /// Gathers the bodies of a request with these headers.
    pub(crate) fn begin(rules: &Arc<BodyRules>, room: &Arc<Room>, headers: &Headers) -> Self {
        let request =
            (rules.request && is_json(headers)).then(|| SharedTap(Arc::new(Mutex::new(Tap::new(room)))));
        Self { rules: Arc::clone(rules), room: Arc::clone(room), request, answer: None }
    }

    /// What gathers the request's body.
    pub(crate) fn request(&self) -> Option<SharedTap> {
        self.request.clone()
    }

    /// Gathers the body of an answer with these headers.
    pub(crate) fn answers(&mut self, headers: &Headers) {
        if self.rules.answer && is_json(headers) {
            self.answer = Some(Tap::new(&self.room));
        }
    }

    /// A piece of the answer passes.
    pub(crate) fn take_answer(&mut self, piece: &[u8]) {
        if let Some(tap) = &mut self.answer {
            tap.take(piece);
        }
    }

    /// What is kept of both: JSON, masked and cut.
    pub(super) fn masked(self) -> (Option<LoggedBody>, Option<LoggedBody>) {
        let request = self.request.map(|tap| tap.lock(Tap::gathered));
        let answer = self.answer.map(|mut tap| tap.gathered());
        let kept = |bytes: Option<Vec<u8>>| {
            let text = masked(&bytes?, &self.rules.paths)?;
            let kept = redaction::cut(&text, self.rules.limit);
            Some(LoggedBody { cut: kept.len() < text.len(), text: kept.to_owned() })
        };
        (kept(request.flatten()), kept(answer.flatten()))
    }
}

impl SharedTap {
    /// A piece of the body passes.
    pub(crate) fn take(&self, piece: &[u8]) {
        self.lock(|tap| tap.take(piece));
    }

    fn lock<R>(&self, with: impl FnOnce(&mut Tap) -> R) -> R {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Tap {
    fn new(room: &Arc<Room>) -> Self {
        Self { room: Arc::clone(room), bytes: Vec::new(), is_too_long: false }
    }

    fn take(&mut self, piece: &[u8]) {
        if self.is_too_long {
            return;
        }
        if self.bytes.len() + piece.len() <= LONGEST && self.room.reserve(piece.len()) {
            self.bytes.extend_from_slice(piece);
        } else {
            self.is_too_long = true;
            self.room.release(std::mem::take(&mut self.bytes).len());
        }
    }

    fn gathered(&mut self) -> Option<Vec<u8>> {
        let bytes = std::mem::take(&mut self.bytes);
        self.room.release(bytes.len());
        (!self.is_too_long && !bytes.is_empty()).then_some(bytes)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.room.release(self.bytes.len());
    }
}

impl Room {
    fn reserve(&self, bytes: usize) -> bool {
        let fits = self.0.fetch_add(bytes, Ordering::Relaxed) + bytes <= ROOM;
        if !fits {
            self.release(bytes);
        }
        fits
    }

    fn release(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Whether a body is JSON, by what its headers say, and can be read as it is.
fn is_json(headers: &Headers) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    (kind == "application/json" || kind.ends_with("+json")) && !headers.contains_key(header::CONTENT_ENCODING)
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(kind: &'static str) -> Headers {
        Headers::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))])
    }

    fn tapped(limit: usize, room: &Arc<Room>) -> Tapped {
        let paths = vec!["$.pan".parse().unwrap()];
        let rules = Arc::new(BodyRules { request: true, answer: true, limit, paths });
        Tapped::begin(&rules, room, &headers("application/json; charset=utf-8"))
    }

    #[test]
    fn a_body_that_came_in_pieces_is_kept_masked_and_cut_after_that() {
        let room = Arc::new(Room::default());
        let mut bodies = tapped(20, &room);
        for piece in [&b"{\"note\":\"abcdefghijk"[..], b"lmnop\",\"pan\":\"4111", b"1111\"}"] {
            bodies.request().unwrap().take(piece);
        }
        bodies.answers(&headers("application/problem+json"));
        bodies.take_answer(br#"{"pan": 4111}"#);
        let (request, answer) = bodies.masked();
        assert_eq!(request, Some(LoggedBody { text: "{\"note\":\"abcdefghijk".to_owned(), cut: true }));
        assert_eq!(answer, Some(LoggedBody { text: r#"{"pan":"***"}"#.to_owned(), cut: false }));
        assert_eq!(room.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_is_no_json_or_too_long_or_finds_no_room_is_not_kept_and_leaves_no_trace() {
        let room = Arc::new(Room::default());
        let bodies = tapped(LONGEST, &room);
        bodies.request().unwrap().take(b"{\"a\":");
        assert_eq!(bodies.masked(), (None, None));
        let bodies = tapped(LONGEST, &room);
        let tap = bodies.request().unwrap();
        tap.take(&vec![b'1'; LONGEST]);
        tap.take(b"1");
        tap.take(b"{}");
        assert_eq!((room.0.load(Ordering::Relaxed), bodies.masked()), (0, (None, None)));
        room.0.store(ROOM, Ordering::Relaxed);
        let bodies = tapped(LONGEST, &room);
        bodies.request().unwrap().take(b"{}");
        assert_eq!((bodies.masked(), room.0.load(Ordering::Relaxed)), ((None, None), ROOM));
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"] {
            assert!(!is_json(&headers(kind)), "{kind}");
        }
        drop(tap);
    }
}
