//! The JSON Schema of `comporta.yaml`, from the types and the built-in defaults.

use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use super::Settings;
use super::load::defaults;
use super::tree::{Node, Value};

/// The schema as text, with each setting's description and default.
#[must_use]
pub fn schema() -> String {
    let generator =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator();
    let mut schema = generator.into_root_schema_for::<Settings>().to_value();
    fill_defaults(&mut schema, &defaults().0);
    // The order must not depend on how the JSON library was built.
    schema.sort_all_objects();
    format!("{schema:#}\n")
}

/// Notes the default of each setting; a setting that has one need not be written.
fn fill_defaults(schema: &mut Json, node: &Node) {
    let entries = match &node.value {
        Value::Map(entries) if schema.get("properties").is_some() => entries,
        // A map of names that an operator chooses is a value, not a section.
        _ => {
            schema["default"] = json(node);
            return;
        }
    };
    if let Some(object) = schema.as_object_mut() {
        object.remove("required");
    }
    for (key, entry) in entries {
        if let Some(property) = schema.pointer_mut(&format!("/properties/{key}")) {
            fill_defaults(property, &entry.node);
        }
    }
}

/// A default as JSON writes it.
fn json(node: &Node) -> Json {
    match &node.value {
        Value::Map(entries) => entries.iter().map(|(key, entry)| (key.clone(), json(&entry.node))).collect(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Scalar { .. } if node.is_null() => Json::Null,
        Value::Scalar { text, quoted: true } => Json::from(text.as_str()),
        Value::Scalar { text, .. } => {
            serde_json::from_str(text).unwrap_or_else(|_| Json::from(text.as_str()))
        }
    }
}
