//! `cargo xtask generate`: the documents that the program itself prints, kept at the root.

use std::fs;
use std::io;

use comporta_neighbours::workspace;

use crate::binary;
use crate::failure::{Failure, Outcome};
use crate::process::{command, read};

/// Each document and the arguments that print it.
const DOCUMENTS: [(&str, &[&str]); 2] =
    [("openapi.json", &["openapi"]), ("config.schema.json", &["config", "schema"])];

/// Builds the program and writes what it prints; with `--check`, compares.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => binary::build().and_then(|()| write()),
        ["--check"] => binary::build().and_then(|()| check()),
        _ => Err(Failure::Usage("usage: cargo xtask generate [--check]".to_owned())),
    }
}

/// Says where the documents differ from what the program, built already, prints.
pub(crate) fn check() -> Outcome {
    let mut stale = Vec::new();
    for (name, arguments) in DOCUMENTS {
        let wanted = String::from_utf8_lossy(&print(arguments)?).into_owned();
        let found = match fs::read_to_string(workspace().join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.map_err(|error| Failure::Io(name.to_owned(), error))?,
        };
        if let Some(difference) = first_difference(&found, &wanted) {
            println!("{name}:{difference}");
            stale.push(name);
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(Failure::Found(format!("{} out of date: run `cargo xtask generate`", stale.join(", "))))
}

fn write() -> Outcome {
    for (name, arguments) in DOCUMENTS {
        let text = print(arguments)?;
        fs::write(workspace().join(name), &text).map_err(|error| Failure::Io(name.to_owned(), error))?;
        println!("{name}: {} bytes", text.len());
    }
    Ok(())
}

fn print(arguments: &[&str]) -> Outcome<Vec<u8>> {
    read(&mut command(binary::path(), arguments))
}

/// The first line in which two texts differ, with its number.
fn first_difference(found: &str, wanted: &str) -> Option<String> {
    if found == wanted {
        return None;
    }
    let (found, wanted): (Vec<&str>, Vec<&str>) = (found.split('\n').collect(), wanted.split('\n').collect());
    let line = (0..).find(|&line| found.get(line) != wanted.get(line))?;
    let quote = |text: Option<&&str>| text.map_or("the end".to_owned(), |text| format!("`{}`", text.trim()));
    Some(format!(
        "{}: has {}, the program prints {}",
        line + 1,
        quote(found.get(line)),
        quote(wanted.get(line))
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_told() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n").unwrap(), "2: has `b`, the program prints `c`");
        assert_eq!(first_difference("a", "a\nb").unwrap(), "2: has the end, the program prints `b`");
        assert_eq!(first_difference("a\n", "a").unwrap(), "2: has ``, the program prints the end");
    }
}
