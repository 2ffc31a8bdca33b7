//! A boleto as it is kept and shown.

use comporta_kernel::{BusinessDate, CompanyId, Money, Timestamp, define_id};
use serde::{Deserialize, Serialize};

use super::{BankAccountId, DocumentProfile, ImportId, Terms};

define_id!(
    /// Names a boleto.
    BoletoId,
    "bol"
);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        words!(
            @kept $(#[$doc])* #[derive(Serialize, Deserialize, utoipa::ToSchema)] #[serde(rename_all = "snake_case")]
            $name { $($(#[$variant_doc])* $variant = $text,)+ }
        );
    };
    // What nobody outside reads.
    (@kept $(#[$about:meta])* $name:ident { $($(#[$variant_about:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_about])* $variant,)+
        }

        impl $name {
            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err(()) }
            }
        }
    };
}

words!(
    /// How its payment stands.
    Status {
        /// To be paid, and its day has not passed.
        Open = "open",
        /// To be paid, and its day has passed. Follows from the day; never kept.
        Overdue = "overdue",
        /// Paid.
        Paid = "paid",
        /// Paid in part.
        PartiallyPaid = "partially_paid",
        /// Not to be paid any more.
        Cancelled = "cancelled",
    }
);

words!(
    /// What its bank knows of it.
    Registration {
        /// Nothing yet.
        Pending = "pending",
        /// It can be paid everywhere.
        Registered = "registered",
        /// The bank did not take it.
        Rejected = "rejected",
    }
);

words!(
    @kept
    /// How its delivery stands, as it is kept.
    DeliveryStatus {
        /// There is nobody to send it to.
        None = "none",
        /// It will be sent.
        Queued = "queued",
        /// It is being sent.
        Sending = "sending",
        /// It was sent.
        Sent = "sent",
        /// It cannot be sent.
        Failed = "failed",
        /// Whether it was sent cannot be known.
        Unknown = "unknown",
    }
);

words!(
    /// How its delivery stands, as it is shown: that a letter is being sent right now is nobody's business but ours.
    ShownDelivery {
        /// There is nobody to send it to.
        None = "none",
        /// It will be sent, or is being sent.
        Queued = "queued",
        /// It was sent.
        Sent = "sent",
        /// It cannot be sent.
        Failed = "failed",
        /// Whether it was sent cannot be known.
        Unknown = "unknown",
    }
);

impl From<DeliveryStatus> for ShownDelivery {
    fn from(kept: DeliveryStatus) -> Self {
        match kept {
            DeliveryStatus::None => Self::None,
            DeliveryStatus::Queued | DeliveryStatus::Sending => Self::Queued,
            DeliveryStatus::Sent => Self::Sent,
            DeliveryStatus::Failed => Self::Failed,
            DeliveryStatus::Unknown => Self::Unknown,
        }
    }
}

words!(
    /// How an import stands.
    ImportStatus {
        /// Its rows are being read.
        Running = "running",
        /// Every row is accounted for.
        Completed = "completed",
        /// It cannot go on; what was issued stands.
        Failed = "failed",
    }
);

impl DocumentProfile {
    /// As it is kept.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Valid => "valid",
        }
    }
}

impl std::str::FromStr for DocumentProfile {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "any" => Ok(Self::Any),
            "valid" => Ok(Self::Valid),
            _ => Err(()),
        }
    }
}

/// Who is to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    /// Name.
    pub name: String,
    /// CPF, CNPJ, or whatever the company has.
    pub document: String,
    /// Where the boleto is sent to.
    pub email: Option<String>,
    /// Address.
    pub address: Option<String>,
}

/// How its delivery went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// How it stands.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was sent.
    pub delivered_at: Option<Timestamp>,
}

/// A boleto.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boleto {
    /// Whose it is.
    pub company_id: CompanyId,
    /// Its id.
    pub id: BoletoId,
    /// What the company knows its debt by; no other boleto of the company has it.
    pub debt_id: String,
    /// Where the money is to arrive.
    pub bank_account_id: BankAccountId,
    /// Who is to pay.
    pub payer: Payer,
    /// What is to be paid.
    pub amount: Money,
    /// What was paid.
    pub paid_amount: Money,
    /// When it is to be paid.
    pub due_date: BusinessDate,
    /// What the bank knows it by.
    pub our_number: String,
    /// 44 digits.
    pub barcode: String,
    /// Instructions, fine, interest and discounts.
    pub terms: Terms,
    /// How its payment stands; never [`Status::Overdue`].
    pub status: Status,
    /// What its bank knows of it.
    pub registration: Registration,
    /// How its delivery stands.
    pub delivery: Delivery,
    /// The file it came from, and its line there.
    pub source: Option<(ImportId, u64)>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Boleto {
    /// How its payment stands on a day.
    #[must_use]
    pub fn status_on(&self, today: BusinessDate) -> Status {
        match self.status {
            Status::Open if self.due_date < today => Status::Overdue,
            status => status,
        }
    }
}
