//! Pix BR Codes: the text behind a QR code that is paid at once.
//!
//! Banco Central do Brasil, "Manual de Padrões para Iniciação do Pix" and "Manual do BR Code"; EMVCo, "QR Code Specification for Payment
//! Systems, Merchant-Presented Mode". A static code holds the payee's key; a dynamic one the address where the payee's bank tells the
//! charge. Only the dynamic code that the bank gave for a boleto settles that boleto.

use comporta_kernel::Money;

mod crc;
mod read;
mod tlv;
mod write;

pub use read::{BrCode, BrCodeError};
pub use write::{BrCodeFault, NewBrCode, Target, merchant_name};

/// What the template of a payment by Pix is known by, in whatever case.
const DOMAIN: &str = "br.gov.bcb.pix";

/// Where everything of a BR Code stands.
mod ids {
    pub const FORMAT: &str = "00";
    pub const INITIATION: &str = "01";
    pub const ACCOUNT: &str = "26";
    pub const MCC: &str = "52";
    pub const CURRENCY: &str = "53";
    pub const AMOUNT: &str = "54";
    pub const COUNTRY: &str = "58";
    pub const NAME: &str = "59";
    pub const CITY: &str = "60";
    pub const POSTAL_CODE: &str = "61";
    pub const ADDITIONAL: &str = "62";
    pub const CRC: &str = "63";

    /// Within a template: whose it is.
    pub const GUI: &str = "00";
    /// Within the account: the payee's key, a text for the payer, the address of the charge.
    pub const KEY: &str = "01";
    pub const INFO: &str = "02";
    pub const URL: &str = "25";
    /// Within the additional data.
    pub const TXID: &str = "05";
}

/// An amount as a BR Code has it: digits, a point and up to two decimals, of which a reader takes fewer too.
fn amount(text: &str) -> Option<Money> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| text.parse().ok()).flatten()
}
