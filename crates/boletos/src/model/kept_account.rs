//! A bank account as it is kept: what its owner wrote, and what that says by the bank's rules.

use comporta_kernel::{BusinessDate, CompanyId, Timestamp, define_id};
use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use super::barcode::FreeField;
use super::{AccountFields, AccountPix, AccountPixError, BankAccount, FieldError, IssueError, Title};

/// Any day would do, but always the same: some banks' numbers have the year in them.
const FIRST_DAY: Date = date(2025, 2, 22);

define_id!(
    /// Names a bank account.
    BankAccountId,
    "bac"
);

/// What a beneficiary writes of its account: which fields, and of what form, is the bank's rule ([`AccountFields`]).
/// Kept as JSON, in this form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BankAccountFields)]
pub struct AccountDocument {
    /// The bank's three digits.
    #[schema(example = "341")]
    pub bank: String,
    /// The branch or cooperative, without its digit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// The branch's digit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency_digit: Option<String>,
    /// The account, without its digit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The account's digit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_digit: Option<String>,
    /// The kind of collection agreed on ("carteira").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet: Option<String>,
    /// The agreement's number ("convênio").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<String>,
    /// The beneficiary's code at the bank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beneficiary: Option<String>,
    /// The digit of the beneficiary's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beneficiary_digit: Option<String>,
    /// What tells agreements of one wallet apart ("variação").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variation: Option<String>,
    /// The number of the credit operation, or of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The post of a cooperative ("posto").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<String>,
    /// Who numbers the boletos (Sicredi).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_byte: Option<String>,
    /// A Pix key of the company's. With it each boleto has a static Pix code, which pays the company and does not settle
    /// the boleto at the bank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 77, example = "pix@example.com")]
    pub pix_key: Option<String>,
    /// The company's town, as Pix codes name it: up to 15 signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 15, example = "Recife")]
    pub pix_city: Option<String>,
    /// The layout of the files that are exchanged with the bank.
    #[serde(default)]
    #[schema(value_type = Option<u16>, example = 400)]
    pub layout: CnabLayout,
}

/// The number of columns of the files that are exchanged with a bank (FEBRABAN, CNAB).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum CnabLayout {
    /// Columns.
    Cnab240,
    /// Columns.
    #[default]
    Cnab400,
}

impl TryFrom<u16> for CnabLayout {
    type Error = &'static str;

    fn try_from(columns: u16) -> Result<Self, &'static str> {
        match columns {
            240 => Ok(Self::Cnab240),
            400 => Ok(Self::Cnab400),
            _ => Err("expected 240 or 400"),
        }
    }
}

impl From<CnabLayout> for u16 {
    fn from(layout: CnabLayout) -> Self {
        match layout {
            CnabLayout::Cnab240 => 240,
            CnabLayout::Cnab400 => 400,
        }
    }
}

impl AccountDocument {
    /// What makes its barcodes its own: the free field of its first boleto, or all that the bank knows it by where the bank
    /// gives the numbers. Two accounts with the same would give the same numbers twice.
    #[must_use]
    pub fn numbering(&self) -> String {
        let free_field = self.account().ok().and_then(|account| first_free_field(&account).ok());
        free_field.map_or_else(
            || {
                let plain =
                    Self { layout: CnabLayout::default(), pix_key: None, pix_city: None, ..self.clone() };
                serde_json::to_string(&plain).unwrap_or_default()
            },
            |free_field| format!("{} {}", self.bank, String::from_utf8_lossy(&free_field)),
        )
    }

    /// The account by its bank's rules.
    ///
    /// # Errors
    /// The field that the bank does not take, and why.
    pub fn account(&self) -> Result<BankAccount, FieldError> {
        BankAccount::parse(&AccountFields {
            bank: &self.bank,
            agency: self.agency.as_deref(),
            agency_digit: self.agency_digit.as_deref(),
            account: self.account.as_deref(),
            account_digit: self.account_digit.as_deref(),
            wallet: self.wallet.as_deref(),
            agreement: self.agreement.as_deref(),
            beneficiary: self.beneficiary.as_deref(),
            beneficiary_digit: self.beneficiary_digit.as_deref(),
            variation: self.variation.as_deref(),
            operation: self.operation.as_deref(),
            post: self.post.as_deref(),
            id_byte: self.id_byte.as_deref(),
        })
    }

    /// Where its owner is paid by Pix, if its boletos are to have a Pix code.
    ///
    /// # Errors
    /// The field that no code can be made of, and why.
    pub fn pix(&self) -> Result<Option<AccountPix>, AccountPixError> {
        AccountPix::parse(self.pix_key.as_deref(), self.pix_city.as_deref())
    }
}

/// The free field of an account's first boleto.
///
/// # Errors
/// The account can issue none: its bank gives the numbers, or barcodes need what no boleto of ours has.
pub fn first_free_field(account: &BankAccount) -> Result<FreeField, IssueError> {
    let day = BusinessDate::from_civil(FIRST_DAY).unwrap_or(BusinessDate::MAX);
    let title = Title { due: day, issued: day, document_number: Some("1") };
    account.free_field(account.number(1, day)?, &title)
}

/// An account that boletos are issued for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAccount {
    /// Whose it is.
    pub company_id: CompanyId,
    /// Its id.
    pub id: BankAccountId,
    /// What its owner wrote.
    pub document: AccountDocument,
    /// When it was added.
    pub created_at: Timestamp,
}
