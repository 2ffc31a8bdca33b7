//! The rooms of a capability: HTTP at its door, nothing but rules in its model.

use super::source::Source;
use super::{Fault, File, Tree};

const CAPABILITIES: [&str; 7] =
    ["ledger", "boletos", "catalogue", "partners", "identity", "backup", "alerts"];
/// `comporta_http` is not among them: errors become its problems, and services remember answers through it.
const HTTP: [&str; 1] = ["axum::"];
const IMPURE: [&str; 5] = ["async", "sqlx", "axum", "comporta_http", "Clock"];

pub(super) fn http_stays_at_the_api(tree: &Tree) -> Vec<Fault> {
    let bound = tree.rust().filter(|file| is_capability(file) && !is_in(file, "api"));
    bound.flat_map(|file| words(file, &HTTP, "is HTTP's, and belongs in `api/`")).collect()
}

pub(super) fn models_are_pure(tree: &Tree) -> Vec<Fault> {
    let bound = tree.rust().filter(|file| is_capability(file) && is_in(file, "model"));
    bound.flat_map(|file| words(file, &IMPURE, "has no place in a model: rules are pure")).collect()
}

fn is_capability(file: &File) -> bool {
    file.in_crate().is_some_and(|(package, _)| CAPABILITIES.contains(&package)) && !file.is_test()
}

/// Whether a file is the room itself, `room.rs`, or lies in it, `room/`.
fn is_in(file: &File, room: &str) -> bool {
    let path = file.in_crate().map_or("", |(_, path)| path);
    path.split(['/', '.']).next() == Some(room)
}

fn words(file: &File, forbidden: &[&str], what: &str) -> Vec<Fault> {
    let source = Source::of(&file.text);
    let of_word = |word: &&str| {
        let faults = source.lines_with(word).map(|line| Fault::new(file, line, format!("`{word}` {what}")));
        faults.collect::<Vec<_>>()
    };
    forbidden.iter().flat_map(of_word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn http_outside_the_api_is_told() {
        let faults = said(
            http_stays_at_the_api,
            &[
                (
                    "crates/ledger/src/service.rs",
                    "//! axum::\nuse axum::Router;\nuse comporta_http::Problem;",
                ),
                ("crates/ledger/src/api.rs", "use axum::Router;"),
                ("crates/ledger/src/api/post_entry.rs", "use axum::Json;"),
                ("crates/http/src/problem.rs", "use axum::Json;"),
            ],
        );
        assert_eq!(faults, ["crates/ledger/src/service.rs:2: `axum::` is HTTP's, and belongs in `api/`"]);
    }

    #[test]
    fn a_model_that_waits_or_asks_the_time_is_told() {
        let faults = said(
            models_are_pure,
            &[
                ("crates/ledger/src/model.rs", "fn a() {}\nasync fn b() {}"),
                ("crates/ledger/src/model/period.rs", "fn c(clock: &dyn Clock) {}"),
                ("crates/ledger/src/service.rs", "async fn d() {}"),
            ],
        );
        assert_eq!(
            faults,
            [
                "crates/ledger/src/model.rs:2: `async` has no place in a model: rules are pure",
                "crates/ledger/src/model/period.rs:1: `Clock` has no place in a model: rules are pure",
            ]
        );
    }
}
