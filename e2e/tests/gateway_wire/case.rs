//! A case: what a caller writes, and what the upstream may see of it.

use crate::message::Message;

/// Bytes of a caller, and what is to become of them. `/~` stands for the path of the lane that a case runs on, and a
/// character up to U+00FF for the byte of that number.
#[derive(Clone, Debug)]
pub struct Case {
    pub text: String,
    pub outcome: Outcome,
}

/// What is to become of a caller's bytes.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Answered 4xx, or closed at once; nothing of it reaches the upstream, nor anything said after it.
    Refused,
    /// Its head may have gone on, its end never does, nor anything said after it.
    CutOff,
    /// More follows than was announced: one request of the announced length may have gone on, the rest never does.
    Overrun,
    /// Answered with this status; nothing reaches the upstream.
    Denied(u16),
    /// The upstream sees one request.
    Once(Seen),
}

/// What the upstream sees.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: &'static str,
    pub target: String,
    pub body: Vec<u8>,
    pub trailers: Vec<(String, String)>,
    /// Headers and their only values.
    pub with: Vec<(String, String)>,
    pub without: Vec<String>,
    /// Whether the connection must end after the answer.
    pub last: bool,
}

impl Case {
    pub fn refused(text: impl Into<String>) -> Self {
        Self { text: text.into(), outcome: Outcome::Refused }
    }

    pub fn cut_off(text: impl Into<String>) -> Self {
        Self { text: text.into(), outcome: Outcome::CutOff }
    }

    pub fn overrun(text: impl Into<String>) -> Self {
        Self { text: text.into(), outcome: Outcome::Overrun }
    }

    pub fn denied(text: impl Into<String>, status: u16) -> Self {
        Self { text: text.into(), outcome: Outcome::Denied(status) }
    }

    /// A request that goes on; the further methods say how.
    pub fn once(text: impl Into<String>, method: &'static str, target: &str) -> Self {
        let seen = Seen {
            method,
            target: target.to_owned(),
            body: Vec::new(),
            trailers: Vec::new(),
            with: Vec::new(),
            without: Vec::new(),
            last: false,
        };
        Self { text: text.into(), outcome: Outcome::Once(seen) }
    }

    pub fn body(self, body: &[u8]) -> Self {
        self.seen(|seen| seen.body = body.to_vec())
    }

    pub fn trailer(self, name: &str, value: &str) -> Self {
        self.seen(|seen| seen.trailers.push((name.to_owned(), value.to_owned())))
    }

    pub fn with(self, name: &str, value: &str) -> Self {
        self.seen(|seen| seen.with.push((name.to_owned(), value.to_owned())))
    }

    pub fn without(self, name: &str) -> Self {
        self.seen(|seen| seen.without.push(name.to_owned()))
    }

    pub fn last(self) -> Self {
        self.seen(|seen| seen.last = true)
    }

    fn seen(mut self, change: impl FnOnce(&mut Seen)) -> Self {
        if let Outcome::Once(seen) = &mut self.outcome {
            change(seen);
        }
        self
    }

    /// The bytes on a lane.
    pub fn bytes(&self, lane: &str) -> Vec<u8> {
        let text = self.text.replace("/~", lane);
        text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
    }
}

impl Seen {
    /// What differs from what was seen, if anything.
    pub fn differs(&self, request: &Message, lane: &str) -> Option<String> {
        let start = format!("{} {} HTTP/1.1", self.method, self.target.replace("/~", lane));
        let with = self.with.iter().find(|(name, value)| request.values(name) != [value.as_str()]);
        let without = self.without.iter().find(|name| !request.values(name).is_empty());
        if request.start != start {
            return Some(format!("{:?} in place of {start:?}", request.start));
        }
        if request.body != self.body || request.trailers != self.trailers {
            return Some(format!(
                "body {:?}, trailers {:?}",
                request.body.escape_ascii().to_string(),
                request.trailers
            ));
        }
        if let Some((name, value)) = with {
            return Some(format!("{name}: {:?} in place of {value:?}", request.values(name)));
        }
        without.map(|name| format!("{name}: {:?}", request.values(name)))
    }
}

/// A GET with more header lines, each with its end.
pub fn get(lines: &str) -> String {
    format!("GET /~/x HTTP/1.1\r\nhost: a.test\r\n{lines}\r\n")
}

/// A POST with more header lines, each with its end, and what follows the head.
pub fn post(lines: &str, rest: &str) -> String {
    format!("POST /~/x HTTP/1.1\r\nhost: a.test\r\n{lines}\r\n{rest}")
}
