//! Adding, changing and finding bank accounts.

use comporta_db::Tx;
use comporta_http::Remembered;
use comporta_kernel::{CompanyId, RequestKey};

use super::{Boletos, Outcome};
use crate::error::Error;
use crate::model::{
    AccountDocument, AccountPix, BankAccount, BankAccountId, IssueError, KeptAccount, first_free_field,
};

/// What is to be different of a bank account; the outer `None` leaves a field as it is.
#[derive(Debug, Default)]
pub struct AccountChange(pub(crate) serde_json::Map<String, serde_json::Value>);

/// What slips say of an account.
#[derive(Debug)]
pub(super) struct SlipAccount {
    pub(super) rules: BankAccount,
    pub(super) pix: Option<AccountPix>,
}

impl Boletos {
    /// Adds a bank account; a company's first one is its default. `answer` says what to remember under the request's key.
    pub(crate) async fn add_account(
        &self,
        company: CompanyId,
        document: AccountDocument,
        key: Option<&RequestKey>,
        answer: impl Fn(&KeptAccount) -> Remembered + Send,
    ) -> Result<Outcome<KeptAccount>, Error> {
        let mut tx = self.0.db.begin().await?;
        if let Some(key) = key
            && let Some(before) = self.0.idempotency.claim(&mut tx, company, key).await?
        {
            return Ok(Outcome::Repeated(before));
        }
        let account = self.add_account_in(&mut tx, company, document).await?;
        if let Some(key) = key {
            self.0.idempotency.remember(&mut tx, company, key, &answer(&account)).await?;
        }
        tx.commit().await?;
        Ok(Outcome::Done(account))
    }

    /// Adds a bank account in a transaction that does more.
    ///
    /// # Errors
    /// [`Error::Account`] when the bank's rules do not take it, [`Error::Pix`] when no Pix code can be made of it.
    pub async fn add_account_in(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        document: AccountDocument,
    ) -> Result<KeptAccount, Error> {
        check(&document)?;
        let (id, created_at) = (self.0.ids.next(), self.0.clock.now());
        let account = KeptAccount { company_id: company, id, document, created_at };
        self.store().insert_account(tx, &account).await.map_err(of_account)?;
        Ok(account)
    }

    /// Changes fields of a bank account. Boletos that were issued keep their barcodes.
    pub(crate) async fn change_account(
        &self,
        company: CompanyId,
        id: BankAccountId,
        change: AccountChange,
    ) -> Result<KeptAccount, Error> {
        let account = self.find_account(company, id).await?;
        let account = KeptAccount { document: change.applied_to(&account.document)?, ..account };
        check(&account.document)?;
        let mut tx = self.0.db.begin().await?;
        if !self.store().replace_account(&mut tx, &account).await.map_err(of_account)? {
            return Err(Error::NoSuchAccount);
        }
        tx.commit().await?;
        Ok(account)
    }

    pub(crate) async fn find_account(
        &self,
        company: CompanyId,
        id: BankAccountId,
    ) -> Result<KeptAccount, Error> {
        self.store().account(company, id).await?.ok_or(Error::NoSuchAccount)
    }

    /// A company's accounts, in the order they were made.
    pub(crate) async fn accounts(
        &self,
        company: CompanyId,
        after: Option<BankAccountId>,
        limit: u16,
    ) -> Result<Vec<KeptAccount>, Error> {
        Ok(self.store().accounts(company, after, limit).await?)
    }

    /// The account named, or the company's default, with what it says by its bank's rules.
    pub(super) async fn account_for(
        &self,
        company: CompanyId,
        id: Option<BankAccountId>,
    ) -> Result<(KeptAccount, BankAccount), Error> {
        let account = match id {
            Some(id) => self.find_account(company, id).await?,
            None => self.store().default_account(company).await?.ok_or(Error::NoAccountYet)?,
        };
        let rules = account.document.account()?;
        Ok((account, rules))
    }

    /// An account as its slips need it.
    pub(super) async fn slip_account(
        &self,
        company: CompanyId,
        id: BankAccountId,
    ) -> Result<SlipAccount, Error> {
        let (account, rules) = self.account_for(company, Some(id)).await?;
        Ok(SlipAccount { rules, pix: account.document.pix()? })
    }
}

fn check(document: &AccountDocument) -> Result<(), Error> {
    let rules = document.account()?;
    document.pix()?;
    // An account that can issue nothing is told of here, not with its first boleto.
    first_free_field(&rules).map_err(|error| match error {
        IssueError::Number(error) => Error::field("/wallet", error),
        error => Error::field("/wallet", error),
    })?;
    Ok(())
}

fn of_account(error: comporta_db::Error) -> Error {
    if error.is_unique_violation() { Error::AccountKnown } else { error.into() }
}

impl AccountChange {
    /// The document with what is to be different; null takes a field away.
    fn applied_to(self, document: &AccountDocument) -> Result<AccountDocument, Error> {
        let mut fields = serde_json::to_value(document).unwrap_or_default();
        if let Some(fields) = fields.as_object_mut() {
            fields.extend(self.0);
            fields.retain(|_, value| !value.is_null());
        }
        serde_path_to_error::deserialize(fields)
            .map_err(|error| Error::Invalid(vec![comporta_http::describe_json("", &error)]))
    }
}
