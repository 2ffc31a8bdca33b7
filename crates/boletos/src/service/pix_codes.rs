//! The Pix codes of boletos: computed when they are read, kept nowhere.

use std::collections::{HashMap, HashSet};

use comporta_kernel::CompanyId;

use super::Boletos;
use crate::error::Error;
use crate::model::{AccountPix, BankAccountId, Boleto, KeptAccount};

/// Makes the Pix codes of boletos of some accounts of one company.
#[derive(Debug, Default)]
pub(crate) struct PixCodes {
    accounts: HashMap<BankAccountId, AccountPix>,
    /// The company's.
    name: String,
}

impl PixCodes {
    /// The code of a boleto: none if its account has no Pix key, or it is not to be paid any more.
    pub(crate) fn of(&self, boleto: &Boleto) -> Option<String> {
        self.accounts.get(&boleto.bank_account_id)?.code(boleto, &self.name)
    }
}

impl Boletos {
    /// What makes the codes of boletos: each of their accounts is read once, however many they are.
    pub(crate) async fn pix_codes(&self, company: CompanyId, boletos: &[Boleto]) -> Result<PixCodes, Error> {
        let ids: HashSet<BankAccountId> = boletos.iter().map(|boleto| boleto.bank_account_id).collect();
        let mut accounts = Vec::with_capacity(ids.len());
        for id in ids {
            accounts.extend(self.store().account(company, id).await?);
        }
        self.pix_codes_of(company, &accounts).await
    }

    /// The same for accounts that were read. The company is asked for only if one of them has a Pix key.
    pub(super) async fn pix_codes_of(
        &self,
        company: CompanyId,
        accounts: &[KeptAccount],
    ) -> Result<PixCodes, Error> {
        let mut codes = PixCodes::default();
        for account in accounts {
            codes.accounts.extend(account.document.pix()?.map(|pix| (account.id, pix)));
        }
        if !codes.accounts.is_empty() {
            codes.name = self.beneficiary(company).await?.name;
        }
        Ok(codes)
    }
}
