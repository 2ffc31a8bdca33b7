//! `comporta boleto` and `comporta pix`, as a shell runs them, on what others published.

#![expect(clippy::unwrap_used, reason = "in a test it is the failure")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

const BOLETOS: &str = include_str!("../../boletos/tests/fixtures/boletos.txt");
const BR_CODES: &str = include_str!("../../boletos/tests/fixtures/br_codes.txt");

/// The exit code, and what was printed.
fn run(arguments: &[&str], input: &str) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comporta"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn json_of(arguments: &[&str], input: &str) -> (i32, Value) {
    let (code, text) = run(arguments, input);
    (code, serde_json::from_str(&text).unwrap())
}

fn error_of(arguments: &[&str], input: &str) -> String {
    let (code, answer) = json_of(arguments, input);
    assert_eq!((code, answer.as_object().map(Map::len)), (2, Some(1)), "{answer}");
    answer["error"].as_str().unwrap().to_owned()
}

/// Barcode, line, due date, amount, and the fields: see the fixture.
fn boletos() -> impl Iterator<Item = ([&'static str; 4], Map<String, Value>)> {
    BOLETOS.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut words = line.split(' ');
        let head = [(); 4].map(|()| words.next().unwrap());
        let fields = words.map(|word| word.split_once('=').unwrap());
        (head, fields.map(|(name, value)| (name.to_owned(), value.into())).collect())
    })
}

#[test]
fn published_boletos_are_decoded_from_line_and_barcode() {
    let mut seen = Vec::new();
    for ([barcode, line, due, amount], _) in boletos() {
        // Each bank's first of both kinds: a process each, of which there are enough.
        let kind = (&barcode[..3], due == "-");
        if seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        let on = if due == "-" { "2012-01-01" } else { due };
        let (code, answer) = json_of(&["boleto", "decode", line, "--on", on], "");
        assert_eq!((code, answer.as_object().unwrap().len()), (0, 7));
        assert_eq!(json_of(&["boleto", "decode", barcode, "--on", on], ""), (0, answer.clone()));
        assert_eq!(answer["kind"], "boleto");
        assert_eq!(answer["bank"], barcode[..3]);
        assert_eq!(answer["free_field"], barcode[19..]);
        assert_eq!((&answer["barcode"], &answer["digitable_line"]), (&json!(barcode), &json!(line)));
        assert_eq!(answer["amount"], amount);
        if due != "-" {
            assert_eq!(answer["due_date"], due);
        }
    }
    assert!(seen.len() > 25, "{seen:?}");
}

#[test]
fn published_boletos_are_encoded_many_at_once_or_one_by_one() {
    let (mut given, mut expected) = (Vec::new(), Vec::new());
    for ([barcode, line, due, amount], mut fields) in boletos() {
        if !fields.contains_key("our_number") || fields.remove("disputed").is_some() {
            continue;
        }
        fields.remove("printed");
        fields.extend(
            [("bank", &barcode[..3]), ("amount", amount), ("due_date", due)]
                .map(|(name, value)| (name.to_owned(), value.into())),
        );
        given.push(Value::Object(fields.clone()));
        fields.extend(
            [("barcode", barcode), ("digitable_line", line)]
                .map(|(name, value)| (name.to_owned(), value.into())),
        );
        expected.push(Value::Object(fields));
    }
    assert_eq!(given.len(), 128);
    let (code, answer) = json_of(&["boleto", "encode"], &json!(given).to_string());
    assert_eq!((code, &answer), (0, &json!(expected)));
    assert_eq!(json_of(&["boleto", "encode"], &given[7].to_string()), (0, expected[7].clone()));
}

#[test]
fn the_day_of_reading_says_which_due_date_is_meant() {
    // Factor 1539: in the first count, or in the second.
    let line = boletos().find(|([_, _, due, _], _)| *due == "2026-08-15").unwrap().0[1];
    let due = |on: &str| json_of(&["boleto", "decode", line, "--on", on], "").1["due_date"].clone();
    assert_eq!(due("2002-01-01"), "2001-12-24");
    assert_eq!(due("2026-11-21"), "2026-08-15");
    assert_eq!(due("2049-01-01"), Value::Null);
}

#[test]
fn what_is_no_boleto_is_refused_as_json_with_exit_code_2() {
    for (code, part) in [
        ("00194373700000001000500940144816060680935031", "check digit of the barcode is 4"),
        ("00190500964014481606906809350314337370000000100", "field 1 is 6"),
        ("836600000050096000190009000801782308000343062712", "48 digits"),
        ("83860000005096000190000008017823000034306271", "not a boleto of a bank"),
        ("hello", "47 digits"),
    ] {
        let error = error_of(&["boleto", "decode", code], "");
        assert!(error.contains(part), "{code}: {error}");
    }
    let good = json!({"bank": "341", "agency": 1234, "account": "56789", "account_digit": "0", "wallet": "109",
        "our_number": "223346", "amount": 150, "due_date": "2026-12-10"});
    let (code, answer) = json_of(&["boleto", "encode"], &good.to_string());
    assert_eq!((code, &answer["amount"], &answer["agency"]), (0, &json!("150.00"), &json!("1234")));
    for (field, value, part) in [
        ("bank", json!("999"), "bank: expected the three digits of a bank"),
        ("agency", json!("12345"), "agency: expected at most 4 digits"),
        ("wallet", Value::Null, "wallet: this bank needs it"),
        ("our_number", json!("123456789"), "our_number: expected at most 8 digits"),
        ("our_number", json!("109/00223346-1"), "our_number: expected at most 8 digits"),
        ("amount", json!("100000000.00"), "amount: expected an amount of at most 99999999.99"),
        ("amount", json!("-1.00"), "amount: expected an amount of at least 0.01"),
        ("amount", json!("1.005"), "at most two decimals"),
        ("due_date", json!("2049-10-14"), "due_date: expected a due date until 2049-10-13"),
        ("due_date", json!("2026-02-30"), "expected a calendar day"),
        ("colour", json!("blue"), "unknown field `colour`"),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let error = error_of(&["boleto", "encode"], &wrong.to_string());
        assert!(error.contains(part), "{field}: {error}");
        let error = error_of(&["boleto", "encode"], &json!([good, wrong]).to_string());
        assert!(error.starts_with("[1] ") && error.contains(part), "{field}: {error}");
    }
    error_of(&["boleto", "encode"], "");
}

#[test]
fn published_codes_of_pix_are_decoded() {
    for line in BR_CODES.lines().filter(|line| !line.starts_with('#')) {
        let (payload, fields) = line.split_once('\t').unwrap();
        let mut fields: Map<String, Value> = serde_json::from_str(fields).unwrap();
        let dynamic = fields.remove("dynamic").unwrap() == true;
        let recurrence = fields.remove("recurrence").unwrap();
        if fields["amount"] == "100" {
            fields["amount"] = "100.00".into();
        }
        fields.insert("recurrence_url".to_owned(), recurrence);
        fields.insert("kind".to_owned(), if dynamic { "dynamic" } else { "static" }.into());
        fields.insert("crc_ok".to_owned(), true.into());
        assert_eq!(json_of(&["pix", "decode", payload], ""), (0, Value::Object(fields)), "{payload}");
    }
}

#[test]
fn codes_of_pix_are_encoded_and_what_makes_none_is_refused() {
    let payload = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de \
                   Tal6008BRASILIA62070503***63041D3D";
    let key = json!({"key": "123e4567-e12b-12d1-a456-426655440000", "merchant_name": "Fulano de Tal", "city": "BRASILIA"});
    assert_eq!(run(&["pix", "encode"], &key.to_string()), (0, format!("{payload}\n")));
    // What was decoded is encoded to the same.
    let (_, decoded) = run(&["pix", "decode", payload], "");
    assert_eq!(run(&["pix", "encode"], &decoded), (0, format!("{payload}\n")));
    let url = json!({"url": "payload.psp.com/3ec9d2f9-5f03-4e0e-820d-63a81e769e87", "merchant_name": "THALES OGLIARI",
        "city": "SÃO MIGUÉL DO O"});
    assert_eq!(
        run(&["pix", "encode"], &url.to_string()).1.trim_end(),
        "00020101021226740014br.gov.bcb.pix2552payload.psp.com/3ec9d2f9-5f03-4e0e-820d-63a81e769e875204000053039865802BR5914THALES \
         OGLIARI6015SAO MIGUEL DO O62070503***63042895"
    );
    for (base, field, value, part) in [
        (&key, "url", json!("a.b/c"), "key, url: expected one of them"),
        (&key, "key", Value::Null, "key, url: expected one of them"),
        (&key, "kind", json!("dynamic"), "kind: expected static"),
        (&key, "one_time", json!(true), "one_time:"),
        (&key, "txid", json!("id-transacao"), "txid:"),
        (&key, "currency", json!("840"), "currency, country:"),
        (&key, "city", json!("São José dos Campos"), "city: expected 1 to 15 signs"),
        (&key, "amount", json!("0.00"), "amount: expected 0.01"),
        (&url, "amount", json!("1.00"), "the payee's bank tells them"),
        (&url, "url", json!("https://a.b/c"), "without https://"),
    ] {
        let mut wrong = base.clone();
        wrong[field] = value;
        let error = error_of(&["pix", "encode"], &wrong.to_string());
        assert!(error.contains(part), "{field}: {error}");
    }
    assert!(error_of(&["pix", "decode", "00020126"], "").contains("not a BR Code"));
    assert_eq!(json_of(&["pix", "decode", &payload.replace("1D3D", "0000")], "").1["crc_ok"], false);
}
