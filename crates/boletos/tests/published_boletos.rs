//! Boletos that others published are read and made digit by digit.

#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test they are the failure")]

use std::collections::HashMap;

use comporta_boletos::model::{
    AccountFields, Amount, BankAccount, Barcode, BarcodeError, DigitableLine, LineError, Title,
};
use comporta_kernel::{BusinessDate, Money};

const PUBLISHED: &str = include_str!("fixtures/boletos.txt");

struct Published {
    barcode: &'static str,
    line: &'static str,
    due: Option<BusinessDate>,
    amount: Money,
    fields: HashMap<&'static str, &'static str>,
}

fn published() -> impl Iterator<Item = Published> {
    PUBLISHED.lines().filter(|line| !line.starts_with('#')).map(|text| {
        let mut words = text.split(' ');
        let mut next = || words.next().unwrap();
        let (barcode, line, due, amount) = (next(), next(), next(), next().parse().unwrap());
        let fields = words.map(|word| word.split_once('=').unwrap()).collect();
        Published { barcode, line, due: due.parse().ok(), amount, fields }
    })
}

impl Published {
    fn get(&self, name: &str) -> Option<&'static str> {
        self.fields.get(name).copied()
    }

    fn is_made_here(&self) -> bool {
        self.get("our_number").is_some() && self.get("disputed").is_none()
    }

    fn account(&self) -> BankAccount {
        let fields = AccountFields {
            bank: &self.barcode[..3],
            agency: self.get("agency"),
            agency_digit: self.get("agency_digit"),
            account: self.get("account"),
            account_digit: self.get("account_digit"),
            wallet: self.get("wallet"),
            agreement: self.get("agreement"),
            beneficiary: self.get("beneficiary"),
            beneficiary_digit: self.get("beneficiary_digit"),
            variation: self.get("variation"),
            operation: self.get("operation"),
            post: self.get("post"),
            id_byte: self.get("id_byte"),
        };
        BankAccount::parse(&fields).unwrap_or_else(|error| panic!("{} {fields:?}: {error}", self.barcode))
    }

    fn title(&self) -> Title<'static> {
        let due = self.due.unwrap();
        let issued = self.get("issue_date").map_or(due, |date| date.parse().unwrap());
        Title { due, issued, document_number: self.get("document_number") }
    }
}

#[test]
fn published_lines_and_barcodes_are_read() {
    let mut count = 0;
    for boleto in published() {
        let line: DigitableLine =
            boleto.line.parse().unwrap_or_else(|error| panic!("{}: {error}", boleto.line));
        let barcode: Barcode = boleto.barcode.parse().unwrap();
        assert_eq!((line.barcode(), DigitableLine::from(&barcode)), (barcode, line));
        assert_eq!(barcode.amount(), boleto.amount, "{barcode}");
        if let Some(due) = boleto.due {
            assert_eq!(barcode.due_factor().date(due.plus_days(-30)), Some(due), "{barcode}");
        }
        count += 1;
    }
    assert_eq!(count, 168);
}

#[test]
fn published_boletos_are_made_from_their_fields() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for boleto in published().filter(Published::is_made_here) {
        let (account, title) = (boleto.account(), boleto.title());
        let number = account.read_number(boleto.get("our_number").unwrap(), &title).unwrap();
        let amount = Amount::try_from(boleto.amount).ok();
        let barcode = account.barcode(number, amount, &title).unwrap();
        if barcode.as_str() != boleto.barcode {
            wrong.push(format!("{} {barcode} {}", boleto.barcode, account.printed_number(number, &title)));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(count, 128);
}

#[test]
fn our_number_is_printed_as_banks_print_it_and_read_back() {
    let mut count = 0;
    for boleto in published().filter(Published::is_made_here) {
        let (account, title) = (boleto.account(), boleto.title());
        let number = account.read_number(boleto.get("our_number").unwrap(), &title).unwrap();
        let printed = account.printed_number(number, &title);
        assert_eq!(account.read_number(&printed, &title), Ok(number), "{printed}");
        assert_eq!(account.read_number(&number.to_string(), &title), Ok(number), "{printed}");
        if let Some(expected) = boleto.get("printed") {
            assert_eq!(printed, expected, "{}", boleto.barcode);
            count += 1;
        }
    }
    assert!(count > 70, "{count}");
}

#[test]
fn published_mistakes_are_refused_with_their_reason() {
    let check = |found, expected| BarcodeError::CheckDigit { found, expected };
    for (barcode, error) in [
        ("03397690500002924119123456700000000004450101", check('7', '1')),
        ("03399690500000297459123456700000000162780101", check('9', '5')),
        ("03398690400000141509123456700000000004530101", check('8', '7')),
        ("03393690500000297229123456700000000004440101", check('3', '8')),
        ("83860000005096000190000008017823000034306271", BarcodeError::Collection),
        ("85820000000572503282035607082021053959190446", BarcodeError::Collection),
        ("84630000000299902962020041013600000200644114", BarcodeError::Collection),
    ] {
        assert_eq!(barcode.parse::<Barcode>(), Err(error), "{barcode}");
    }
    for (line, error) in [
        ("23799336051105800974404300001247044809561686237", check('0', '1')),
        ("10491443385511900000200000000141325230000093423", check('3', '1')),
        ("00190000090114971860168524522114975860000102656", check('9', '6')),
    ] {
        assert_eq!(line.parse::<DigitableLine>(), Err(LineError::Barcode(error)), "{line}");
    }
}
