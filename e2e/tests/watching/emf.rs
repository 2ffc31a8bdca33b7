//! Lines for CloudWatch, held against the public specification of the embedded metric format.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use comporta_e2e::Engine;
use comporta_neighbours::python_venv;
use comporta_testkit::Setup;
use serde_json::{Value, json};

use super::until;

const VALIDATOR: &str = "jsonschema==4.25.1";
/// Reads a schema and documents, and complains of those that do not keep to it.
const SCRIPT: &str = "import json, sys
from jsonschema import Draft202012Validator as V
schema, documents = json.load(sys.stdin)
V.check_schema(schema)
faults = [e.message for d in documents for e in V(schema).iter_errors(d)]
print(json.dumps(faults))";

/// What the specification asks of a document: its metadata, its metric directives, and their limits.
fn schema() -> Value {
    let units = [
        "Seconds",
        "Microseconds",
        "Milliseconds",
        "Bytes",
        "Kilobytes",
        "Megabytes",
        "Gigabytes",
        "Terabytes",
        "Bits",
        "Kilobits",
        "Megabits",
        "Gigabits",
        "Terabits",
        "Percent",
        "Count",
        "Bytes/Second",
        "Kilobytes/Second",
        "Megabytes/Second",
        "Gigabytes/Second",
        "Terabytes/Second",
        "Bits/Second",
        "Kilobits/Second",
        "Megabits/Second",
        "Gigabits/Second",
        "Terabits/Second",
        "Count/Second",
        "None",
    ];
    let metric = json!({
        "type": "object", "required": ["Name"],
        "properties": {
            "Name": {"type": "string", "minLength": 1, "maxLength": 1024},
            "Unit": {"enum": units},
            "StorageResolution": {"enum": [1, 60]},
        },
    });
    let dimensions = json!({"type": "array", "maxItems": 30, "items": {"type": "string", "minLength": 1, "maxLength": 250}});
    let directive = json!({
        "type": "object", "required": ["Namespace", "Dimensions", "Metrics"],
        "properties": {
            "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024},
            "Dimensions": {"type": "array", "minItems": 1, "items": dimensions},
            "Metrics": {"type": "array", "maxItems": 100, "items": metric},
        },
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object", "required": ["_aws"],
        "properties": {
            "_aws": {
                "type": "object", "required": ["Timestamp", "CloudWatchMetrics"],
                "properties": {
                    "Timestamp": {"type": "integer", "minimum": 0},
                    "CloudWatchMetrics": {"type": "array", "items": directive},
                },
            },
        },
        "additionalProperties": {"anyOf": [
            {"type": ["number", "string"]},
            {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "number"}},
        ]},
    })
}

fn faults(documents: &[Value]) -> Vec<String> {
    let python = python_venv(&[VALIDATOR]).unwrap().join("python");
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input.json");
    std::fs::write(&input, json!([schema(), documents]).to_string()).unwrap();
    let mut command = Command::new(python);
    let output = command.args(["-c", SCRIPT]).stdin(std::fs::File::open(input).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_for_cloudwatch_keep_to_the_specification_and_their_dimensions_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("metrics.emf");
    let setup = Setup::new(&Engine::Sqlite.fresh_url()).with("COMPORTA_METRICS__EVERY", "1s");
    let mut server = setup.with("COMPORTA_METRICS__EMF", &file.display().to_string()).start().await.unwrap();
    let mut client = server.client().unwrap();
    for path in ["/v1/daily-balances", "/v1/books", "/nowhere"] {
        client.get(path).await.unwrap();
    }
    let lines = || -> Vec<Value> {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let called = || lines().iter().map(|line| line["Requests"].as_f64().unwrap()).sum::<f64>();
    until("the requests are told", || called() >= 3.0).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    server.stop().await.unwrap();

    let lines = lines();
    assert!(lines.len() >= 2, "{lines:?}");
    assert_eq!(faults(&lines), [""; 0]);
    assert_eq!(called(), 3.0, "each is told once");
    for line in &lines {
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], json!([["Installation"]]));
        assert_eq!(line["Installation"], "comporta");
        let names: BTreeSet<&str> = directive["Metrics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|metric| metric["Name"].as_str().unwrap())
            .collect();
        assert!(names.iter().all(|name| line[name].is_number()), "{line}");
        assert!(names.contains("RequestsInFlight") && names.contains("Failures"), "{line}");
    }
    let timed = lines.iter().any(|line| line["LatencyP99"].as_f64().is_some_and(|ms| ms > 0.0));
    assert!(timed, "{lines:?}");
    // The schema finds what is wrong.
    let mut wrong = lines[0].clone();
    wrong["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0] =
        (0..31).map(|number| number.to_string()).collect();
    wrong["Requests"] = json!(vec![1; 101]);
    assert_eq!(faults(&[wrong]).len(), 2);
}
