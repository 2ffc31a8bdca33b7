//! BR Codes that others published are read, and written sign by sign.

use comporta_boletos::model::{BrCode, BrCodeError, BrCodeFault, NewBrCode, Target};
use comporta_kernel::Money;
use proptest::prelude::*;
use serde_json::Value;

const PUBLISHED: &str = include_str!("fixtures/br_codes.txt");
const CANONICAL: &str = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de \
                         Tal6008BRASILIA62070503***63041D3D";

#[test]
fn published_codes_are_read() {
    let mut count = 0;
    for line in PUBLISHED.lines().filter(|line| !line.starts_with('#')) {
        let (payload, fields) = line.split_once('\t').unwrap();
        let fields: Value = serde_json::from_str(fields).unwrap();
        let field = |name: &str| fields[name].as_str();
        let code = BrCode::parse(payload).unwrap_or_else(|error| panic!("{payload}: {error}"));
        let expected = BrCode {
            key: field("key"),
            info: field("info"),
            url: field("url"),
            recurrence_url: field("recurrence"),
            amount: field("amount").map(|amount| amount.parse().unwrap()),
            merchant_name: field("merchant_name").unwrap(),
            city: field("city").unwrap(),
            postal_code: field("postal_code"),
            txid: field("txid"),
            mcc: field("mcc").unwrap(),
            currency: field("currency").unwrap(),
            country: field("country").unwrap(),
            crc_ok: true,
        };
        assert_eq!(code, expected, "{payload}");
        assert_eq!(Some(code.is_dynamic()), fields["dynamic"].as_bool(), "{payload}");
        count += 1;
    }
    assert_eq!(count, 14);
}

#[test]
fn what_is_no_code_of_pix_says_why() {
    let of_another = "00020126130009com.outro5204000053039865802BR5901A6001B6304";
    let missing = |id, what| BrCodeError::Missing { id, what };
    for (text, error) in [
        // Published with the wrong lengths, and so with the wrong check sum.
        (
            "00020126580014br.gov.bcb.pix0136a629532e-7693-4846-852d-1bbff6b2f8cd520400005303986540510.005802BR5913EMPRESA \
             LTDA6014BELO HORIZONTE62070503***6304AD38",
            BrCodeError::Broken { at: 115 },
        ),
        ("", BrCodeError::Format),
        ("https://example.com", BrCodeError::Format),
        (&CANONICAL[..CANONICAL.len() - 8], BrCodeError::Crc),
        (&CANONICAL[..CANONICAL.len() - 1], BrCodeError::Broken { at: 129 }),
        (&CANONICAL.replace("1D3D", "1D3G"), BrCodeError::Crc),
        (&CANONICAL.replace("br.gov.bcb.pix", "br.gov.bcb.pox"), BrCodeError::NotPix),
        (&format!("{of_another}0000"), BrCodeError::NotPix),
        (&CANONICAL.replace("5802BR", ""), missing("58", "country")),
        (&CANONICAL.replace("5802BR", "5402105802BR").replace("540210", "54021x"), BrCodeError::Amount),
        (&format!("000201{}", "9".repeat(510)), BrCodeError::TooLong),
    ] {
        assert_eq!(BrCode::parse(text), Err(error), "{text}");
    }
}

#[test]
fn a_wrong_check_sum_is_told_and_one_in_small_letters_is_not_wrong() {
    assert!(!BrCode::parse(&CANONICAL.replace("1D3D", "1D3E")).unwrap().crc_ok);
    assert!(BrCode::parse(&CANONICAL.replace("1D3D", "1d3d")).unwrap().crc_ok);
    assert!(BrCode::parse(&format!(" {CANONICAL}\n")).unwrap().crc_ok);
}

fn fixed<'a>(key: &'a str, name: &'a str, city: &'a str) -> NewBrCode<'a> {
    let target = Target::Static { key, info: None, amount: None, txid: None };
    NewBrCode { target, merchant_name: name, city, postal_code: None, mcc: None }
}

#[test]
fn published_codes_are_written() {
    let canonical = fixed("123e4567-e12b-12d1-a456-426655440000", "Fulano de Tal", "BRASILIA");
    assert_eq!(canonical.encode().unwrap(), CANONICAL);
    let (name, city) = ("THALES OGLIARI", "SÃO MIGUÉL DO O");
    let target = Target::Static {
        key: "thalesog@me.com",
        info: Some("Pedido 123"),
        amount: Some("10.00".parse().unwrap()),
        txid: Some("***"),
    };
    assert_eq!(
        NewBrCode { target, ..fixed("", name, city) }.encode().unwrap(),
        "00020126510014br.gov.bcb.pix0115thalesog@me.com0210Pedido 123520400005303986540510.005802BR5914THALES OGLIARI6015SAO MIGUEL \
         DO O62070503***63040DC6"
    );
    let url = "payload.psp.com/3ec9d2f9-5f03-4e0e-820d-63a81e769e87";
    let target = Target::Dynamic { url, one_time: true };
    assert_eq!(
        NewBrCode { target, ..fixed("", name, city) }.encode().unwrap(),
        "00020101021226740014br.gov.bcb.pix2552payload.psp.com/3ec9d2f9-5f03-4e0e-820d-63a81e769e875204000053039865802BR5914THALES \
         OGLIARI6015SAO MIGUEL DO O62070503***63042895"
    );
}

#[test]
fn a_writer_refuses_what_readers_might_not_take() {
    let key = "123e4567-e12b-12d1-a456-426655440000";
    let of = |info, amount: Option<&str>, txid| NewBrCode {
        target: Target::Static { key, info, amount: amount.map(|text| text.parse().unwrap()), txid },
        ..fixed(key, "A", "B")
    };
    let dynamic =
        |url| NewBrCode { target: Target::Dynamic { url, one_time: false }, ..fixed(key, "A", "B") };
    let long = "x".repeat(78);
    for (code, fault) in [
        (fixed("", "A", "B"), BrCodeFault::Key),
        (fixed("a b", "A", "B"), BrCodeFault::Key),
        (fixed(&long, "A", "B"), BrCodeFault::Key),
        (fixed(key, "", "B"), BrCodeFault::Name),
        (fixed(key, &long[..26], "B"), BrCodeFault::Name),
        (fixed(key, "日本", "B"), BrCodeFault::Name),
        (fixed(key, "A", "São José dos Campos"), BrCodeFault::City),
        (NewBrCode { postal_code: Some("7007490"), ..fixed(key, "A", "B") }, BrCodeFault::PostalCode),
        (NewBrCode { mcc: Some("52"), ..fixed(key, "A", "B") }, BrCodeFault::Mcc),
        (of(Some(&long[..38]), None, None), BrCodeFault::Info { most: 37 }),
        (of(Some("a\nb"), None, None), BrCodeFault::Info { most: 37 }),
        (of(None, Some("0"), None), BrCodeFault::Amount),
        (of(None, Some("-1"), None), BrCodeFault::Amount),
        (of(None, Some("10000000000"), None), BrCodeFault::Amount),
        (of(None, None, Some("")), BrCodeFault::Txid),
        (of(None, None, Some("id-transacao")), BrCodeFault::Txid),
        (of(None, None, Some(&long[..26])), BrCodeFault::Txid),
        (dynamic("https://pix.example.com"), BrCodeFault::Url),
        (dynamic(""), BrCodeFault::Url),
        (dynamic(&long), BrCodeFault::Url),
    ] {
        assert_eq!(code.encode(), Err(fault), "{code:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        key in "[!-~]{1,30}", info in proptest::option::of("[!-~]{1,40}"), txid in "[A-Za-z0-9]{1,25}",
        centavos in proptest::option::of(1..=999_999_999_999i64), name in "[!-~]{1,25}", city in "[!-~]{1,15}",
    ) {
        let amount = centavos.map(|centavos| Money::from_centavos(centavos).unwrap());
        let (info, txid) = (info.as_deref(), Some(txid.as_str()));
        let code = NewBrCode { target: Target::Static { key: &key, info, amount, txid }, ..fixed(&key, &name, &city) };
        let text = code.encode().unwrap();
        let read = BrCode::parse(&text).unwrap();
        prop_assert!(read.crc_ok && !read.is_dynamic());
        prop_assert_eq!((read.key, read.info, read.amount, read.txid), (Some(key.as_str()), info, amount, txid));
        prop_assert_eq!((read.merchant_name, read.city), (name.as_str(), city.as_str()));
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "000201[0-9A-Za-z.é]{0,80}") {
        let _ = BrCode::parse(&text);
    }
}
