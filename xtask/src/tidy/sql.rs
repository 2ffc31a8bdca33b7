//! SQL is written only where stores are.

use super::source::{Source, holds_word};
use super::{Fault, File, Tree};

/// Crates that ship and may hold SQL anywhere: opening and migrating is their very work.
const EXEMPT: [&str; 1] = ["db"];
/// Crates that do not ship.
const OUTSIDE: [&str; 4] = ["testkit", "e2e", "bench", "neighbours"];

pub(super) fn sql_stays_in_stores(tree: &Tree) -> Vec<Fault> {
    tree.rust().filter(|file| is_bound(file)).flat_map(check).collect()
}

fn is_bound(file: &File) -> bool {
    let Some((package, path)) = file.in_crate() else { return false };
    let in_store = path.split('/').rev().skip(1).any(|folder| folder == "store");
    !in_store && !file.is_test() && !EXEMPT.contains(&package) && !OUTSIDE.contains(&package)
}

fn check(file: &File) -> Vec<Fault> {
    let source = Source::of(&file.text);
    let literals = source.literals.iter().filter(|(_, text)| is_sql(text)).map(|(line, _)| *line);
    let queries = source.lines_with("sqlx::query").chain(source.lines_with("sqlx::query_as"));
    let lines = literals.chain(queries).chain(source.lines_with("sqlx::query_scalar"));
    lines.map(|line| Fault::new(file, line, "SQL outside `store/`")).collect()
}

/// Statements in capitals anywhere in a text, in small letters only at its start: prose has those words too.
fn is_sql(text: &str) -> bool {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let starts = folded.split(' ').next().is_some_and(|word| STARTS.contains(&word));
    has_statement(&folded) || starts && has_statement(&folded.to_uppercase())
}

const STARTS: [&str; 6] = ["select", "insert", "update", "delete", "create", "with"];

fn has_statement(text: &str) -> bool {
    let then = |first: &str, second: &str| {
        text.split_once(first).is_some_and(|(before, after)| {
            !before.ends_with(char::is_alphanumeric) && holds_word(after, second)
        })
    };
    ["INSERT INTO", "DELETE FROM", "CREATE TABLE"].iter().any(|words| holds_word(text, words))
        || then("SELECT ", "FROM")
        || then("UPDATE ", "SET")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    fn faults(path: &str, text: &str) -> usize {
        said(sql_stays_in_stores, &[(path, text)]).len()
    }

    #[test]
    fn a_statement_outside_a_store_is_told() {
        let service = "crates/ledger/src/service.rs";
        let fault = "crates/ledger/src/service.rs:2: SQL outside `store/`";
        assert_eq!(said(sql_stays_in_stores, &[(service, "let a = 1;\nq(\"SELECT a\\n FROM b\")")]), [fault]);
        assert_eq!(faults(service, "q(r\"insert into t values (1)\")"), 1);
        assert_eq!(faults(service, "q(\"update t set a = 1\")"), 1);
        assert_eq!(faults(service, "sqlx::query_as(x)"), 1);
        assert_eq!(faults("crates/ledger/src/store.rs", "\"DELETE FROM t\""), 1);
    }

    #[test]
    fn a_store_a_test_and_prose_may_speak_of_it() {
        assert_eq!(faults("crates/ledger/src/store/postgres.rs", "\"SELECT a FROM b\""), 0);
        assert_eq!(faults("crates/db/src/migrate.rs", "\"CREATE TABLE t ()\""), 0);
        assert_eq!(faults("crates/ledger/src/service/tests.rs", "\"SELECT a FROM b\""), 0);
        assert_eq!(faults("crates/ledger/tests/exact.rs", "\"SELECT a FROM b\""), 0);
        assert_eq!(
            faults("crates/ledger/src/a.rs", "// SELECT a FROM b\n\"please select one from the list\""),
            0
        );
        assert_eq!(faults("crates/ledger/src/a.rs", "#[cfg(test)]\nmod tests {\n\"SELECT a FROM b\"\n}"), 0);
    }
}
