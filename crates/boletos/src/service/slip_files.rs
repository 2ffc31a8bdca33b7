//! Slips as files: one, or those of many boletos in one file.
//!
//! A file of many is planned before its first byte is sent: its boletos are found, counted and checked, so that what can
//! be refused is refused. Then it is drawn by a task of its own, some slips at a time, as fast as its reader takes it;
//! between two reads of the database nothing of the database is held.

mod plan;
mod press;

use bytes::Bytes;
use comporta_kernel::CompanyId;
use tokio::sync::mpsc;
use tracing::Instrument as _;

use super::Boletos;
use crate::error::Error;
use crate::model::{BoletoId, Status};
use crate::paper::{PaperError, Said};
use crate::store::boletos::BoletoFilter;
use press::Press;

/// Pieces of a file that wait for its reader.
const PIECES: usize = 2;

/// Which boletos' slips.
#[derive(Debug)]
pub(crate) enum Selection {
    /// Those that match and are to be paid.
    Matching(Box<BoletoFilter>),
    /// These.
    Named(Vec<BoletoId>),
}

/// How slips lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlipLayout {
    /// One on each page.
    Sheets,
    /// A booklet for each payer, three on each page, in the order of their days.
    Booklet,
    /// An archive with a file for each.
    Zip,
}

/// A file, whole or on its way.
#[derive(Debug)]
pub(crate) struct SlipFile<B> {
    pub(crate) name: String,
    pub(crate) body: B,
}

impl Boletos {
    /// A boleto's slip. Only of one that is to be paid: another would be paid in vain, or twice.
    pub(crate) async fn slip(&self, company: CompanyId, id: BoletoId) -> Result<SlipFile<Vec<u8>>, Error> {
        let boleto = self.find(company, id).await?;
        if boleto.status != Status::Open {
            return Err(Error::NotOpen { status: boleto.status });
        }
        let account = self.slip_account(company, boleto.bank_account_id).await?;
        let beneficiary = self.beneficiary(company).await?;
        let said = Said::of(&boleto, &account.rules, &beneficiary, self.day_of(boleto.created_at))?;
        let pix = account.pix.as_ref().and_then(|pix| pix.code(&boleto, &beneficiary.name));
        let body = self.0.slips.pdf(&said.slip(pix.as_deref(), "")).map_err(PaperError::from)?;
        Ok(SlipFile { name: format!("boleto-{}.pdf", boleto.our_number), body })
    }

    /// The slips of many boletos in one file, as many as one may have. What is refused is refused now; what comes piece by
    /// piece breaks off only if the database does.
    pub(crate) async fn slips(
        &self,
        company: CompanyId,
        selection: Selection,
        layout: SlipLayout,
    ) -> Result<SlipFile<mpsc::Receiver<Result<Bytes, Error>>>, Error> {
        let plan = self.plan_slips(company, selection, layout).await?;
        let (pieces, body) = mpsc::channel(PIECES);
        let name = plan.file_name(self.today());
        let press = Press { boletos: self.clone(), plan };
        let drawing = async move {
            if let Err(error) = press.draw(&pieces).await {
                // Whoever has stopped reading is told nothing.
                let _ = pieces.send(Err(error)).await;
            }
        };
        tokio::spawn(drawing.in_current_span());
        Ok(SlipFile { name, body })
    }
}
