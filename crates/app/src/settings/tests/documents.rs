//! The documents about the settings agree with the settings.

use serde_json::Value as Json;

use super::{DEFAULTS, Environment, Sources, load};
use crate::settings::load::defaults;
use crate::settings::schema;
use crate::settings::tree::{Node, Origin, Value};

const ENVIRONMENT_EXAMPLE: &str = include_str!("../../../../../.env.example");
const COMMITTED_SCHEMA: &str = include_str!("../../../../../config.schema.json");

/// Settings with a shape of their own, which are written in files only; a certificate's parts need files too.
const IN_FILES: [&str; 4] = ["issuers", "routes", "tls", "upstreams"];

/// Every setting of the default document: its path and the line it stands on.
fn leaves(node: &Node, path: &[String], found: &mut Vec<(Vec<String>, usize)>) {
    let Value::Map(entries) = &node.value else { return };
    for (key, entry) in entries {
        let path = [path, std::slice::from_ref(key)].concat();
        if matches!(entry.node.value, Value::Map(_)) && key != "upstreams" {
            leaves(&entry.node, &path, found);
        } else {
            let Origin::File { position: Some(at), .. } = &entry.origin else {
                panic!("{path:?} has no place")
            };
            found.push((path, at.line));
        }
    }
}

fn default_settings() -> Vec<(Vec<String>, usize)> {
    let mut found = Vec::new();
    leaves(&defaults().0, &[], &mut found);
    found
}

/// The variables of the example, those commented out included.
fn example() -> Vec<(&'static str, &'static str)> {
    let lines = ENVIRONMENT_EXAMPLE.lines().map(|line| line.trim_start_matches('#'));
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    lines.filter_map(|line| line.split_once('=')).filter(|(name, _)| is_name(name)).collect()
}

#[test]
fn the_default_document_is_valid_by_itself() {
    let environment = Environment::default();
    let settings = load(&Sources { file: None, environment: &environment, flags: &[] });
    assert!(settings.is_ok(), "{}", settings.unwrap_err());
}

#[test]
fn the_default_document_gives_each_setting_a_reason() {
    let lines: Vec<&str> = DEFAULTS.lines().collect();
    for (path, line) in default_settings() {
        let above = lines[line - 2].trim_start();
        assert!(above.starts_with('#'), "{} has no comment above it", path.join("."));
    }
}

#[test]
fn the_example_environment_names_every_setting() {
    let names: Vec<&str> = example().into_iter().map(|(name, _)| name).collect();
    for (path, _) in default_settings().into_iter().filter(|(path, _)| !IN_FILES.contains(&path[0].as_str()))
    {
        let name = format!("COMPORTA_{}", path.join("__").to_uppercase());
        assert!(names.contains(&name.as_str()), "{name} is missing");
    }
}

#[test]
fn every_variable_of_the_example_environment_is_accepted() {
    // Certificates must be there to be taken, and a mail server goes with the other transport.
    let by_itself =
        |(name, _): &(&str, &str)| !name.starts_with("COMPORTA_TLS__") && *name != "COMPORTA_MAIL__URL";
    let environment: Environment = example().into_iter().filter(by_itself).collect();
    let settings = load(&Sources { file: None, environment: &environment, flags: &[] });
    assert!(settings.is_ok(), "{}", settings.unwrap_err());
}

#[test]
fn the_schema_describes_every_setting_and_its_default() {
    let schema: Json = serde_json::from_str(&schema()).unwrap();
    for (path, _) in default_settings() {
        let property = schema.pointer(&format!("/properties/{}", path.join("/properties/"))).unwrap();
        assert!(property["description"].is_string(), "{path:?}");
        assert!(property.get("default").is_some(), "{path:?}");
    }
    assert_eq!(schema.pointer("/properties/ledger/properties/queue/default"), Some(&Json::from(4096)));
    assert_eq!(
        schema.pointer("/properties/ledger/properties/reconcile_at/default"),
        Some(&Json::from("03:30"))
    );
    assert_eq!(schema["additionalProperties"], Json::from(false));
    assert_eq!(schema.get("required"), None, "everything has a default");
}

#[test]
fn the_committed_schema_is_current() {
    assert!(COMMITTED_SCHEMA == schema(), "config.schema.json: comporta config schema > config.schema.json");
}
