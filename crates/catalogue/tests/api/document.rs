//! The catalogue's part of the API's document.

use std::collections::BTreeSet;

use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(comporta_catalogue::openapi()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &'_ Value)| {
        let methods = methods.as_object().unwrap().keys();
        methods.map(|method| (path.clone(), method.clone())).collect::<Vec<_>>()
    };
    let named = paths.iter().flat_map(of_path);
    named.map(|(path, method)| (format!("{method} {path}"), &document["paths"][&path][&method])).collect()
}

#[test]
fn it_tells_every_operation_and_status() {
    let document = document();
    let lines = operations(&document).into_iter().map(|(name, operation)| {
        let statuses: Vec<&str> =
            operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
        format!("{name} {}: {}", operation["operationId"].as_str().unwrap(), statuses.join(" "))
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
    get /livros listLivros: 200 401 403 422 500 503
    post /livros addLivro: 200 400 401 403 408 409 413 415 422 500 503
    delete /livros/{id} removeLivro: 200 401 403 404 500 503
    get /livros/{id} getLivro: 200 401 403 404 500 503
    put /livros/{id} mergeLivro: 200 400 401 403 404 408 413 415 422 500 503
    get /v1/books listBooks: 200 401 403 422 500 503
    post /v1/books addBook: 201 400 401 403 408 413 415 422 500 503
    delete /v1/books/{id} removeBook: 204 400 401 403 404 412 500 503
    get /v1/books/{id} getBook: 200 304 400 401 403 404 500 503
    patch /v1/books/{id} patchBook: 200 400 401 403 404 408 412 413 415 422 500 503
    put /v1/books/{id} replaceBook: 200 400 401 403 404 408 412 413 415 422 500 503
    ");
}

#[test]
fn every_operation_asks_for_a_scope_and_has_a_summary() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (name, operation) in operations(&document) {
        let scope = &operation["security"][0]["api_key"][0];
        let expected = if name.starts_with("get ") { "books:read" } else { "books:write" };
        assert_eq!(scope, expected, "{name}");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{name}");
        assert!(ids.insert(operation["operationId"].to_string()), "{name} shares its operation id");
    }
}

#[test]
fn every_reference_has_its_schema() {
    let document = document();
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

#[test]
fn what_may_be_left_out_of_a_request_line_is_not_null() {
    let document = document();
    for (name, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["schema"]["type"].is_string(), "{name}: {parameter}");
            assert_eq!(parameter["required"] == true, parameter["in"] == "path", "{name}: {parameter}");
        }
    }
}
