//! What the request log keeps of a route's requests beside what it keeps of all.

use std::fmt;
use std::str::FromStr;

use comporta_kernel::{ByteSize, ValueError, written_as_text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is kept of a route's requests beside what is kept of all.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RouteLog {
    /// Bodies; none unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bodies: Option<LogBodies>,
}

/// Which bodies are kept of requests that are logged: those of JSON, masked and cut.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LogBodies {
    /// Those of requests.
    #[serde(default)]
    pub request: bool,
    /// Those of answers.
    #[serde(default)]
    pub response: bool,
    /// Where a body is cut, at most 64KiB; a body of more than 64KiB is not kept at all.
    #[serde(default = "four_kib")]
    pub limit: ByteSize,
    /// What is replaced by `***`: `$.card.number`, `$.items[*].token`, `$..cvv`. A name is found in any spelling of upper
    /// and lower case, and in each item of a list that stands in its way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mask: Vec<MaskPath>,
}

const fn four_kib() -> ByteSize {
    ByteSize::from_bytes(4096)
}

/// A place in a JSON document, or many: a small part of JSONPath (RFC 9535).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MaskPath {
    text: String,
    steps: Box<[Step]>,
}

/// A step from a value to what is in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// `.name` or `['name']`
    Name(String),
    /// `.*` or `[*]`
    Any,
    /// `[0]`
    Index(usize),
    /// `..name`: at any depth
    Deep(String),
}

written_as_text!(MaskPath, r"^\$(\.\.?[^.\[\]]+|\[('[^']*'|\*|[0-9]+)\])+$");

impl MaskPath {
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

const WRONG: ValueError = ValueError("a place such as $.card.number, $.items[*].token or $..cvv");

impl FromStr for MaskPath {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let mut rest = text.strip_prefix('$').ok_or(WRONG)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, left) = step(rest).ok_or(WRONG)?;
            steps.push(step);
            rest = left;
        }
        // The whole body is masked by not keeping it.
        if steps.is_empty() { Err(WRONG) } else { Ok(Self { text: text.to_owned(), steps: steps.into() }) }
    }
}

/// The first step, and what follows it.
fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(bracketed) = text.strip_prefix('[') {
        if let Some(quoted) = bracketed.strip_prefix('\'') {
            let (name, rest) = quoted.split_once("']")?;
            return (!name.contains('\'')).then(|| (Step::Name(name.to_owned()), rest));
        }
        let (inner, rest) = bracketed.split_once(']')?;
        let is_number = !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_digit());
        return match inner {
            "*" => Some((Step::Any, rest)),
            number if is_number => Some((Step::Index(number.parse().ok()?), rest)),
            _ => None,
        };
    }
    let dotted = text.strip_prefix('.')?;
    let (deep, dotted) = dotted.strip_prefix('.').map_or((false, dotted), |deeper| (true, deeper));
    let end = dotted.find(['.', '[', ']']).unwrap_or(dotted.len());
    let (name, rest) = dotted.split_at(end);
    match (name, deep) {
        ("", _) | ("*", true) => None,
        ("*", false) => Some((Step::Any, rest)),
        (name, true) => Some((Step::Deep(name.to_owned()), rest)),
        (name, false) => Some((Step::Name(name.to_owned()), rest)),
    }
}

impl fmt::Display for MaskPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Option<Vec<Step>> {
        text.parse::<MaskPath>().ok().map(|path| path.steps().to_vec())
    }

    #[test]
    fn a_path_reads_as_its_steps() {
        let name = |name: &str| Step::Name(name.to_owned());
        assert_eq!(steps("$.card.number"), Some(vec![name("card"), name("number")]));
        assert_eq!(steps("$['a.b'][0].*"), Some(vec![name("a.b"), Step::Index(0), Step::Any]));
        assert_eq!(steps("$..cvv[*].x"), Some(vec![Step::Deep("cvv".to_owned()), Step::Any, name("x")]));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for wrong in
            ["", "$", "card", "$card", "$.", "$..", "$..*", "$.a.", "$[", "$[]", "$[-1]", "$['a]", "$.a]"]
        {
            assert_eq!(steps(wrong), None, "{wrong}");
        }
    }
}
