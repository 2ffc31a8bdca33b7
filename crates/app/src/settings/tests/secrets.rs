//! Secrets: found where they are referred to, never shown.

use super::{case, fs};
use crate::settings::Environment;

const PEPPER: &str = "hunter2-hunter2-hunter2-hunter2-hunter2";

#[test]
fn a_secret_is_read_from_a_variable_or_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pepper");
    fs::write(&file, format!("{PEPPER}\r\n")).unwrap();
    let path = file.display().to_string();
    for reference in
        ["secret://env/KEPT".to_owned(), format!("secret://file/{path}"), format!("secret://file{path}")]
    {
        let case = case(&format!("security: {{pepper: '{reference}'}}")).environment(&[("KEPT", PEPPER)]);
        assert_eq!(case.settings().security.pepper.unwrap().expose(), PEPPER, "{reference}");
    }
}

#[test]
fn a_secret_that_is_missing_is_a_fault_at_its_reference() {
    let faults = |reference: &str| case(&format!("security:\n  pepper: {reference}")).faults();
    assert_eq!(
        faults("secret://env/MISSING"),
        ["comporta.yaml:2:11: security.pepper: the environment variable MISSING is not set"]
    );
    let unreadable = faults("secret://file/nowhere/at/all");
    let place =
        "comporta.yaml:2:11: security.pepper: cannot read the secret in /nowhere/at/all: No such file";
    assert!(unreadable[0].starts_with(place), "{unreadable:?}");
    for malformed in ["secret://vault/x", "secret://env/", "secret://env"] {
        assert_eq!(
            faults(malformed),
            ["comporta.yaml:2:11: security.pepper: a secret is referred to as secret://env/NAME or \
              secret://file/PATH"]
        );
    }
}

#[test]
fn an_overridden_reference_need_not_resolve() {
    let case = case("database: {url: secret://env/MISSING}");
    case.flag("--database-url", &["database", "url"], "sqlite:a.db").settings();
}

#[test]
fn settings_never_show_a_secret() {
    let yaml = format!("security: {{pepper: {PEPPER}}}\ndatabase: {{url: 'postgres://ann:hunter2@h/d'}}");
    let settings = case(&yaml).settings();
    let pepper = settings.security.pepper.as_ref().unwrap();
    let shown =
        [format!("{settings:?}"), format!("{pepper} {pepper:?}"), serde_json::to_string(&settings).unwrap()];
    for text in shown {
        assert!(text.contains("***") && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn faults_never_show_a_secret() {
    for yaml in [
        "database: postgres://ann:hunter2@h/d",
        "database: {url: 'mysql://ann:hunter2@h/d', read_url: hunter2}",
        "database: [postgres://ann:hunter2@h/d]",
        "security: {pepper: hunter2}",
        "security: {pepper: [hunter2]}",
        "listen: hunter2\nworkers: hunter2\nmigrate_on_start: hunter2\nledger: {currency: hunter2}",
        "security: {pepper: 'hunter2",
        "security: {pepper: hunter2: x}",
    ] {
        let faults = case(yaml).environment(&[("COMPORTA_SECURITY", "hunter2")]).faults();
        assert!(faults.iter().all(|fault| !fault.contains("hunter2")), "{faults:?}");
    }
}

#[test]
fn a_variable_is_looked_up_by_its_exact_name() {
    let environment: Environment = [("NAME", "value"), ("EMPTY", "")].into_iter().collect();
    assert_eq!(environment.get("NAME"), Some("value"));
    assert_eq!((environment.get("name"), environment.get("EMPTY")), (None, None));
}
