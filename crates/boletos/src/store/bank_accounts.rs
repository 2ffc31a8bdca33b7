//! Bank accounts in the database, and the sequence of their numbers.

use async_trait::async_trait;
use comporta_db::{Error, Tx};
use comporta_kernel::CompanyId;

use crate::model::{BankAccountId, KeptAccount};

#[async_trait]
pub(crate) trait BankAccounts: Send + Sync + std::fmt::Debug {
    async fn insert_account(&self, tx: &mut Tx, account: &KeptAccount) -> Result<(), Error>;
    /// Writes what its owner says of it now; false when there is no such account.
    async fn replace_account(&self, tx: &mut Tx, account: &KeptAccount) -> Result<bool, Error>;
    async fn account(&self, company: CompanyId, id: BankAccountId) -> Result<Option<KeptAccount>, Error>;
    /// The first one that was made.
    async fn default_account(&self, company: CompanyId) -> Result<Option<KeptAccount>, Error>;
    /// In the order they were made.
    async fn accounts(
        &self,
        company: CompanyId,
        after: Option<BankAccountId>,
        limit: u16,
    ) -> Result<Vec<KeptAccount>, Error>;
    /// Takes so many of an account's numbers for good; gives the first, `None` when there is no such account.
    async fn take_numbers(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        id: BankAccountId,
        count: u64,
    ) -> Result<Option<u64>, Error>;
}
