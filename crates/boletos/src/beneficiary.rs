//! Who is paid, as payers read it. Another capability knows.

use std::fmt::Debug;

use async_trait::async_trait;
use comporta_kernel::CompanyId;

/// A company that issues boletos.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beneficiary {
    /// Its name.
    pub name: String,
    /// Its CNPJ or CPF.
    pub document: Option<String>,
    /// Street, town, state and postal code.
    pub address: Option<String>,
    /// Where payers' answers go.
    pub email: Option<String>,
}

/// Knows companies.
#[async_trait]
pub trait Beneficiaries: Debug + Send + Sync {
    /// A company as it is known now.
    ///
    /// # Errors
    /// When that cannot be said now.
    async fn beneficiary(
        &self,
        company: CompanyId,
    ) -> Result<Beneficiary, Box<dyn std::error::Error + Send + Sync>>;
}
