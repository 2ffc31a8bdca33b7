//! A settings document as a tree in which every value knows where it was written.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::fault::Fault;

/// Where a value was written. Ordered as faults are told: files first, by position.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Origin {
    /// In a file.
    File {
        /// The file's path as it was given.
        file: Arc<str>,
        /// Where in it; `None` for the file as a whole.
        position: Option<Position>,
    },
    /// In an environment variable of this name.
    Variable(String),
    /// In this flag of the command line.
    Flag(&'static str),
}

/// A place in a text, both counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, position: None } => f.write_str(file),
            Self::File { file, position: Some(at) } => write!(f, "{file}:{}:{}", at.line, at.column),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A step from a node to one inside it.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// A path as operators read it: `routes[2].match.path`.
pub(super) fn shown(path: &[Step]) -> String {
    path.iter().fold(String::new(), |text, step| match step {
        Step::Index(index) => format!("{text}[{index}]"),
        Step::Key(key) if text.is_empty() => key.clone(),
        Step::Key(key) => format!("{text}.{key}"),
    })
}

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) value: Value,
}

/// What a node holds. A scalar stays text until the type it is read into says what it is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Scalar { text: String, quoted: bool },
    List(Vec<Node>),
    Map(Map),
}

pub(super) type Map = BTreeMap<String, Entry>;

/// A value in a map, and where its key was written.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) origin: Origin,
    pub(super) node: Node,
}

impl Node {
    /// A scalar as written without quotes.
    pub(super) fn plain(text: impl Into<String>, origin: Origin) -> Self {
        Self { origin, value: Value::Scalar { text: text.into(), quoted: false } }
    }

    /// Whether it says nothing: `null`, `~` or no text at all.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, quoted: false } if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// How many nodes and how many levels it has, itself included.
    pub(super) fn measure(&self) -> (usize, usize) {
        let add = |(nodes, depth): (usize, usize), node: &Self| {
            let (more, deeper) = node.measure();
            (nodes + more, depth.max(deeper))
        };
        let (nodes, depth) = match &self.value {
            Value::Scalar { .. } => (0, 0),
            Value::List(items) => items.iter().fold((0, 0), add),
            Value::Map(entries) => entries.values().map(|entry| &entry.node).fold((0, 0), add),
        };
        (nodes + 1, depth + 1)
    }

    /// The node at a path.
    pub(super) fn at(&self, path: &[Step]) -> Option<&Self> {
        path.iter().try_fold(self, |node, step| match (&node.value, step) {
            (Value::Map(entries), Step::Key(key)) => entries.get(key).map(|entry| &entry.node),
            (Value::List(items), Step::Index(index)) => items.get(*index),
            _ => None,
        })
    }

    /// The text of a scalar inside this one.
    pub(super) fn text_at(&self, key: &str) -> Option<String> {
        match &self.at(&[Step::Key(key.to_owned())])?.value {
            Value::Scalar { text, .. } => Some(text.clone()),
            _ => None,
        }
    }

    /// The deepest node on the way to a path.
    pub(super) fn nearest(&self, path: &[Step]) -> &Self {
        (0..=path.len()).rev().find_map(|steps| self.at(&path[..steps])).unwrap_or(self)
    }

    /// Puts another node at a path, or with `None` takes the node there away. Whether it was there.
    pub(super) fn replace(&mut self, path: &[Step], other: Option<Self>) -> bool {
        let Some((last, parents)) = path.split_last() else { return false };
        let parent = parents.iter().try_fold(self, |node, step| match (&mut node.value, step) {
            (Value::Map(entries), Step::Key(key)) => entries.get_mut(key).map(|entry| &mut entry.node),
            (Value::List(items), Step::Index(index)) => items.get_mut(*index),
            _ => None,
        });
        match (parent.map(|node| &mut node.value), last, other) {
            (Some(Value::Map(entries)), Step::Key(key), None) => entries.remove(key).is_some(),
            (Some(Value::Map(entries)), Step::Key(key), Some(other)) => {
                entries.get_mut(key).map(|entry| entry.node = other).is_some()
            }
            (Some(Value::List(items)), Step::Index(index), other) if *index < items.len() => {
                items.splice(index..=index, other);
                true
            }
            _ => false,
        }
    }

    /// Takes away all that a list or a map of this document holds.
    pub(super) fn clear(&mut self, key: &str) {
        if let Value::Map(entries) = &mut self.value
            && let Some(entry) = entries.get_mut(key)
        {
            match &mut entry.node.value {
                Value::List(items) => items.clear(),
                Value::Map(entries) => entries.clear(),
                Value::Scalar { .. } => {}
            }
        }
    }

    /// Lays another document over this one: maps key by key, everything else whole. What does not fit over a
    /// map is a fault and changes nothing.
    pub(super) fn overlay(&mut self, over: Self, path: &mut Vec<Step>, faults: &mut Vec<Fault>) {
        // A section whose lines are all commented out reads as null and says nothing.
        let says_nothing = over.is_null();
        match (&mut self.value, over) {
            (Value::Map(_), _) if says_nothing => {}
            (Value::Map(under), Self { value: Value::Map(over), .. }) if is_upstreams(path) => {
                under.extend(over);
            }
            (Value::Map(under), Self { value: Value::Map(over), .. }) => lay_over(under, over, path, faults),
            (Value::Map(_), over) => {
                let message = "expected settings by name, found a single value or a list".to_owned();
                faults.push(Fault { origin: over.origin, path: shown(path), message });
            }
            (Value::List(under), Self { value: Value::List(over), .. }) if is_routes(path) => {
                add_routes(under, over);
            }
            (Value::List(_), over) => *self = over.split_at_commas(),
            (Value::Scalar { .. }, over) => *self = over,
        }
    }

    /// In a variable or a flag, a list is written with commas.
    fn split_at_commas(self) -> Self {
        match (&self.origin, &self.value) {
            (Origin::Variable(_) | Origin::Flag(_), Value::Scalar { text, .. }) => {
                let items = text.split(',').map(|item| Self::plain(item.trim(), self.origin.clone()));
                Self { origin: self.origin.clone(), value: Value::List(items.collect()) }
            }
            _ => self,
        }
    }
}

/// An upstream is replaced whole: half of one and half of another would be a third that nobody wrote.
fn is_upstreams(path: &[Step]) -> bool {
    matches!(path, [Step::Key(key)] if key == "upstreams")
}

fn is_routes(path: &[Step]) -> bool {
    matches!(path, [Step::Key(key)] if key == "routes")
}

/// Adds routes before those there are, so that each keeps its place in its document; one of the same name replaces.
fn add_routes(under: &mut Vec<Node>, mut over: Vec<Node>) {
    let names: Vec<String> = over.iter().filter_map(|route| route.text_at("name")).collect();
    under.retain(|route| route.text_at("name").is_none_or(|name| !names.contains(&name)));
    over.append(under);
    *under = over;
}

fn lay_over(under: &mut Map, over: Map, path: &mut Vec<Step>, faults: &mut Vec<Fault>) {
    for (key, entry) in over {
        match under.get_mut(&key) {
            None => {
                under.insert(key, entry);
            }
            Some(below) => {
                path.push(Step::Key(key));
                below.node.overlay(entry.node, path, faults);
                path.pop();
            }
        }
    }
}
