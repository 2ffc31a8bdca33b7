//! Rows of debts, good and bad.

use super::check::amount;
use super::*;

const HEAD: &[u8] = b"name,governmentId,email,debtAmount,debtDueDate,debtId\n";

fn read(rows: &str) -> Reading {
    read_bytes(rows.as_bytes(), DocumentProfile::Any)
}

fn read_bytes(rows: &[u8], documents: DocumentProfile) -> Reading {
    let layout = Layout::read(HEAD).unwrap();
    Reading::read(rows, 2, &layout, documents, "2026-11-21".parse().unwrap())
}

fn told(reading: &Reading) -> Vec<(u64, &'static str, &'static str)> {
    let problems = reading.problems.iter();
    problems
        .map(|Problem(line, column, code)| (*line, column.map_or("", Column::name), code.as_str()))
        .collect()
}

#[test]
fn a_row_of_the_challenge_is_a_debt() {
    let reading = read(
        "John Doe,11111111111,johndoe@kanastra.com.br,1000000.00,2022-10-12,1adb6ccf-ff16-467f-bea7-5f05d494280f \n",
    );
    let (debt, line, warning) = reading.debts.get(0).unwrap();
    assert_eq!(
        (debt.name, debt.document, debt.email),
        ("John Doe", "11111111111", Some("johndoe@kanastra.com.br"))
    );
    assert_eq!(
        (debt.amount.money().to_string().as_str(), debt.due.to_string().as_str()),
        ("1000000.00", "2022-10-12")
    );
    assert_eq!((debt.id, line, warning), ("1adb6ccf-ff16-467f-bea7-5f05d494280f", 2, None));
    let integer = read("Samuel Orr,5486,linmichael@example.com,5662,2023-02-25,acc1\r\n");
    assert_eq!(integer.debts.get(0).unwrap().0.amount.centavos(), 566_200);
}

#[test]
fn a_row_without_a_day_is_no_debt_whatever_stands_above_it() {
    for rows in ["a,1,,10,,1\n", "a,1,,10,2026-12-01,1\na,1,,10, ,2\n"] {
        let reading = read(rows);
        assert_eq!(
            told(&reading).last().map(|told| (told.1, told.2)),
            Some(("debtDueDate", "missing")),
            "{rows}"
        );
    }
}

#[test]
fn lengths_are_counted_in_characters() {
    let (name, longer) = ("é".repeat(200), "é".repeat(201));
    let reading = read(&format!("{name},1,,10,2026-12-01,1\n{longer},1,,10,2026-12-01,2\n"));
    assert_eq!(reading.debts.get(0).unwrap().0.name, name);
    assert_eq!(told(&reading), [(3, "name", "too_long")]);
}

#[test]
fn each_bad_row_is_told_by_its_line_and_its_first_fault() {
    let rows = "a,1,a@b.co,10,2026-01-01,1\n\
                a,1,a@b.co,10,2026-01-01\n\
                ,1,a@b.co,10,2026-01-01,3\n\
                a,1,a@b.co,10.001,2026-01-01,4\n\
                a,1,a@b.co,0,2026-01-01,5\n\
                \n\
                a,1,a@b.co,10,2026-02-30,6\n\
                a,1,a@b.co,10,2041-12-13,7\n\
                a,1,a@b.co,10,1999-01-01,8\n\
                \"a\nb\",1,a@b.co,10,2026-01-01,9\n\
                a,1,a@b.co,10,2026-01-01,\n";
    let reading = read(rows);
    assert_eq!(
        told(&reading),
        [
            (3, "", "wrong_field_count"),
            (4, "name", "missing"),
            (5, "debtAmount", "invalid_amount"),
            (6, "debtAmount", "amount_out_of_range"),
            (8, "debtDueDate", "invalid_date"),
            (9, "debtDueDate", "date_out_of_range"),
            (10, "debtDueDate", "date_out_of_range"),
            (11, "name", "control_character"),
            (13, "debtId", "missing"),
        ]
    );
    assert_eq!(reading.debts.len(), 1);
}

#[test]
fn of_one_debt_the_first_row_stands() {
    let reading =
        read("a,1,,10,2026-01-01,z\nb,1,,10,2026-01-01,y\na,1,,10.00,2026-01-01,z\na,1,,11,2026-01-01,z\n");
    let ids: Vec<_> =
        (0..9).map_while(|at| reading.debts.get(at)).map(|(debt, line, _)| (debt.id, line)).collect();
    assert_eq!(ids, [("y", 3), ("z", 2)]);
    assert_eq!(told(&reading), [(4, "debtId", "duplicate"), (5, "debtId", "conflict")]);
    assert_eq!((reading.debts.up_to("x"), reading.debts.up_to("y"), reading.debts.up_to("zz")), (0, 1, 2));
}

#[test]
fn a_bad_address_is_warned_of_and_left_out() {
    let reading = read("a,1,,10,2026-01-01,1\na,1,nowhere,10,2026-01-01,2\na,1,a@b.co,10,2026-01-01,3\n");
    let emails: Vec<_> =
        (0..3).filter_map(|at| reading.debts.get(at)).map(|(debt, _, code)| (debt.email, code)).collect();
    assert_eq!(
        emails,
        [(None, Some(Code::NoEmail)), (None, Some(Code::InvalidEmail)), (Some("a@b.co"), None)]
    );
}

#[test]
fn text_is_utf_8_or_else_latin_1() {
    let rows =
        b"Jo\xE3o,1,,10,2026-01-01,1\nJo\xC3\xA3o,1,,10,2026-01-01,2\nD\x92\xC1vila,1,,10,2026-01-01,3\n";
    let reading = read_bytes(rows, DocumentProfile::Any);
    let names: Vec<_> =
        (0..3).filter_map(|at| reading.debts.get(at)).map(|(debt, ..)| debt.name.to_owned()).collect();
    assert_eq!(names, ["João", "João", "D’Ávila"]);
}

#[test]
fn documents_are_checked_only_when_asked() {
    let rows = b"a,9558,,10,2026-01-01,1\nb,529.982.247-25,,10,2026-01-01,2\n";
    assert_eq!(read_bytes(rows, DocumentProfile::Any).debts.len(), 2);
    assert_eq!(told(&read_bytes(rows, DocumentProfile::Valid)), [(2, "governmentId", "invalid_document")]);
}

#[test]
fn amounts_are_exact_or_refused() {
    for (text, centavos) in [
        ("7811", 781_100),
        ("0.01", 1),
        ("1000000.00", 100_000_000),
        ("99999999.99", 9_999_999_999),
        ("1.5", 150),
        ("2.500", 250),
    ] {
        assert_eq!(amount(text.as_bytes()).map(Amount::centavos), Ok(centavos), "{text}");
    }
    for (text, code) in [
        ("", Code::Missing),
        ("0.00", Code::AmountOutOfRange),
        ("-1", Code::AmountOutOfRange),
        ("100000000", Code::AmountOutOfRange),
        ("99999999999999999999", Code::AmountOutOfRange),
        ("1,50", Code::InvalidAmount),
        ("1.005", Code::InvalidAmount),
        ("1e2", Code::InvalidAmount),
        ("R$ 5", Code::InvalidAmount),
        (".5", Code::InvalidAmount),
        ("007", Code::InvalidAmount),
    ] {
        assert_eq!(amount(text.as_bytes()), Err(code), "{text}");
    }
}
