//! `cargo xtask tidy`: the house's invariants, each rule a function over the files of the repository.

mod layers;
mod manifests;
mod migrations;
mod reviewed;
mod rooms;
mod shape;
mod source;
mod sql;
mod words;

use std::fmt;
use std::fs;
use std::io;

use comporta_neighbours::workspace;

use crate::failure::{Failure, Outcome};
use crate::process::{command, read};

const RULES: [fn(&Tree) -> Vec<Fault>; 12] = [
    layers::crates_depend_downwards,
    sql::sql_stays_in_stores,
    rooms::http_stays_at_the_api,
    rooms::models_are_pure,
    shape::files_are_short,
    shape::files_open_with_a_sentence,
    shape::names_say_something,
    migrations::engines_move_together,
    migrations::migrations_say_why,
    words::nothing_is_left_over,
    manifests::lints_hold_everywhere,
    reviewed::unsafe_code_has_one_place,
];

/// Checks every rule and prints each fault.
pub(crate) fn run() -> Outcome {
    let tree = Tree::of_repository()?;
    let mut faults: Vec<Fault> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    faults.sort();
    for fault in &faults {
        println!("{fault}");
    }
    println!("{} files, {} rules, {} faults", tree.files.len(), RULES.len(), faults.len());
    if faults.is_empty() { Ok(()) } else { Err(Failure::Found("the house is not tidy".to_owned())) }
}

/// What a rule found, and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    path: String,
    line: usize,
    what: String,
}

impl Fault {
    fn new(file: &File, line: usize, what: impl Into<String>) -> Self {
        Self { path: file.path.clone(), line, what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// A text file, its path relative to the root and with `/`.
#[derive(Debug)]
struct File {
    path: String,
    text: String,
}

impl File {
    /// For a file of a crate's sources, the crate's folder and the path under `src`.
    fn in_crate(&self) -> Option<(&str, &str)> {
        self.path.strip_prefix("crates/")?.split_once("/src/")
    }

    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether all of the file is tests.
    fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }

    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// How reading fails where there is no text to be read.
const NO_TEXT: [io::ErrorKind; 3] =
    [io::ErrorKind::NotFound, io::ErrorKind::InvalidData, io::ErrorKind::IsADirectory];

/// The text files that are in the repository or about to be.
#[derive(Debug)]
struct Tree {
    files: Vec<File>,
}

impl Tree {
    fn of_repository() -> Outcome<Self> {
        let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let listed = read(&mut command("git", &arguments))?;
        let mut files = Vec::new();
        for path in String::from_utf8_lossy(&listed).split_terminator('\0') {
            match fs::read_to_string(workspace().join(path)) {
                Ok(text) => files.push(File { path: path.to_owned(), text }),
                // Deleted but not yet so recorded, not text, or a link to a folder whose files are listed where they are.
                Err(error) if NO_TEXT.contains(&error.kind()) => {}
                Err(error) => return Err(Failure::Io(path.to_owned(), error)),
            }
        }
        Ok(Self { files })
    }

    #[cfg(test)]
    fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Self { files: files.iter().map(file).collect() }
    }

    fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }
}

/// What a rule says of some files, as printed: for the rules' own tests.
#[cfg(test)]
fn said(rule: fn(&Tree) -> Vec<Fault>, files: &[(&str, &str)]) -> Vec<String> {
    rule(&Tree::of(files)).iter().map(Fault::to_string).collect()
}
