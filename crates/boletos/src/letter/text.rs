//! The letter as plain text, which every mail program shows.

use std::fmt::Write as _;

use super::Words;

pub(super) fn portuguese(words: &Words<'_>) -> String {
    let mut text = format!(
        "Olá, {}.\n\n{} emitiu um boleto para você.\n\nValor: {}\n{}: {}\nNosso número: {}\n\nLinha digitável:\n{}\n",
        words.payer,
        words.company,
        words.amount,
        words.due_in().0,
        words.due,
        words.our_number,
        words.line
    );
    if let Some(pix) = words.pix {
        // Writing to a string cannot fail.
        let _ = write!(text, "\nPix copia e cola:\n{pix}\n");
    }
    let _ = write!(text, "\n{}\n\n{}", words.how_to_pay().0, words.if_paid().0);
    text
}

pub(super) fn english(words: &Words<'_>) -> String {
    format!(
        "Hello, {}.\n\n{} has issued a boleto for you.\n\nAmount: {}\n{}: {}\n\n{}\n\n{}",
        words.payer,
        words.company,
        words.amount,
        words.due_in().1,
        words.due_in_english,
        words.how_to_pay().1,
        words.if_paid().1
    )
}
