//! The letter as HTML: nothing from elsewhere, no script, and nobody's text but escaped.

use std::fmt::Write as _;

use super::Words;

const CODE: &str = "font-family:monospace;font-size:16px;background:#f2f2f2;padding:8px;word-break:break-all";

pub(super) fn page(words: &Words<'_>) -> String {
    let (payer, company) = (escaped(words.payer), escaped(words.company));
    let ((due_in, due_in_english), (pay, pay_in_english)) = (words.due_in(), words.how_to_pay());
    let (paid, paid_in_english) = words.if_paid();
    let Words { amount, due, due_in_english: due_english, line, .. } = words;
    let number = escaped(words.our_number);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"pt-BR\"><head><meta charset=\"utf-8\"></head>\n\
         <body style=\"font-family:sans-serif;font-size:15px;color:#222\">\n\
         <p>Olá, {payer}.</p>\n<p><b>{company}</b> emitiu um boleto para você.</p>\n\
         <table cellpadding=\"4\">\n<tr><td>Valor</td><td><b>{amount}</b></td></tr>\n\
         <tr><td>{due_in}</td><td><b>{due}</b></td></tr>\n<tr><td>Nosso número</td><td>{number}</td></tr>\n</table>\n\
         <p>Linha digitável:</p>\n<p style=\"{CODE}\">{line}</p>\n"
    );
    // Writing to a string cannot fail.
    if let Some(pix) = words.pix {
        let _ = write!(page, "<p>Pix copia e cola:</p>\n<p style=\"{CODE}\">{}</p>\n", escaped(pix));
    }
    let _ = write!(
        page,
        "<p>{pay}</p>\n<p>{paid}</p>\n<hr>\n<div lang=\"en\" style=\"color:#555\">\n<p>Hello, {payer}.</p>\n\
         <p>{company} has issued a boleto for you.</p>\n<p>Amount: {amount}<br>\n{due_in_english}: {due_english}</p>\n\
         <p>{pay_in_english}</p>\n<p>{paid_in_english}</p>\n</div>\n</body></html>\n"
    );
    page
}

/// Text that is text, whatever is in it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            sign => out.push(sign),
        }
    }
    out
}
