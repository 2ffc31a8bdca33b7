//! From the sources to the settings: read each, lay one over the other, give the result its types.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::environment::Environment;
use super::fault::{Fault, Faults};
use super::read::{self, Reader};
use super::tree::{Entry, Map, Node, Origin, Value, shown};
use super::{DEFAULTS, Settings, checks, yaml};

/// The name under which faults of the built-in defaults are told.
const DEFAULTS_NAME: &str = "comporta.default.yaml";
/// The largest settings file, in bytes.
const MAX_FILE: u64 = 1024 * 1024;
/// When this many faults are told, the rest is not looked for.
const MAX_FAULTS: usize = 100;

/// Where settings come from, beside the built-in defaults.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The settings file, if one applies.
    pub file: Option<&'a Path>,
    /// Environment variables; over the file.
    pub environment: &'a Environment,
    /// Flags; over everything.
    pub flags: &'a [Flag],
}

/// A setting given on the command line.
#[derive(Clone)]
pub struct Flag {
    /// The flag's name, for faults: `--listen`.
    pub name: &'static str,
    /// The setting it stands for: `["database", "url"]`.
    pub path: &'static [&'static str],
    /// Its value as written.
    pub value: String,
}

/// One setting given outside a document.
pub(super) struct Assignment {
    path: Vec<String>,
    node: Node,
}

impl Assignment {
    pub(super) fn new(path: Vec<String>, value: &str, origin: Origin) -> Self {
        Self { path, node: Node::plain(value, origin) }
    }

    /// The same as a document that says nothing else.
    fn into_document(self) -> Node {
        self.path.into_iter().rev().fold(self.node, |node, key| {
            let origin = node.origin.clone();
            let entry = Entry { origin: origin.clone(), node };
            Node { origin, value: Value::Map(Map::from([(key, entry)])) }
        })
    }
}

/// The settings of a process.
///
/// # Errors
/// Every fault of every source.
pub fn load(sources: &Sources<'_>) -> Result<Settings, Faults> {
    let (defaults, mut faults) = defaults();
    let mut merged = defaults.clone();
    let documents = documents(sources, &mut faults);
    if documents.iter().rev().find_map(|document| document.text_at("default_routes")).as_deref()
        == Some("false")
    {
        for published in ["routes", "upstreams"] {
            merged.clear(published);
        }
    }
    for document in documents {
        merged.overlay(document, &mut Vec::new(), &mut faults);
    }
    let settings = read_all(merged.clone(), &defaults, sources.environment, &mut faults);
    if let Some(settings) = &settings {
        checks::check(settings, |path, message| {
            let (origin, path) = (merged.nearest(&path).origin.clone(), shown(&path));
            // What has a fault already was read as its default: a second fault would be about that.
            if !faults.iter().any(|fault| fault.path == path || fault.path.starts_with(&format!("{path}["))) {
                faults.push(Fault { origin, path, message });
            }
        });
    }
    match settings {
        Some(settings) if faults.is_empty() => {
            let file = sources.file.and_then(|file| std::path::absolute(file).ok());
            Ok(Settings { file, ..settings })
        }
        _ => Err(Faults::new(faults)),
    }
}

/// The built-in defaults as a tree.
pub(super) fn defaults() -> (Node, Vec<Fault>) {
    let (tree, faults) = yaml::parse(DEFAULTS_NAME, DEFAULTS);
    let nothing = || Node::plain("", Origin::File { file: DEFAULTS_NAME.into(), position: None });
    (tree.unwrap_or_else(nothing), faults)
}

/// What the sources say, the weakest first.
fn documents(sources: &Sources<'_>, faults: &mut Vec<Fault>) -> Vec<Node> {
    let mut documents = Vec::new();
    if let Some(path) = sources.file {
        let (document, found) = read_file(path);
        documents.extend(document);
        faults.extend(found);
    }
    let flags = sources.flags.iter().map(|flag| {
        let path = flag.path.iter().map(|&key| key.to_owned()).collect();
        Assignment::new(path, &flag.value, Origin::Flag(flag.name))
    });
    let assignments = sources.environment.assignments().into_iter().chain(flags);
    documents.extend(assignments.map(Assignment::into_document));
    documents
}

fn read_file(path: &Path) -> (Option<Node>, Vec<Fault>) {
    let name = path.display().to_string();
    match read_text(path) {
        Ok(text) => yaml::parse(&name, &text),
        Err(error) => {
            let origin = Origin::File { file: name.into(), position: None };
            (None, vec![Fault { origin, path: String::new(), message: format!("cannot be read: {error}") }])
        }
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 MiB"));
    }
    Ok(text)
}

/// Gives the tree its types. At a fault the default takes the place of what is wrong and the reading starts
/// again, so that every fault is found. `None` when there are too many, or the defaults themselves are wrong.
fn read_all(
    mut tree: Node,
    defaults: &Node,
    environment: &Environment,
    faults: &mut Vec<Fault>,
) -> Option<Settings> {
    for _ in 0..MAX_FAULTS {
        let read::Error { path, origin, message } = match read::settings(Reader::new(&tree, environment)) {
            Ok(settings) => return Some(settings),
            Err(error) => error,
        };
        let origin = origin.unwrap_or_else(|| tree.nearest(&path).origin.clone());
        let fault = Fault { origin, path: shown(&path), message };
        // A field that was wrong and has no default was taken away: that it is missing now is no news.
        let inside = format!("{}.", fault.path);
        let known = fault.message.starts_with("missing field")
            && faults.iter().any(|known| known.path.starts_with(&inside));
        if !known {
            faults.push(fault);
        }
        if !tree.replace(&path, defaults.at(&path).cloned()) {
            return None;
        }
    }
    None
}
