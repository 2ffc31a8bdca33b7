//! Both engines have the same migrations, and each says why it is there.

use super::{Fault, File, Tree};

const ENGINES: [&str; 2] = ["migrations/postgres/", "migrations/sqlite/"];

pub(super) fn engines_move_together(tree: &Tree) -> Vec<Fault> {
    let paths: Vec<&str> = tree.files.iter().map(|file| file.path.as_str()).collect();
    let alone = |[own, other]: [&str; 2]| {
        let lacks_twin = |file: &&File| !paths.contains(&format!("{other}{}", file.name()).as_str());
        let files = tree.files.iter().filter(|file| file.path.starts_with(own)).filter(lacks_twin);
        files.map(|file| Fault::new(file, 1, format!("has no twin in {other}"))).collect::<Vec<_>>()
    };
    let [postgres, sqlite] = ENGINES;
    [[postgres, sqlite], [sqlite, postgres]].into_iter().flat_map(alone).collect()
}

pub(super) fn migrations_say_why(tree: &Tree) -> Vec<Fault> {
    let migrations =
        tree.files.iter().filter(|file| ENGINES.iter().any(|engine| file.path.starts_with(engine)));
    let silent =
        migrations.filter(|file| file.text.strip_prefix("--").is_none_or(|note| note.starts_with('\n')));
    silent.map(|file| Fault::new(file, 1, "does not open with a `--` comment saying why")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn a_migration_of_one_engine_is_told() {
        let files = [
            ("migrations/postgres/0001_a.sql", ""),
            ("migrations/sqlite/0001_a.sql", ""),
            ("migrations/postgres/0002_b.sql", ""),
            ("migrations/sqlite/0002_c.sql", ""),
        ];
        assert_eq!(
            said(engines_move_together, &files),
            [
                "migrations/postgres/0002_b.sql:1: has no twin in migrations/sqlite/",
                "migrations/sqlite/0002_c.sql:1: has no twin in migrations/postgres/",
            ]
        );
    }

    #[test]
    fn a_migration_without_a_reason_is_told() {
        let files =
            [("migrations/sqlite/0001_a.sql", "-- So that.\n"), ("migrations/sqlite/0002_b.sql", "CREATE")];
        assert_eq!(
            said(migrations_say_why, &files),
            ["migrations/sqlite/0002_b.sql:1: does not open with a `--` comment saying why"]
        );
    }
}
