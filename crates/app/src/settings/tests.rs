//! Settings from every source, right and wrong.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::*;

mod documents;
mod faults;
mod secrets;

/// A settings file in a folder of its own, an environment, and flags.
struct Case {
    folder: tempfile::TempDir,
    environment: Environment,
    flags: Vec<Flag>,
}

fn case(yaml: &str) -> Case {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("comporta.yaml"), yaml).unwrap();
    Case { folder, environment: Environment::default(), flags: Vec::new() }
}

impl Case {
    fn environment(mut self, variables: &[(&str, &str)]) -> Self {
        self.environment = variables.iter().copied().collect();
        self
    }

    fn flag(mut self, name: &'static str, path: &'static [&'static str], value: &str) -> Self {
        self.flags.push(Flag { name, path, value: value.to_owned() });
        self
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("comporta.yaml")
    }

    fn load(&self) -> Result<Settings, Faults> {
        load(&Sources { file: Some(&self.file()), environment: &self.environment, flags: &self.flags })
    }

    fn settings(&self) -> Settings {
        self.load().unwrap_or_else(|faults| panic!("{faults}"))
    }

    /// The faults a line each, without the file's folder.
    fn faults(&self) -> Vec<String> {
        let folder = format!("{}/", self.folder.path().display());
        let faults = self.load().expect_err("no fault").to_string();
        faults.lines().map(|line| line.replace(&folder, "")).collect()
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn each_source_wins_over_the_one_before() {
    let listen: &[&str] = &["listen"];
    assert_eq!(case("").settings().listen, address("127.0.0.1:8080"));
    let with_file = case("listen: 127.0.0.1:1\nledger: {queue: 7}");
    assert_eq!(with_file.settings().listen, address("127.0.0.1:1"));
    let with_variable = with_file.environment(&[("COMPORTA_LISTEN", "127.0.0.1:2")]);
    assert_eq!(with_variable.settings().listen, address("127.0.0.1:2"));
    let with_flag = with_variable.flag("--listen", listen, "127.0.0.1:3");
    assert_eq!(with_flag.settings().listen, address("127.0.0.1:3"));
    let ledger = with_flag.settings().ledger;
    assert_eq!((ledger.queue.get(), ledger.commit_max.get()), (7, 512), "neighbours keep what they had");
}

#[test]
fn our_name_for_the_database_wins_over_the_customary_one() {
    let both = [("COMPORTA_DATABASE__URL", "postgres://ours/d"), ("DATABASE_URL", "postgres://theirs/d")];
    let url = |variables: &[(&str, &str)]| {
        let settings = case("database: {url: sqlite:file.db}").environment(variables).settings();
        settings.database.url.unwrap().expose().to_owned()
    };
    assert_eq!(url(&both), "postgres://ours/d");
    assert_eq!(url(&both[1..]), "postgres://theirs/d");
    assert_eq!(url(&[("DATABASE_URL", "")]), "sqlite:file.db", "an empty variable counts as unset");
}

#[test]
fn a_database_nobody_names_lies_in_the_data_folder() {
    let settings = case("data_dir: /var/lib/com?porta").settings();
    assert_eq!(
        settings.database_options().unwrap().url,
        Url::Sqlite("/var/lib/com?porta/comporta.db".into())
    );
    assert_eq!(settings.pepper_file(), PathBuf::from("/var/lib/com?porta/pepper"));
}

#[test]
fn a_variable_gives_every_kind_of_value() {
    let settings = case("database: {read_url: postgres://replica/d}")
        .environment(&[
            ("COMPORTA_ROLES", "gateway, ledger"),
            ("COMPORTA_WORKERS", "3"),
            ("COMPORTA_FIRST_RUN", "false"),
            ("COMPORTA_DATABASE__READ_URL", "null"),
            ("COMPORTA_HTTP__BODY_LIMIT", "64KiB"),
            ("COMPORTA_SECURITY__PEPPER", "00000000000000000000000000000012"),
            ("COMPORTA_LOG__ACCESS", "off"),
        ])
        .settings();
    assert_eq!(settings.roles, BTreeSet::from([Role::Gateway, Role::Ledger]));
    assert_eq!((settings.workers, settings.first_run), (3, false));
    assert!(settings.database.read_url.is_none());
    assert_eq!(settings.http.body_limit.bytes(), 65_536);
    assert_eq!(settings.security.pepper.unwrap().expose(), "00000000000000000000000000000012");
    assert_eq!(settings.log.access, Outlet::Off);
}

#[test]
fn variables_that_are_no_settings_are_left_alone() {
    let platform = [
        ("PATH", "/bin"),
        ("COMPORTA_CONFIG", "elsewhere.yaml"),
        ("COMPORTA_SERVICE_HOST", "10.0.0.1"),
        ("COMPORTA_SERVICE_PORT_HTTP", "8080"),
        ("COMPORTA_PORT", "tcp://10.0.0.1:8080"),
        ("COMPORTA_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("COMPORTA_CONSOLE_SERVICE_HOST", "10.0.0.2"),
        ("COMPORTA_CONSOLE_PORT_8081_TCP_PROTO", "tcp"),
    ];
    case("").environment(&platform).settings();
}

#[test]
fn an_empty_section_says_nothing() {
    let settings = case("database:\n  # url: postgres://h/d\nlog: ~\n").settings();
    assert_eq!(settings.database.max_connections.get(), 16);
    assert_eq!(settings.log.format, LogFormat::Auto);
}

#[test]
fn an_alias_stands_for_what_was_anchored() {
    let settings = case("ledger: {queue: &many 9, commit_max: *many}").settings();
    assert_eq!((settings.ledger.queue.get(), settings.ledger.commit_max.get()), (9, 9));
}

#[test]
fn lengths_of_time_sizes_and_times_of_day_read_and_write_the_same() {
    for text in ["0ms", "200ms", "10s", "90s", "2m", "1h", "25h", "1d"] {
        assert_eq!(text.parse::<Interval>().unwrap().to_string(), text);
    }
    assert_eq!("24h".parse::<Interval>().unwrap().to_string(), "1d");
    for text in ["0B", "1000B", "64KiB", "1MiB", "3GiB"] {
        assert_eq!(text.parse::<ByteSize>().unwrap().to_string(), text);
    }
    assert_eq!("23:59".parse::<TimeOfDay>().unwrap().to_string(), "23:59");
    for wrong in ["", "10", "s", "1.5s", "-1s", "10 s", "99999999999999999999s", "18446744073709551615d"] {
        assert!(wrong.parse::<Interval>().is_err(), "{wrong}");
        assert!(wrong.parse::<ByteSize>().is_err(), "{wrong}");
    }
    for wrong in ["", "3:30", "24:00", "12:60", "03:30:00", "-3:30", "ã:00"] {
        assert!(wrong.parse::<TimeOfDay>().is_err(), "{wrong}");
    }
}
