//! Traces from other systems, sound and not.

use proptest::prelude::*;

use super::*;

const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const SPAN: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 0xff];

fn headers(pairs: &[(&'static str, &str)]) -> Headers {
    let mut headers = Headers::new();
    for &(name, value) in pairs {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    headers
}

/// The trace gone on with, unless a new one begins.
fn told(pairs: &[(&'static str, &str)]) -> Option<TraceContext> {
    let context = TraceContext::of(&headers(pairs), || [0xab; 16]);
    (context.origin != Origin::Gateway).then_some(context)
}

fn w3c(value: &str) -> Option<TraceContext> {
    told(&[("traceparent", value)])
}

fn x_ray(value: &str) -> Option<TraceContext> {
    told(&[("x-amzn-trace-id", value)])
}

fn child(context: &TraceContext, pairs: &[(&'static str, &str)]) -> Headers {
    let mut headers = headers(pairs);
    context.child(SPAN, &mut headers);
    headers
}

#[test]
fn a_callers_trace_is_gone_on_with() {
    let context = w3c(&format!("00-{ID}-{PARENT}-01")).unwrap();
    assert_eq!(context.trace_id_hex().as_str(), ID);
    assert_eq!(context.parent, Some([0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]));
    assert_eq!((context.sampled, context.origin), (Some(true), Origin::Traceparent));
    let sent = [("traceparent", "old"), ("tracestate", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")];
    let upstream = child(&context, &sent);
    assert_eq!(upstream["traceparent"], format!("00-{ID}-01020304050607ff-01"));
    assert_eq!(upstream["tracestate"], "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
    assert!(!upstream.contains_key("x-amzn-trace-id"));
}

#[test]
fn only_flags_that_are_known_are_passed_on() {
    for (flags, passed) in
        [("00", "00"), ("01", "01"), ("02", "02"), ("03", "03"), ("ff", "03"), ("fc", "00")]
    {
        let context = w3c(&format!("00-{ID}-{PARENT}-{flags}")).unwrap();
        assert_eq!(
            child(&context, &[])["traceparent"],
            format!("00-{ID}-01020304050607ff-{passed}"),
            "{flags}"
        );
    }
}

#[test]
fn later_versions_are_read_as_far_as_they_are_known() {
    for later in [
        format!("01-{ID}-{PARENT}-01"),
        format!("cc-{ID}-{PARENT}-01-what-ever"),
        format!("fe-{ID}-{PARENT}-01-"),
    ] {
        let context = w3c(&later).unwrap();
        assert_eq!(child(&context, &[])["traceparent"], format!("00-{ID}-01020304050607ff-01"), "{later}");
    }
}

#[test]
fn a_malformed_trace_is_none() {
    let zero_id = "0".repeat(32);
    for wrong in [
        String::new(),
        "00".to_owned(),
        format!("00-{ID}-{PARENT}"),
        format!("00-{ID}-{PARENT}-1"),
        format!("00-{ID}-{PARENT}-01-"),
        format!("00-{ID}-{PARENT}-01-what"),
        format!("ff-{ID}-{PARENT}-01"),
        format!("01-{ID}-{PARENT}-01what"),
        format!("0x-{ID}-{PARENT}-01"),
        format!("00-{}-{PARENT}-01", ID.to_uppercase()),
        format!("00-{zero_id}-{PARENT}-01"),
        format!("00-{ID}-0000000000000000-01"),
        format!("00_{ID}_{PARENT}_01"),
        format!("00-{ID}-{PARENT}-0g"),
        format!(" 00-{ID}-{PARENT}-01"),
    ] {
        assert_eq!(w3c(&wrong), None, "{wrong}");
    }
    let sound = format!("00-{ID}-{PARENT}-01");
    assert_eq!(told(&[("traceparent", &sound), ("traceparent", &sound)]), None);
    assert_eq!(told(&[]), None);
}

#[test]
fn x_rays_header_tells_of_the_same_trace() {
    let root = "1-5759e988-bd862e3fe1be46a994272793";
    let id = "5759e988bd862e3fe1be46a994272793";
    let context =
        x_ray(&format!("Self=1-1-1; Sampled=1;Parent=53995c3f42cd8ad8;Root={root};Lineage=a:b")).unwrap();
    assert_eq!(context.trace_id_hex().to_string(), id);
    assert_eq!((context.sampled, context.origin), (Some(true), Origin::XRay));
    assert!(context.parent.is_some());
    let upstream = child(&context, &[("x-amzn-trace-id", "old"), ("tracestate", "a=1")]);
    assert_eq!(upstream["x-amzn-trace-id"], format!("Root={root};Parent=01020304050607ff;Sampled=1"));
    assert_eq!(upstream["traceparent"], format!("00-{id}-01020304050607ff-01"));
    assert!(!upstream.contains_key("tracestate"));
    assert_eq!(x_ray(&format!("Root={root}")).unwrap().parent, None);
    for wrong in [
        "",
        "Root=",
        "Root=2-5759e988-bd862e3fe1be46a994272793",
        "Root=1-5759e988-bd86",
        "Root=1-5759e988bd862e3fe1be46a994272793",
        "Parent=53995c3f42cd8ad8",
        "Root=1-00000000-000000000000000000000000",
    ] {
        assert_eq!(x_ray(wrong), None, "{wrong}");
    }
}

#[test]
fn a_caller_may_leave_open_whether_a_trace_is_recorded() {
    let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
    for (more, sampled, passed) in [
        ("", None, "1"),
        (";Sampled=?", None, "1"),
        (";Sampled=1", Some(true), "1"),
        (";Sampled=0", Some(false), "0"),
    ] {
        let context = x_ray(&format!("{root}{more}")).unwrap();
        assert_eq!(context.sampled, sampled, "{more}");
        let upstream = child(&context, &[("x-amzn-trace-id", "old")]);
        assert!(upstream["x-amzn-trace-id"].to_str().unwrap().ends_with(&format!(";Sampled={passed}")));
    }
    let decided = TraceContext { sampled: Some(false), ..x_ray(root).unwrap() };
    assert_eq!(child(&decided, &[])["traceparent"].to_str().unwrap().split('-').next_back(), Some("00"));
}

#[test]
fn of_two_headers_the_standard_one_counts_and_both_leave_alike() {
    let sent = [
        ("traceparent", format!("00-{ID}-{PARENT}-00")),
        ("x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1".to_owned()),
    ];
    let sent = sent.each_ref().map(|(name, value)| (*name, value.as_str()));
    let context = told(&sent).unwrap();
    let upstream = child(&context, &sent);
    assert_eq!(upstream["traceparent"], format!("00-{ID}-01020304050607ff-00"));
    assert_eq!(
        upstream["x-amzn-trace-id"],
        format!("Root=1-{}-{};Parent=01020304050607ff;Sampled=0", &ID[..8], &ID[8..])
    );
}

#[test]
fn a_new_trace_takes_nothing_from_a_malformed_one() {
    let sent = [("traceparent", "junk"), ("tracestate", "a=1"), ("x-amzn-trace-id", "junk")];
    let context = TraceContext::of(&headers(&sent), || [0xab; 16]);
    assert_eq!((context.origin, context.parent), (Origin::Gateway, None));
    let upstream = child(&context, &sent);
    let id = "ab".repeat(16);
    assert_eq!(upstream["traceparent"], format!("00-{id}-01020304050607ff-03"));
    assert!(!upstream.contains_key("tracestate"));
    assert_eq!(
        upstream["x-amzn-trace-id"],
        format!("Root=1-abababab-{};Parent=01020304050607ff;Sampled=1", &id[8..])
    );
}

#[test]
fn other_systems_state_is_passed_on_within_bounds() {
    let context = w3c(&format!("00-{ID}-{PARENT}-01")).unwrap();
    let passed = |lines: &[&str]| {
        let lines: Vec<_> = lines.iter().map(|line| ("tracestate", *line)).collect();
        let upstream = child(&context, &lines);
        let values: Vec<_> = upstream.get_all("tracestate").collect();
        assert!(values.len() <= 1);
        values.first().map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(passed(&["a=1, b=2 ,"]).as_deref(), Some("a=1, b=2 ,"));
    assert_eq!(passed(&["a=1", "t@sys=x y"]).as_deref(), Some("a=1,t@sys=x y"));
    for malformed in ["a", "=1", "a=", "A=1", "a=1=2", "a b=1"] {
        assert_eq!(passed(&["ok=1", malformed]), None, "{malformed}");
    }
    let short = |name: &str| format!("{name}={}", "x".repeat(98));
    let long = format!("long={}", "x".repeat(200));
    let all = [short("a"), long, short("b"), short("c"), short("d"), short("e")].join(",");
    let kept = [short("a"), short("b"), short("c"), short("d"), short("e")].join(",");
    assert_eq!(passed(&[&all]), Some(kept));
    let many: Vec<String> = (0..40).map(|number| format!("k{number}=1")).collect();
    assert_eq!(passed(&[&many.join(",")]), Some(many[..32].join(",")));
    let six = ["a", "b", "c", "d", "e", "f"].map(short);
    assert_eq!(passed(&[&six.join(",")]), Some(six[..5].join(",")));
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(id in any::<[u8; 16]>(), sampled in any::<bool>(), x_ray in any::<bool>()) {
        prop_assume!(id != [0; 16]);
        let context = TraceContext { sampled: Some(sampled), ..TraceContext::of(&Headers::new(), || id) };
        let mut headers = child(&context, &[("x-amzn-trace-id", "")]);
        if x_ray {
            headers.remove("traceparent");
        }
        let read = TraceContext::of(&headers, || [0; 16]);
        prop_assert_eq!((read.trace_id, read.parent, read.sampled), (id, Some(SPAN), Some(sampled)));
    }

    #[test]
    fn no_header_upsets_the_reader(
        name in prop::sample::select(vec!["traceparent", "tracestate", "x-amzn-trace-id"]),
        value in "[ -~]{0,80}|[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[ -~]{0,4}",
    ) {
        let context = TraceContext::of(&headers(&[(name, &value)]), || [1; 16]);
        let context = TraceContext { origin: Origin::Traceparent, ..context };
        let upstream = child(&context, &[(name, &value)]);
        prop_assert!(upstream.get("tracestate").is_none_or(|state| state.len() <= 512));
    }
}
