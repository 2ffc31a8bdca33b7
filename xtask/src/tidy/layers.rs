//! Which crate may depend on which: downwards only, and never one capability on another.

use super::{Fault, File, Tree, manifests};

/// The crates that tests, benches and chores use; what ships never depends on them.
const OUTSIDE: [&str; 7] = ["testkit", "e2e", "bench", "neighbours", "oracles", "fuzz", "xtask"];

/// Crates by the short name, from the bottom up; those on one step do not see each other.
const STEPS: [&[&str]; 6] = [
    &["kernel"],
    &["db", "jwt", "meter", "pdf"],
    &["http", "jobs", "mail"],
    &["ledger", "boletos", "catalogue", "partners", "identity", "backup", "alerts", "gateway", "waf"],
    &["console"],
    &["app"],
];

/// What only `app` joins to the rest, though they stand below `console`.
const APP_ONLY: [&str; 2] = ["gateway", "waf"];

pub(super) fn crates_depend_downwards(tree: &Tree) -> Vec<Fault> {
    tree.files.iter().filter(|file| file.name() == "Cargo.toml").flat_map(check).collect()
}

fn check(file: &File) -> Vec<Fault> {
    let Some((line, package)) = manifests::package(&file.text) else { return Vec::new() };
    let package = short(package);
    if OUTSIDE.contains(&package) {
        return Vec::new();
    }
    let Some(step) = step(package) else {
        let what =
            format!("`{package}` has no place among the layers: give it one in xtask's tidy/layers.rs");
        return vec![Fault::new(file, line, what)];
    };
    let ours =
        manifests::dependencies(&file.text).into_iter().filter(|(_, name)| name.starts_with("comporta"));
    let bad = ours.filter(|(_, name)| !may_use(package, step, short(name)));
    bad.map(|(line, name)| Fault::new(file, line, format!("`{package}` may not depend on `{name}`")))
        .collect()
}

fn may_use(package: &str, own_step: usize, dependency: &str) -> bool {
    let below = step(dependency).is_some_and(|step| step < own_step);
    below && (package == "app" || !APP_ONLY.contains(&dependency))
}

fn step(package: &str) -> Option<usize> {
    STEPS.iter().position(|step| step.contains(&package))
}

fn short(package: &str) -> &str {
    if package == "comporta" { "app" } else { package.strip_prefix("comporta-").unwrap_or(package) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    fn manifest(package: &str, dependencies: &str) -> String {
        format!("[package]\nname = \"{package}\"\n[dependencies]\n{dependencies}")
    }

    fn faults(package: &str, dependencies: &str) -> Vec<String> {
        said(crates_depend_downwards, &[("crates/x/Cargo.toml", &manifest(package, dependencies))])
    }

    #[test]
    fn downwards_is_allowed() {
        assert!(
            faults("comporta", "comporta-gateway.workspace = true\ncomporta-kernel.workspace = true")
                .is_empty()
        );
        assert!(faults("comporta-ledger", "comporta-http.workspace = true\nserde = \"1\"").is_empty());
        assert!(faults("comporta-e2e", "comporta.workspace = true").is_empty());
        assert!(
            faults("comporta-ledger", "[dev-dependencies]\ncomporta-testkit.workspace = true").is_empty()
        );
    }

    #[test]
    fn upwards_and_sideways_are_not() {
        let fault = "crates/x/Cargo.toml:4: `ledger` may not depend on `comporta-partners`";
        assert_eq!(faults("comporta-ledger", "comporta-partners.workspace = true"), [fault]);
        assert_eq!(faults("comporta-db", "comporta-http = { path = \"../http\" }").len(), 1);
        assert_eq!(faults("comporta-console", "comporta-gateway.workspace = true").len(), 1);
        assert_eq!(faults("comporta-db", "comporta-testkit.workspace = true").len(), 1);
        assert_eq!(
            faults("comporta-db", "[target.'cfg(unix)'.dependencies]\ncomporta-jobs = \"1\"").len(),
            1
        );
    }

    #[test]
    fn a_crate_without_a_place_is_told() {
        assert!(faults("comporta-novelty", "")[0].contains("Cargo.toml:2: `novelty` has no place"));
    }
}
