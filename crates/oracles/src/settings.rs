//! Settings: every fault has a place in what was written, and good settings read again as they are printed.
//!
//! An input is a settings file; behind a NUL byte, lines of environment variables.

use std::io::Write as _;

use comporta::settings::{DEFAULTS, Environment, Fault, Faults, Origin, Settings, Sources, load};
use serde_json::Value;

/// What stands where a secret would, in print.
const HIDDEN: &str = "***";

/// Checks settings, good or bad.
pub fn settings(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let document = parts.next().unwrap_or_default();
    let variables = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let variables: Vec<(String, String)> = variables.lines().filter_map(variable).collect();
    let environment: Environment = variables.iter().cloned().collect();
    match read(document, &environment) {
        Ok(settings) => check_printing(&settings),
        Err((faults, file)) => {
            assert!(faults.iter().count() > 0, "no settings, and no fault");
            for fault in faults.iter() {
                check_fault(fault, &file, document, &variables);
            }
        }
    }
}

fn read(document: &[u8], environment: &Environment) -> Result<Settings, (Faults, String)> {
    let mut file = tempfile::NamedTempFile::new().expect("a file to write settings to");
    file.write_all(document).expect("a file to write settings to");
    let outcome = load(&Sources { file: Some(file.path()), environment, flags: &[] });
    outcome.map_err(|faults| (faults, file.path().display().to_string()))
}

fn variable(line: &str) -> Option<(String, String)> {
    line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
}

fn check_fault(fault: &Fault, file: &str, document: &[u8], variables: &[(String, String)]) {
    let shown = fault.to_string();
    assert!(!shown.chars().any(char::is_control), "a fault on more than one line: {shown:?}");
    assert!(!fault.message.is_empty(), "{shown:?} says nothing");
    match &fault.origin {
        Origin::File { file: named, position } => {
            let text = if **named == *file { String::from_utf8_lossy(document) } else { DEFAULTS.into() };
            assert!(
                **named == *file || &**named == "comporta.default.yaml",
                "{shown:?} is in no file of ours"
            );
            let Some(at) = position else { return };
            // As YAML counts lines: behind the last one's end begins another, which is empty.
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            let lines: Vec<&str> = text.split('\n').collect();
            let length = lines.get(at.line.wrapping_sub(1)).map(|line| line.chars().count());
            let length = length.unwrap_or_else(|| panic!("{shown:?} is beyond the last line"));
            assert!((1..=length + 1).contains(&at.column), "{shown:?} is beyond the line's end");
        }
        Origin::Variable(name) => {
            assert!(variables.iter().any(|(given, _)| given == name), "{shown:?}: nobody gave that");
        }
        Origin::Flag(flag) => panic!("{flag}: nobody gave that"),
    }
}

/// Printed settings are a settings file that says the same.
fn check_printing(settings: &Settings) {
    let printed = serde_json::to_value(settings).expect("settings are written as JSON");
    if hides_something(&printed) {
        return;
    }
    let text = printed.to_string();
    let again = read(text.as_bytes(), &Environment::default());
    let again = again.unwrap_or_else(|(faults, _)| panic!("{text}\n{faults}"));
    assert_eq!(serde_json::to_value(&again).expect("settings are written as JSON"), printed);
}

/// A secret is not in print: it cannot be read again.
fn hides_something(value: &Value) -> bool {
    match value {
        Value::String(text) => text == HIDDEN,
        Value::Array(items) => items.iter().any(hides_something),
        Value::Object(members) => members.values().any(hides_something),
        _ => false,
    }
}
