//! Accounts say which of their fields a bank does not take, and number their boletos.

#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test they are the failure")]

use comporta_boletos::model::{AccountFields, Bank, BankAccount, Field, IssueError, NumberError, Title};
use comporta_kernel::BusinessDate;

/// An account that every bank takes, but for what is said to be other.
fn usual(bank: &'static str) -> AccountFields<'static> {
    let wallet = match bank {
        "077" => "110",
        "104" => "14",
        "336" => "10",
        "399" => "CNR",
        "041" | "070" | "745" | "748" | "756" => "1",
        _ => "17",
    };
    AccountFields {
        bank,
        agency: Some("123"),
        account: Some("12345"),
        account_digit: if bank == "085" { None } else { Some("7") },
        wallet: Some(wallet),
        agreement: Some(if bank == "001" { "1234567" } else { "12345" }),
        beneficiary: if bank == "097" { Some("11222333000181") } else { None },
        variation: if bank == "745" { Some("12") } else { None },
        operation: Some("1234567"),
        post: Some("05"),
        ..AccountFields::default()
    }
}

fn account(fields: &AccountFields<'_>) -> BankAccount {
    BankAccount::parse(fields).unwrap_or_else(|error| panic!("{fields:?}: {error}"))
}

fn day(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

fn title() -> Title<'static> {
    Title { due: day("2026-12-10"), issued: day("2026-11-22"), document_number: None }
}

#[test]
fn every_bank_numbers_from_one_to_its_last_digit_and_reads_back_what_it_prints() {
    for bank in Bank::ALL {
        let account = account(&usual(bank.code()));
        assert_eq!(account.bank(), *bank);
        assert!(account.printed_account().contains("123") && !account.printed_wallet().is_empty(), "{bank}");
        let NumberError::OutOfSequence { most, .. } = account.number(0, title().issued).unwrap_err() else {
            panic!("{bank}")
        };
        for sequence in [1, 2, most / 2, most] {
            let number = account.number(sequence, title().issued).unwrap();
            let printed = account.printed_number(number, &title());
            assert_eq!(account.read_number(&printed, &title()), Ok(number), "{bank} {printed}");
            assert_eq!(account.read_number(&number.to_string(), &title()), Ok(number), "{bank} {number}");
            assert!(account.free_field(number, &title()).unwrap().iter().all(u8::is_ascii_digit), "{bank}");
        }
        assert!(account.number(most + 1, title().issued).is_err(), "{bank}");
        for wrong in ["", "-", "x", "1234567890123456789012345678901234567890123"] {
            assert!(account.read_number(wrong, &title()).is_err(), "{bank} {wrong}");
        }
    }
}

#[test]
fn a_bank_says_which_field_it_does_not_take() {
    type Change = fn(&mut AccountFields<'static>);
    let wrong: [(&str, Field, Change); 24] = [
        ("999", Field::Bank, |_| ()),
        ("001", Field::Agreement, |fields| fields.agreement = Some("12345")),
        ("001", Field::AccountDigit, |fields| fields.account_digit = Some("Y")),
        ("004", Field::AccountDigit, |fields| fields.account_digit = Some("X")),
        ("033", Field::Agreement, |fields| fields.agreement = Some("12345678")),
        ("033", Field::Variation, |fields| fields.variation = Some("3")),
        ("041", Field::Agreement, |fields| fields.agreement = Some("9999123456063")),
        ("077", Field::Wallet, |fields| fields.wallet = Some("109")),
        ("085", Field::AccountDigit, |fields| fields.account_digit = Some("1")),
        ("097", Field::Beneficiary, |fields| fields.beneficiary = None),
        ("104", Field::Wallet, |fields| fields.wallet = Some("34")),
        ("104", Field::Agreement, |fields| fields.agreement = Some("1000000")),
        ("104", Field::BeneficiaryDigit, |fields| fields.beneficiary_digit = Some("9")),
        ("136", Field::Account, |fields| fields.account = Some("1234567890")),
        ("237", Field::Agency, |fields| fields.agency = Some("1234-5")),
        ("237", Field::Wallet, |fields| fields.wallet = Some(" ")),
        ("336", Field::Wallet, |fields| fields.wallet = Some("30")),
        ("341", Field::Variation, |fields| fields.variation = Some("long")),
        ("399", Field::Wallet, |fields| fields.wallet = Some("CSB")),
        ("707", Field::Operation, |fields| fields.operation = None),
        ("748", Field::Wallet, |fields| fields.wallet = Some("2")),
        ("748", Field::IdByte, |fields| fields.id_byte = Some("0")),
        ("756", Field::Agency, |fields| fields.agency = Some("12345")),
        // Nothing that Safra's barcode holds, but it may be printed.
        ("422", Field::Beneficiary, |fields| fields.beneficiary = Some("<script>")),
    ];
    for (bank, field, change) in wrong {
        let mut fields = usual(bank);
        change(&mut fields);
        let error = BankAccount::parse(&fields).unwrap_err();
        assert_eq!(error.field, field, "{bank}: {error}");
        assert!(error.to_string().starts_with(field.name()), "{error}");
    }
}

#[test]
fn sicredi_numbers_by_year_and_goes_on_with_the_next_byte() {
    let account = account(&usual("748"));
    let number = |sequence, issued| account.number(sequence, day(issued)).unwrap().to_string();
    assert_eq!(number(1, "2026-11-22"), "26200001");
    assert_eq!(number(99_999, "2026-11-22"), "26299999");
    assert_eq!(number(100_000, "2027-01-02"), "27300001");
    assert_eq!(account.read_number("7", &title()).unwrap().to_string(), "26200007");
}

#[test]
fn numbers_that_the_bank_gives_are_taken_and_not_made() {
    let inter = account(&AccountFields { wallet: Some("112"), ..usual("077") });
    assert_eq!(inter.number(1, title().issued), Err(NumberError::GivenByTheBank));
    assert_eq!(inter.read_number("4309540", &title()).unwrap().value(), 4_309_540);
    let banco_do_brasil =
        account(&AccountFields { agreement: Some("123456"), wallet: Some("18"), ..usual("001") });
    let given = banco_do_brasil.read_number("98765432109876543", &title()).unwrap();
    assert_eq!(banco_do_brasil.free_field(given, &title()).unwrap(), *b"1234569876543210987654321");
}

#[test]
fn a_given_number_with_a_wrong_check_digit_is_refused() {
    let itau = account(&AccountFields {
        agency: Some("1234"),
        account: Some("56789"),
        account_digit: Some("0"),
        wallet: Some("109"),
        ..usual("341")
    });
    for right in ["223346", "00223346", "00223346-0", "109/00223346-0", "109002233460"] {
        assert_eq!(itau.read_number(right, &title()).map(|number| number.value()), Ok(223_346), "{right}");
    }
    for wrong in ["00223346-1", "108/00223346-0", "1109/00223346-0", "002233460,0"] {
        assert_eq!(itau.read_number(wrong, &title()), Err(NumberError::Form { width: 8 }), "{wrong}");
    }
}

/// Banks and libraries differ about the wallets of direct collection: see ADR 0023.
#[test]
fn the_digit_of_itaus_direct_wallets_can_be_told() {
    let printed = |wallet, variation| {
        let fields = AccountFields { wallet: Some(wallet), variation, ..usual("341") };
        let account = account(&fields);
        account.printed_number(account.number(223_347, title().issued).unwrap(), &title())
    };
    assert_eq!(printed("112", None), printed("112", Some("short")));
    assert_ne!(printed("112", None), printed("112", Some("full")));
    assert_eq!(printed("109", None), printed("109", Some("full")));
}

#[test]
fn wallets_of_itau_that_carry_the_document_number_need_it() {
    let account = account(&AccountFields { wallet: Some("196"), ..usual("341") });
    let number = account.number(1, title().issued).unwrap();
    for document_number in [None, Some("12345678"), Some("A1")] {
        let title = Title { document_number, ..title() };
        assert_eq!(account.free_field(number, &title), Err(IssueError::DocumentNumber));
    }
    assert!(account.free_field(number, &Title { document_number: Some("42"), ..title() }).is_ok());
}
