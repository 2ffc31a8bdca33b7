//! YAML text to a tree with positions, within bounds.

use std::collections::BTreeMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::fault::Fault;
use super::tree::{Entry, Map, Node, Origin, Position, Step, Value, shown};

/// More levels than any document of settings has; bounds recursion over the tree.
const MAX_DEPTH: usize = 32;
/// More values than any document of settings has, aliases written out; bounds memory.
const MAX_NODES: usize = 200_000;

/// Reads a document. A fault of syntax ends the reading and leaves no tree; other faults are all told.
pub(super) fn parse(file: &str, text: &str) -> (Option<Node>, Vec<Fault>) {
    let mut composer = Composer::new(file, end_of(text));
    match composer.compose(text) {
        Ok(()) => (composer.root, composer.faults),
        Err(fault) => {
            composer.faults.push(fault);
            (None, composer.faults)
        }
    }
}

/// Builds the tree from the parser's events.
struct Composer {
    file: Arc<str>,
    /// Where the text ends; the parser counts a line more.
    end: Position,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
    faults: Vec<Fault>,
}

/// A list or map whose end has not come.
struct Open {
    origin: Origin,
    anchor: usize,
    value: Partial,
}

enum Partial {
    List(Vec<Node>),
    Map { entries: Map, key: Option<(String, Origin)> },
}

impl Composer {
    fn new(file: &str, end: Position) -> Self {
        let (file, open, anchors, faults) = (Arc::from(file), Vec::new(), BTreeMap::new(), Vec::new());
        Self { file, end, open, anchors, nodes: 0, root: None, faults }
    }

    fn compose(&mut self, text: &str) -> Result<(), Fault> {
        for event in Parser::new_from_str(text) {
            let (event, span) =
                event.map_err(|error| syntax_fault(self.origin(error.marker()), error.info()))?;
            self.take(event, self.origin(&span.start))?;
        }
        Ok(())
    }

    fn take(&mut self, event: Event<'_>, origin: Origin) -> Result<(), Fault> {
        match event {
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                Err(self.fault(origin, "tags (!…) have no meaning here".to_owned()))
            }
            Event::Scalar(text, style, anchor, None) => {
                let value = Value::Scalar { text: text.into_owned(), quoted: style != ScalarStyle::Plain };
                self.charge(&origin, (1, 1))?;
                self.accept(Node { origin, value }, anchor)
            }
            Event::SequenceStart(anchor, None) => self.begin(origin, anchor, Partial::List(Vec::new())),
            Event::MappingStart(anchor, None) => {
                self.begin(origin, anchor, Partial::Map { entries: Map::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => {
                    self.charge(&origin, node.measure())?;
                    self.accept(node, 0)
                }
                None => Err(self.fault(origin, "an alias inside of what it stands for".to_owned())),
            },
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(self.fault(origin, "one document is expected, here begins a second".to_owned()))
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn begin(&mut self, origin: Origin, anchor: usize, value: Partial) -> Result<(), Fault> {
        self.charge(&origin, (1, 1))?;
        self.open.push(Open { origin, anchor, value });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let Some(Open { origin, anchor, value }) = self.open.pop() else { return Ok(()) };
        let value = match value {
            Partial::List(items) => Value::List(items),
            Partial::Map { entries, .. } => Value::Map(entries),
        };
        self.accept(Node { origin, value }, anchor)
    }

    /// Puts a finished node where it belongs: the root, an item, a key or a key's value.
    fn accept(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        if anchor != 0 {
            let (nodes, _) = node.measure();
            self.charge(&node.origin, (nodes, 0))?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.value) {
            None => self.root = Some(node),
            Some(Partial::List(items)) => items.push(node),
            Some(Partial::Map { entries, key: key @ Some(_) }) => {
                if let Some((key, origin)) = key.take() {
                    // Of two equal keys the first stays; the second was told when it came.
                    entries.entry(key).or_insert(Entry { origin, node });
                }
            }
            Some(Partial::Map { entries, key }) => match node.value {
                Value::Scalar { text, .. } => {
                    let first = entries.get(&text).map(|entry| entry.origin.clone());
                    *key = Some((text, node.origin.clone()));
                    let told = first
                        .map(|first| self.fault(node.origin, format!("duplicate key, first at {first}")));
                    self.faults.extend(told);
                }
                _ => return Err(self.fault(node.origin, "a key must be plain text".to_owned())),
            },
        }
        Ok(())
    }

    /// Counts the nodes and levels that are about to be added here.
    fn charge(&mut self, origin: &Origin, (nodes, depth): (usize, usize)) -> Result<(), Fault> {
        self.nodes += nodes;
        if self.nodes <= MAX_NODES && self.open.len() + depth <= MAX_DEPTH {
            return Ok(());
        }
        let message = format!("too much for settings: more than {MAX_DEPTH} levels or {MAX_NODES} values");
        Err(self.fault(origin.clone(), message))
    }

    fn origin(&self, marker: &Marker) -> Origin {
        let position = Position { line: marker.line(), column: marker.col() + 1 };
        Origin::File { file: self.file.clone(), position: Some(position.min(self.end)) }
    }

    fn fault(&self, origin: Origin, message: String) -> Fault {
        Fault { origin, path: shown(&self.path()), message }
    }

    /// Where the next node goes.
    fn path(&self) -> Vec<Step> {
        let step = |open: &Open| match &open.value {
            Partial::List(items) => Some(Step::Index(items.len())),
            Partial::Map { key, .. } => key.as_ref().map(|(key, _)| Step::Key(key.clone())),
        };
        self.open.iter().filter_map(step).collect()
    }
}

/// The place behind a text's last character.
fn end_of(text: &str) -> Position {
    let breaks = text.replace("\r\n", "\n").replace('\r', "\n");
    let last = breaks.rsplit('\n').next().unwrap_or_default();
    Position { line: breaks.matches('\n').count() + 1, column: last.chars().count() + 1 }
}

fn syntax_fault(origin: Origin, message: &str) -> Fault {
    Fault { origin, path: String::new(), message: format!("not YAML: {message}") }
}
