//! Where in the program something stands, without the folders of whoever built it.

/// A source file as it is told: the way to it from its crate's own folder.
pub(super) fn told(file: &str) -> String {
    let file = match file.split_once("/registry/src/") {
        // The registry's folder comes next, then the crate.
        Some((_, rest)) => rest.split_once('/').map_or(rest, |(_, rest)| rest),
        None => match file.split_once("/library/") {
            Some((_, rest)) => rest,
            None if file.starts_with('/') => file.rsplit('/').next().unwrap_or_default(),
            None => file,
        },
    };
    file.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_of_the_machine_that_built_it() {
        for (file, place) in [
            ("crates/ledger/src/commit.rs", "crates/ledger/src/commit.rs"),
            (
                "/home/ana/.cargo/registry/src/index.crates.io-1/axum-0.8.1/src/lib.rs",
                "axum-0.8.1/src/lib.rs",
            ),
            ("/rustc/5980/library/core/src/option.rs", "core/src/option.rs"),
            ("/home/ana/work/comporta/crates/x/src/y.rs", "y.rs"),
        ] {
            assert_eq!(told(file), place);
        }
    }
}
