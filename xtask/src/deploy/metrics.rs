//! Rules and dashboards ask for nothing that the product does not tell: every name stands in its sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use comporta_neighbours::workspace;

use super::tools::files;
use crate::failure::{Failure, Outcome};

/// What the exporter adds to the name of a histogram.
const PARTS: [&str; 3] = ["_bucket", "_sum", "_count"];

pub(super) fn check() -> Outcome {
    let mut known = BTreeSet::new();
    sources(&workspace().join("crates"), &mut known)?;
    let monitoring = workspace().join("deploy/monitoring");
    let asking = [files(monitoring.join("rules"), "yaml")?, files(monitoring.join("dashboards"), "json")?];
    let (mut asked, mut faults) = (BTreeSet::new(), 0);
    for path in asking.concat() {
        for name in names(&fs::read_to_string(&path)?) {
            if !is_known(&name, &known) {
                println!("{}: no metric of the product is called {name}", path.display());
                faults += 1;
            }
            asked.insert(name);
        }
    }
    println!("{} metrics asked for, {} named by the sources, {faults} unknown", asked.len(), known.len());
    if faults == 0 { Ok(()) } else { Err(Failure::Found("metrics that nobody tells".to_owned())) }
}

fn is_known(name: &str, known: &BTreeSet<String>) -> bool {
    let histogram = PARTS.iter().find_map(|part| name.strip_suffix(part));
    known.contains(name) || histogram.is_some_and(|name| known.contains(name))
}

/// Every name of a metric that stands as a text in the crates' sources, tests aside.
fn sources(folder: &Path, known: &mut BTreeSet<String>) -> Outcome {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "tests") {
                sources(&path, known)?;
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path)?;
            let quoted = text.split('"').filter(|word| names(word).first().is_some_and(|name| name == word));
            known.extend(quoted.map(str::to_owned));
        }
    }
    Ok(())
}

/// The names of metrics in a text. Those of recorded rules have colons, and are not among them.
fn names(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = text.split(|c| !is_part(c));
    let metrics = words.filter(|word| word.starts_with("comporta_") && !word.contains(':'));
    metrics.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_expressions_and_recorded_ones_are_not_asked_for() {
        let text = "sum(rate(comporta_a_total{x=\"1\"}[5m])) / comporta:b:rate5m > comporta_c_bucket";
        assert_eq!(names(text), ["comporta_a_total", "comporta_c_bucket"]);
    }

    #[test]
    fn a_histogram_is_known_by_its_parts_and_nothing_else_is() {
        let known = BTreeSet::from(["comporta_c".to_owned()]);
        assert!(is_known("comporta_c", &known) && is_known("comporta_c_bucket", &known));
        assert!(!is_known("comporta_c_total", &known) && !is_known("comporta_d", &known));
    }
}
