//! What is refused.

use super::*;

fn slip<'a>(barcode: &'a [u8; 44], pix: Option<&'a str>) -> Slip<'a> {
    let nobody = Party::default();
    Slip {
        bank_name: "",
        bank_code: "",
        barcode,
        line: "",
        pix,
        payment_place: "",
        due_date: "",
        beneficiary: nobody,
        branch_and_code: "",
        document_date: "",
        document_number: "",
        document_kind: "",
        acceptance: "",
        processing_date: "",
        our_number: "",
        bank_use: "",
        portfolio: "",
        currency: "",
        quantity: "",
        unit_value: "",
        amount: "",
        discount: "",
        other_deductions: "",
        fine: "",
        other_additions: "",
        charged: "",
        instructions: "",
        statement: "",
        instalment: "",
        payer: nobody,
        guarantor: "",
        write_off_code: "",
    }
}

#[test]
fn what_no_scanner_could_read_is_refused_and_leaves_the_document_whole() {
    let slips = Slips::new(Arc::new(Fonts::load().unwrap()));
    let (digits, others) = ([b'1'; 44], *b"3419179001010435100479102015000829107002600X");
    let long = "0".repeat(matrix::MAX_PAYLOAD + 1);
    let mut out = Vec::new();
    let mut run = slips.run(Paper::Booklet, &mut out);
    let before = out.clone();
    let refused = run.slips(&[slip(&digits, None), slip(&others, None)], &mut out);
    assert!(matches!(refused, Err(SlipError::Barcode)));
    let refused = run.slips(&[slip(&digits, Some(&long))], &mut out);
    assert!(matches!(refused, Err(SlipError::PixTooLong)));
    assert_eq!(out, before);
    run.slips(&[slip(&digits, Some(&long[1..])), slip(&digits, None)], &mut out).unwrap();
}

#[test]
fn a_slip_of_blanks_is_a_slip() {
    let slips = Slips::new(Arc::new(Fonts::load().unwrap()));
    assert!(slips.pdf(&slip(&[b'0'; 44], None)).unwrap().starts_with(b"%PDF-1.7"));
}
