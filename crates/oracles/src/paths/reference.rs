//! Which route takes a request, by trying each: slow, and easy to believe.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use comporta_gateway::config::Route;
use http::{HeaderMap, Method};

use super::spelling::decoded;

/// What takes a request.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// A route, by its place in the list.
    Route(usize),
    /// Routes match but for the method: theirs.
    OtherMethods(BTreeSet<&'a str>),
    /// No route, or one whose path is written in other case.
    Nothing,
}

/// Routes as they are written.
pub(super) struct Rules<'a>(&'a [Route]);

/// A segment of a pattern.
#[derive(Eq, PartialEq)]
enum Piece<'a> {
    Word(String),
    Name(&'a str),
    Rest,
}

/// How a segment matched; the first is the closest.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum By {
    Word,
    WordInOtherCase,
    Name,
    Rest,
}

/// What must hold of a pattern that was taken.
pub(super) fn check_pattern(pattern: &str) {
    let pieces = pieces(pattern);
    assert!(pattern.starts_with('/') && pieces.len() <= 64, "{pattern:?}");
    assert!(pattern == "/" || !pattern.ends_with('/'), "{pattern:?}");
    let rest = pieces.iter().position(|piece| *piece == Piece::Rest);
    assert!(rest.is_none_or(|place| place + 1 == pieces.len()), "{pattern:?}");
    let names: Vec<&str> = pieces.iter().filter_map(Piece::name).collect();
    assert!(names.len() <= 8 && names.iter().collect::<BTreeSet<_>>().len() == names.len(), "{pattern:?}");
    for piece in &pieces {
        let sound = match piece {
            Piece::Word(word) => {
                !matches!(&**word, "" | "." | "..")
                    && !word.contains(|letter: char| letter.is_ascii_control() || "/\\;".contains(letter))
            }
            Piece::Name(name) => !name.is_empty() && *name != "rest",
            Piece::Rest => true,
        };
        assert!(sound, "{pattern:?}");
    }
}

impl<'a> Rules<'a> {
    pub(super) fn of(routes: &'a [Route]) -> Self {
        Self(routes)
    }

    /// Whether a route matches some request that one of these does, neither being the closer.
    pub(super) fn doubled_by(&self, new: &Route) -> bool {
        let (hosts, shape) = (hosts(new), shape(&new.matching.path));
        self.0.iter().any(|old| {
            let (one, other) = (&old.matching, &new.matching);
            let methods = match (one.methods.is_empty(), other.methods.is_empty()) {
                (false, false) => one.methods.iter().any(|method| other.methods.contains(method)),
                (one, other) => one == other,
            };
            methods
                && one.headers == other.headers
                && shape == self::shape(&one.path)
                && hosts.iter().any(|host| self::hosts(old).contains(host))
        })
    }

    /// What takes a request.
    pub(super) fn find(&self, host: &str, path: &str, method: &Method, headers: &HeaderMap) -> Found<'a> {
        let mut others = BTreeSet::new();
        for host in closest_first(&name_of(host)) {
            let mut matching: Vec<_> = self
                .0
                .iter()
                .enumerate()
                .filter(|(_, route)| hosts(route).contains(&host) && has_headers(route, headers))
                .filter_map(|(index, route)| Some((matched(&route.matching.path, path)?, route, index)))
                .collect();
            matching.sort_by_key(|(by, route, index)| {
                (by.clone(), rank(route, method), Reverse(route.matching.headers.len()), *index)
            });
            let other_case = |by: &[By]| by.contains(&By::WordInOtherCase);
            if let Some((by, _, index)) = matching.iter().find(|(_, route, _)| rank(route, method) < 3) {
                return if other_case(by) { Found::Nothing } else { Found::Route(*index) };
            }
            let exact = matching.iter().filter(|(by, _, _)| !other_case(by));
            others.extend(exact.flat_map(|(_, route, _)| &route.matching.methods).map(String::as_str));
        }
        if others.contains("GET") {
            others.insert("HEAD");
        }
        if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others) }
    }

    /// What a route's pattern keeps of a path that it matches, by name.
    pub(super) fn pieces<'p>(&self, index: usize, path: &'p str) -> Vec<(&'a str, &'p str)> {
        let mut kept = Vec::new();
        let mut left = &path[1..];
        for piece in pieces(&self.0[index].matching.path) {
            let (segment, after) = left.split_once('/').unwrap_or((left, ""));
            match piece {
                Piece::Word(_) => {}
                Piece::Name(name) => kept.push((name, segment)),
                Piece::Rest => kept.push(("rest", left)),
            }
            left = after;
        }
        kept
    }
}

impl<'a> Piece<'a> {
    fn name(&self) -> Option<&'a str> {
        match self {
            Self::Word(_) => None,
            Self::Name(name) => Some(name),
            Self::Rest => Some("rest"),
        }
    }
}

fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let inner = |segment: &'_ str| segment.len() >= 2 && segment.starts_with('{') && segment.ends_with('}');
    let piece = |segment| match segment {
        "**" => Piece::Rest,
        name if inner(name) => Piece::Name(&name[1..name.len() - 1]),
        word => Piece::Word(decoded(word)),
    };
    pattern.split('/').skip(1).filter(|_| pattern != "/").map(piece).collect()
}

/// A pattern whatever its names are.
fn shape(pattern: &str) -> Vec<Piece<'_>> {
    let nameless = |piece| if let Piece::Name(_) = piece { Piece::Name("") } else { piece };
    pieces(pattern).into_iter().map(nameless).collect()
}

/// How a pattern matches a path, segment by segment, if it does.
fn matched(pattern: &str, path: &str) -> Option<Vec<By>> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut segments = path.split('/').skip(1);
    let mut matched = Vec::new();
    for piece in pieces(pattern) {
        let by = match (piece, segments.next()) {
            (Piece::Rest, _) => {
                matched.push(By::Rest);
                return Some(matched);
            }
            (Piece::Name(_), Some(_)) => By::Name,
            (Piece::Word(word), Some(segment)) if word == decoded(segment) => By::Word,
            (Piece::Word(word), Some(segment)) if word.eq_ignore_ascii_case(&decoded(segment)) => {
                By::WordInOtherCase
            }
            _ => return None,
        };
        matched.push(by);
    }
    segments.next().is_none().then_some(matched)
}

fn has_headers(route: &Route, headers: &HeaderMap) -> bool {
    route.matching.headers.iter().all(|(name, value)| {
        headers.iter().any(|(sent, held)| sent.as_str() == name && held.as_bytes() == value.as_bytes())
    })
}

/// 0 to 2 from the closest on; 3 for a route that does not take the method.
fn rank(route: &Route, method: &Method) -> u8 {
    let lists = |name: &str| route.matching.methods.iter().any(|listed| listed == name);
    match method.as_str() {
        _ if route.matching.methods.is_empty() => 2,
        name if lists(name) => 0,
        "HEAD" if lists("GET") => 1,
        _ => 3,
    }
}

/// In lower case; one empty name for any host.
fn hosts(route: &Route) -> BTreeSet<String> {
    let named = route.matching.hosts.iter().map(|host| host.to_ascii_lowercase());
    let any = route.matching.hosts.is_empty().then(String::new);
    named.chain(any).collect()
}

/// What a route may name for a host to be it: the name, then ever shorter ends of it, then any.
fn closest_first(name: &str) -> Vec<String> {
    let dots = name.match_indices('.').map(|(dot, _)| format!("*{}", &name[dot..]));
    let exact = Some(name.to_owned()).filter(|name| !name.is_empty());
    exact.into_iter().chain(dots).chain([String::new()]).collect()
}

fn name_of(host: &str) -> String {
    let name = match host.split_once(']') {
        Some((address, _)) => format!("{address}]"),
        None => host.chars().take_while(|letter| *letter != ':').collect(),
    };
    let name = name.strip_suffix('.').unwrap_or(&name).to_ascii_lowercase();
    if name.len() > 253 { String::new() } else { name }
}
