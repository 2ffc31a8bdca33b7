//! What stands in a template of CloudFormation, as far as its lines tell: resources by their indentation.

use std::fs;
use std::path::{Path, PathBuf};

use comporta_neighbours::workspace;

use crate::failure::{Failure, Outcome};

/// A resource of a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) id: String,
    /// The template that it nests.
    pub(super) nested: Option<String>,
}

/// Where the templates are.
pub(super) fn folder() -> PathBuf {
    workspace().join("deploy/cloudformation")
}

/// Every template, by name.
pub(super) fn names() -> Outcome<Vec<String>> {
    let mut names: Vec<String> = fs::read_dir(folder())?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    names.sort();
    Ok(names)
}

/// The text of one.
pub(super) fn text(name: &str) -> Outcome<String> {
    fs::read_to_string(folder().join(name)).map_err(|error| Failure::Io(name.to_owned(), error))
}

/// The resources of a template's text, in its order.
pub(super) fn resources(text: &str) -> Vec<Resource> {
    let inside = text.lines().skip_while(|line| *line != "Resources:").skip(1);
    let mut found: Vec<Resource> = Vec::new();
    for line in inside.take_while(|line| line.is_empty() || line.starts_with([' ', '#'])) {
        if let Some(id) = named(line) {
            found.push(Resource { id: id.to_owned(), nested: None });
        } else if let Some(url) = line.trim().strip_prefix("TemplateURL: ")
            && let Some(last) = found.last_mut()
        {
            last.nested = Some(url.to_owned());
        }
    }
    found
}

fn named(line: &str) -> Option<&str> {
    let id = line.strip_prefix("  ")?.strip_suffix(':')?;
    (!id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric())).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_found_by_their_indentation() {
        let text = "Parameters:\n  Name:\n    Type: String\n\nResources:\n  # one\n  Key:\n    Type: A\n  Part:\n    Properties:\n      TemplateURL: part.yaml\n\nOutputs:\n  Arn:\n    Value: 1\n";
        let part = Resource { id: "Part".to_owned(), nested: Some("part.yaml".to_owned()) };
        assert_eq!(resources(text), [Resource { id: "Key".to_owned(), nested: None }, part]);
    }
}
