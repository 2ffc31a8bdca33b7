//! Routes in a tree of segments: a search visits each node once at most, however many routes there are.

use std::cmp::{Ordering, Reverse};

use http::{HeaderName, HeaderValue, Method};

use super::super::path_pattern::{Captures, PathPattern, Segment, decoded};
use crate::headers::Headers;

/// A place in the tree: the patterns that begin alike up to here.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// What goes on with a word, in the order of [`by_folded`].
    literals: Vec<(Box<str>, Node)>,
    /// What goes on with `{name}`.
    captured: Option<Box<Node>>,
    /// Routes whose pattern ends here.
    here: Vec<Entry>,
    /// Routes whose pattern ends here with `**`.
    below: Vec<Entry>,
}

/// What a route asks beside host and path.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The route, by its place in the list.
    pub(super) route: usize,
    /// Methods, or none for all.
    pub(super) methods: Vec<Method>,
    /// Headers that must be there, in the order of their names.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Entry {
    /// Whether some request is matched by both, neither being the more specific.
    fn doubles(&self, other: &Self) -> bool {
        let methods = if self.methods.is_empty() || other.methods.is_empty() {
            self.methods.len() == other.methods.len()
        } else {
            self.methods.iter().any(|method| other.methods.contains(method))
        };
        methods && self.headers == other.headers
    }

    fn wants(&self, headers: &Headers) -> bool {
        self.headers.iter().all(|(name, value)| headers.get_all(name).any(|sent| sent == value))
    }

    /// How closely it names a method: the least is the closest.
    fn method_rank(&self, method: &Method) -> Option<u8> {
        if self.methods.is_empty() {
            Some(2)
        } else if self.methods.contains(method) {
            Some(0)
        } else {
            (method == Method::HEAD && self.methods.contains(&Method::GET)).then_some(1)
        }
    }
}

impl Node {
    /// Adds a route, or says which one it doubles.
    pub(super) fn insert(&mut self, pattern: &PathPattern, entry: Entry) -> Result<(), usize> {
        let mut node = self;
        for segment in pattern.segments() {
            node = match segment {
                Segment::Literal(literal) => node.literal(literal),
                Segment::Capture(_) => node.captured.get_or_insert_default().as_mut(),
                Segment::Rest => return add(&mut node.below, entry),
            };
        }
        add(&mut node.here, entry)
    }

    fn literal(&mut self, literal: &str) -> &mut Self {
        let place = self.literals.binary_search_by(|(known, _)| {
            by_folded(known, literal).then_with(|| known.as_ref().cmp(literal))
        });
        let place = place.unwrap_or_else(|place| {
            self.literals.insert(place, (literal.into(), Self::default()));
            place
        });
        &mut self.literals[place].1
    }

    /// Where a word leads: first the node of the same word, then those of the word in other case.
    fn alike(&self, word: &str) -> impl Iterator<Item = (&Self, bool)> {
        let from = self.literals.partition_point(|(known, _)| by_folded(known, word).is_lt());
        let alike = self.literals[from..].iter().take_while(|(known, _)| known.eq_ignore_ascii_case(word));
        let same = alike.clone().filter(|(known, _)| **known == *word).map(|(_, node)| (node, true));
        same.chain(alike.filter(|(known, _)| **known != *word).map(|(_, node)| (node, false)))
    }
}

/// An order of words in which those that differ only in case stand together; length first, as it is compared fastest.
fn by_folded(one: &str, other: &str) -> Ordering {
    fn folded(word: &str) -> impl Iterator<Item = u8> {
        word.bytes().map(|byte| byte.to_ascii_lowercase())
    }
    one.len().cmp(&other.len()).then_with(|| folded(one).cmp(folded(other)))
}

fn add(entries: &mut Vec<Entry>, entry: Entry) -> Result<(), usize> {
    let twin = entries.iter().find(|known| known.route != entry.route && known.doubles(&entry));
    if let Some(twin) = twin {
        return Err(twin.route);
    }
    entries.push(entry);
    // Stable: among equals the order in which they are written stays.
    entries.sort_by_key(|entry| Reverse(entry.headers.len()));
    Ok(())
}

/// What a search came upon.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// This route takes the request.
    Taken(usize),
    /// A route would take it if its path were written in the route's case.
    OtherCase,
}

/// A request on its way through the trees.
pub(super) struct Search<'r, 't> {
    path: &'r str,
    method: &'r Method,
    headers: &'r Headers,
    /// Where the path ends, a slash at its end left out.
    end: usize,
    captures: Captures,
    refused: Vec<&'t Entry>,
}

impl<'r, 't> Search<'r, 't> {
    pub(super) fn new(path: &'r str, method: &'r Method, headers: &'r Headers) -> Self {
        let end = path.strip_suffix('/').unwrap_or(path).len();
        Self { path, method, headers, end, captures: Captures::default(), refused: Vec::new() }
    }

    /// What the pattern of the route that was found kept.
    pub(super) fn captures(&self) -> Captures {
        self.captures
    }

    /// Routes passed by that match but for the method.
    pub(super) fn refused(&self) -> &[&'t Entry] {
        &self.refused
    }

    /// Looks through a tree, the more specific first.
    pub(super) fn walk(&mut self, root: &'t Node) -> Option<Outcome> {
        self.step(root, 1, true)
    }

    /// Goes on from a node with the segment that begins at a place; as deep as the longest pattern.
    fn step(&mut self, node: &'t Node, at: usize, exact: bool) -> Option<Outcome> {
        let found = if at > self.end { self.take(&node.here, exact) } else { self.descend(node, at, exact) };
        if found.is_some() || node.below.is_empty() {
            return found;
        }
        self.captures.push(at.min(self.path.len()), self.path.len());
        let found = self.take(&node.below, exact);
        if found.is_none() {
            self.captures.pop();
        }
        found
    }

    fn descend(&mut self, node: &'t Node, at: usize, exact: bool) -> Option<Outcome> {
        let left = self.path.get(at..self.end).unwrap_or_default();
        // Most segments are short: a walk over their bytes is done before a search has begun.
        let slash = left.bytes().position(|byte| byte == b'/');
        let segment = &left[..slash.unwrap_or(left.len())];
        let next = at + segment.len() + 1;
        let word = decoded(segment);
        for (node, same) in node.alike(&word) {
            let found = self.step(node, next, exact && same);
            if found.is_some() {
                return found;
            }
        }
        let node = node.captured.as_deref().filter(|_| !segment.is_empty())?;
        self.captures.push(at, next - 1);
        let found = self.step(node, next, exact);
        if found.is_none() {
            self.captures.pop();
        }
        found
    }

    fn take(&mut self, entries: &'t [Entry], exact: bool) -> Option<Outcome> {
        let mut closest: Option<(u8, usize)> = None;
        for entry in entries.iter().filter(|entry| entry.wants(self.headers)) {
            match entry.method_rank(self.method) {
                Some(rank) if closest.is_none_or(|(least, _)| rank < least) => {
                    closest = Some((rank, entry.route));
                }
                None if exact => self.refused.push(entry),
                _ => {}
            }
        }
        closest.map(|(_, route)| if exact { Outcome::Taken(route) } else { Outcome::OtherCase })
    }
}
