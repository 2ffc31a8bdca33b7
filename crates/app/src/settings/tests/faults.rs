//! Every fault is told, with its place.

use super::{case, fs};

#[test]
fn several_faults_are_told_at_once_in_the_order_of_the_file() {
    let yaml = "\
listen: localhost
workers: many
database:
  ulr: sqlite:a.db
  max_connections: 0
log: {format: jsn, level: loud}
ledger:
  time_zone: Brasilia
  currency: JPY
  reconcile_at: 25:00
http: {body_limit: 1MB, header_timeout: 0s}
frist_run: false
";
    assert_eq!(
        case(yaml).faults(),
        [
            "comporta.yaml:1:9: listen: expected an IP address and a port, such as 127.0.0.1:8080 or [::]:8080",
            "comporta.yaml:2:10: workers: expected a whole number, found text",
            "comporta.yaml:4:3: database.ulr: unknown field `ulr`, did you mean `url`?",
            "comporta.yaml:5:20: database.max_connections: expected a whole number above zero, found 0",
            "comporta.yaml:6:15: log.format: unknown value `jsn`, did you mean `json`?",
            "comporta.yaml:6:27: log.level: expected error, warn, info, debug or trace, also per module: \
             info,comporta_ledger=debug",
            "comporta.yaml:8:14: ledger.time_zone: expected an IANA time zone such as America/Sao_Paulo",
            "comporta.yaml:9:13: ledger.currency: expected the ISO 4217 code of a currency with two decimals, \
             such as BRL",
            "comporta.yaml:10:17: ledger.reconcile_at: expected a time of day such as \"03:30\"",
            "comporta.yaml:11:20: http.body_limit: expected a size such as 512B, 64KiB, 1MiB or 2GiB",
            "comporta.yaml:11:41: http.header_timeout: must be more than zero",
            "comporta.yaml:12:1: frist_run: unknown field `frist_run`, did you mean `first_run`?",
        ]
    );
}

#[test]
fn a_key_far_from_every_other_is_answered_with_all_of_them() {
    assert_eq!(
        case("docs: {colour: blue}").faults(),
        ["comporta.yaml:1:8: docs.colour: unknown field `colour`, expected one of auth"]
    );
}

#[test]
fn a_fault_outside_the_file_names_its_variable_or_flag() {
    let case = case("")
        .environment(&[
            ("COMPORTA_DATABASE__ULR", "x"),
            ("COMPORTA_HTTP", "x"),
            ("COMPORTA_ROLES", "gateway,legder"),
            ("DATABASE_URL", "mysql://h/d"),
        ])
        .flag("--listen", &["listen"], "8080");
    assert_eq!(
        case.faults(),
        [
            "COMPORTA_DATABASE__ULR: database.ulr: unknown field `ulr`, did you mean `url`?",
            "COMPORTA_HTTP: http: expected settings by name, found a single value or a list",
            "COMPORTA_ROLES: roles[1]: unknown value `legder`, did you mean `ledger`?",
            "DATABASE_URL: database.url: expected sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE",
            "--listen: listen: expected an IP address and a port, such as 127.0.0.1:8080 or [::]:8080",
        ]
    );
}

#[test]
fn roles_run_in_any_company_but_some_role_must_run() {
    let faults = |roles: &str| case(&format!("roles: {roles}")).faults();
    assert_eq!(faults("[]"), ["comporta.yaml:1:8: roles: at least one role must run"]);
    assert_eq!(faults("gateway"), ["comporta.yaml:1:8: roles: expected a list such as [a, b], found text"]);
    for alone in ["jobs", "gateway", "ledger", "catalogue, partners"] {
        case(&format!("roles: [{alone}]")).settings();
    }
}

#[test]
fn every_fault_of_the_gateway_is_told_at_its_place() {
    let text = "\
routes:
  - name: one
    match: {path: v1/x}
    upstream: nowhere
  - {name: two, match: {path: /v1/y}, upstream: ledger, limit: {rate: 5/fortnight}}
  - {name: three, match: {path: /v1/z}, redirect: {to: /a, status: 200}}
upstreams:
  both: {service: ledger, targets: [{url: 'http://a:1'}]}
  wrong: {service: legder}
  secretive: {targets: [{url: 'http://a:1'}], credential: {jwt: {algorithm: HS256, secret: short}}}
  watched: {targets: [{url: 'http://a:1'}], health: {path: nohealth, every: 0s}}
redis: {url: 'http://user:hunter2@x'}
";
    let faults = case(text).faults();
    for (place, part) in [
        ("comporta.yaml:3:", "routes[0].match.path: "),
        ("comporta.yaml:4:", "routes[0].upstream: there is no upstream `nowhere`"),
        ("comporta.yaml:5:", "routes[1].limit.rate: expected a rate"),
        ("comporta.yaml:6:", "routes[2].redirect.status: "),
        ("comporta.yaml:8:", "upstreams.both.targets: expected a service or targets, not both"),
        ("comporta.yaml:9:", "upstreams.wrong.service: there is no service `legder`"),
        ("comporta.yaml:10:", "upstreams.secretive.credential.jwt.secret: "),
        ("comporta.yaml:11:", "upstreams.watched.health.path: expected a path"),
        ("comporta.yaml:11:", "upstreams.watched.health.every: must be more than zero"),
        ("comporta.yaml:12:", "redis.url: expected redis:// or rediss://"),
    ] {
        assert!(
            faults.iter().any(|fault| fault.starts_with(place) && fault.contains(part)),
            "{place} {part}: {faults:#?}"
        );
    }
}

#[test]
fn a_redirect_must_lead_somewhere() {
    let faults = |routes: &str| case(&format!("routes:\n{routes}")).faults();
    let circle = |at: &str| {
        format!("comporta.yaml:{at}: leads in a circle: who follows it is redirected again and again")
    };
    for to in ["/a/{rest}", "/a", "/a/more/{rest}?from=a", "/a/../a"] {
        let redirect = format!("  - {{name: a, match: {{path: /a/**}}, redirect: {{to: '{to}'}}}}\n");
        assert_eq!(faults(&redirect), [circle("2:52: routes[0].redirect.to")], "{to}");
    }
    assert_eq!(
        faults(
            "  - {name: there, match: {path: '/there/{id}'}, redirect: {to: '/back/{id}'}}\n  \
             - {name: back, match: {path: /back/**, hosts: ['*.example.com']}, redirect: {to: '/there/{rest}'}}\n"
        ),
        // Without a host, nobody leads back.
        [circle("3:84: routes[1].redirect.to")]
    );
    for fine in [
        "  - {name: strip, match: {path: '/{a}/{b}/{c}/**'}, redirect: {to: '/{b}/{c}/{rest}'}}\n",
        "  - {name: out, match: {path: /a/**}, redirect: {to: 'https://example.com/a/{rest}'}}\n",
        "  - {name: form, match: {path: /f, methods: [POST]}, redirect: {to: /f, status: 303}}\n",
        "  - {name: form, match: {path: /f, methods: [POST]}, redirect: {to: /f, status: 302}}\n",
        "  - {name: asked, match: {path: /f, headers: {x-new: '1'}}, redirect: {to: /f}}\n",
    ] {
        case(&format!("routes:\n{fine}")).settings();
    }
}

#[test]
fn routes_add_to_the_built_in_ones_or_replace_those_of_their_name() {
    let routes = |text: &str| {
        let routes = case(text).settings().routes;
        routes.into_iter().map(|route| (route.name, route.matching.path)).collect::<Vec<_>>()
    };
    let built_in = routes("");
    let own = routes(
        "routes: [{name: books, match: {path: /b}, upstream: catalogue}, {name: x, match: {path: /x}, upstream: docs}]",
    );
    assert_eq!(own.len(), built_in.len() + 1);
    assert_eq!(own[0], ("books".to_owned(), "/b".to_owned()));
    assert!(!own.contains(&("books".to_owned(), "/v1/books/**".to_owned())));
    let alone = case("default_routes: false").settings();
    assert!(alone.routes.is_empty() && alone.upstreams.is_empty());
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    assert_eq!(
        case("private_listen: 127.0.0.1:8080").faults(),
        ["comporta.yaml:1:17: private_listen: must differ from listen"]
    );
    assert_eq!(
        case("database: {read_url: postgres://replica/d}").faults(),
        [
            "comporta.yaml:1:22: database.read_url: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, and a url \
          of PostgreSQL beside it"
        ]
    );
    case("listen: 127.0.0.1:0\nprivate_listen: 127.0.0.1:0").settings();
}

#[test]
fn a_key_given_twice_is_told_at_its_second_place() {
    let yaml = "log:\n  level: info\n  level: debug\nroles: [jobs, {a: 1, a: 2}]\n";
    let faults = case(yaml).faults();
    assert!(faults[0].starts_with("comporta.yaml:3:3: log.level: duplicate key, first at "), "{faults:?}");
    assert!(faults[0].ends_with("comporta.yaml:2:3"), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.starts_with("comporta.yaml:4:22: roles[1].a: duplicate key")));
}

#[test]
fn text_that_is_no_yaml_is_told_with_line_and_column() {
    for (yaml, place) in [
        ("database:\n\turl: x\n", "comporta.yaml:2:2: not YAML: tabs disallowed"),
        ("log: {format: json\nlisten: x\n", "comporta.yaml:2:7: not YAML: "),
        ("listen: \"127.0.0.1\n", "comporta.yaml:1:9: not YAML: while scanning a quoted scalar"),
        ("listen: a\n  b: c\n", "comporta.yaml:2:4: not YAML: mapping values are not allowed"),
        ("listen: *nobody\n", "comporta.yaml:1:9: not YAML: "),
        ("- listen\n", "comporta.yaml:1:1: expected settings by name"),
        ("hello", "comporta.yaml:1:1: expected settings by name"),
        ("log: !!str x\n", "comporta.yaml:1:6: log: tags"),
        ("? [a]\n: b\n", "comporta.yaml:1:3: a key must be plain text"),
        ("listen: a\n---\nlisten: b\n", "comporta.yaml:2:1: one document is expected"),
        ("log: &loop [*loop]\n", "comporta.yaml:1:13: log[0]: an alias inside of what it stands for"),
    ] {
        let faults = case(yaml).faults();
        assert!(faults.len() == 1 && faults[0].starts_with(place), "{yaml:?} gave {faults:?}");
    }
}

#[test]
fn the_environment_is_checked_even_beside_a_file_that_is_no_yaml() {
    let faults = case("log: {").environment(&[("COMPORTA_WORKERS", "x")]).faults();
    assert!(
        faults[0].contains("not YAML") && faults[1].starts_with("COMPORTA_WORKERS: workers:"),
        "{faults:?}"
    );
}

#[test]
fn a_file_made_to_exhaust_memory_is_refused() {
    let mut bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}, ", level - 1).repeat(8);
        bomb.push_str(&format!("a{level}: &a{level} [{alias}]\n"));
    }
    assert!(case(&bomb).faults()[0].contains("too much for settings"));
    let mut chain = "a0: &a0 [1]\n".to_owned();
    for level in 1..5000 {
        chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert!(case(&chain).faults()[0].contains("too much for settings"));
    assert!(case(&"[".repeat(100)).faults()[0].contains("too much for settings"));
    assert_eq!(case(&"#".repeat(1 << 21)).faults(), ["comporta.yaml: cannot be read: larger than 1 MiB"]);
    let many: String = (0..5000).map(|key| format!("key{key}: 1\n")).collect();
    assert_eq!(case(&many).faults().len(), 100, "a hundred faults are enough to begin with");
}

#[test]
fn a_file_that_is_not_there_is_a_fault() {
    let case = case("");
    fs::remove_file(case.file()).unwrap();
    assert!(case.faults()[0].starts_with("comporta.yaml: cannot be read: No such file"));
}

#[test]
fn a_collector_that_could_not_be_called_is_a_fault() {
    let yaml = "\
tracing:
  otlp: http://collector:4318/?tenant=1
  service_name: ' '
  headers:
    api key: x
    api-key: \"hunter2\\n\"
";
    assert_eq!(
        case(yaml).faults(),
        [
            "comporta.yaml:2:9: tracing.otlp: expected a URL without a query",
            "comporta.yaml:3:17: tracing.service_name: expected a name",
            "comporta.yaml:5:14: tracing.headers.api key: expected the name of a header",
            "comporta.yaml:6:14: tracing.headers.api-key: expected the value of a header: visible characters",
        ]
    );
    let port_alone = case("tracing: {otlp: 'collector:4318', sample: 0.5}").faults();
    assert_eq!(
        port_alone,
        [
            "comporta.yaml:1:17: tracing.otlp: expected a URL such as http://10.0.1.5:8000 or \
             https://login.example.com",
            "comporta.yaml:1:43: tracing.sample: expected a share such as 20%",
        ]
    );
}

#[test]
fn a_fault_stays_on_its_line_whatever_a_key_holds() {
    assert_eq!(
        case(r#"docs: {"a\nlisten\x1b[2J\x85": 1}"#).faults(),
        [
            r"comporta.yaml:1:8: docs.a\nlisten\u{1b}[2J\u{85}: unknown field `a\nlisten\u{1b}[2J\u{85}`, expected one of auth"
        ]
    );
}

#[test]
fn what_is_missing_at_the_end_is_told_within_the_file() {
    for (yaml, place) in
        [("log: {level: info", "1:18"), ("log:\r\n  {level: info\n", "3:1"), ("a: [\u{ed}", "1:6")]
    {
        let faults = case(yaml).faults();
        assert!(faults[0].starts_with(&format!("comporta.yaml:{place}: not YAML: ")), "{faults:?}");
    }
}
