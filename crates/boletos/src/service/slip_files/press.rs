//! Drawing a file of many slips, some at a time.

use std::collections::HashMap;

use bytes::Bytes;
use comporta_kernel::Uuid;
use tokio::sync::mpsc;

use super::SlipLayout;
use super::plan::{Place, Plan, by_id};
use crate::error::Error;
use crate::model::{Boleto, Status};
use crate::paper::{PaperError, Said};
use crate::service::Boletos;
use crate::slip::{Archive, Paper, Slip, SlipRun, Slips};

/// Boletos that are read at once.
const READ: usize = 96;
/// Bytes that are handed on together.
const PIECE: usize = 64 * 1024;

type Pieces = mpsc::Sender<Result<Bytes, Error>>;

/// A plan and what it is drawn with.
#[derive(Debug)]
pub(super) struct Press {
    pub(super) boletos: Boletos,
    pub(super) plan: Plan,
}

/// A file that is being written.
enum Writing<'s> {
    Document(SlipRun<'s>),
    Archive(Archive),
}

impl Press {
    /// Draws the file; ends early when nobody reads it.
    pub(super) async fn draw(&self, pieces: &Pieces) -> Result<(), Error> {
        let mut out = Vec::with_capacity(2 * PIECE);
        let mut writing = Writing::begin(&self.boletos.0.slips, self.plan.layout, &mut out);
        for places in batches(&self.plan.places) {
            let ids: Vec<Uuid> = places.iter().map(|place| place.id).collect();
            let kept = by_id(self.boletos.store().boletos_by_id(self.plan.company, &ids).await?);
            for page in places.chunk_by(|one, other| one.page == other.page) {
                self.page(&mut writing, page, &kept, &mut out)?;
                if out.len() >= PIECE {
                    if pieces.send(Ok(std::mem::take(&mut out).into())).await.is_err() {
                        return Ok(());
                    }
                    // A file takes seconds of work: others have their turn.
                    tokio::task::yield_now().await;
                }
            }
        }
        writing.finish(&self.title(), &mut out);
        // Whoever has stopped reading misses nothing.
        let _ = pieces.send(Ok(out.into())).await;
        Ok(())
    }

    /// Draws a page, or the file of one slip. What was paid or cancelled since the file was planned is left out.
    fn page(
        &self,
        writing: &mut Writing<'_>,
        places: &[Place],
        kept: &HashMap<Uuid, Boleto>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let Plan { beneficiary, accounts, .. } = &self.plan;
        let mut drawn = Vec::with_capacity(places.len());
        for place in places {
            let boleto = kept.get(&place.id).filter(|boleto| boleto.status == Status::Open);
            let account = boleto.and_then(|boleto| accounts.get(&boleto.bank_account_id));
            let (Some(boleto), Some(account)) = (boleto, account) else { continue };
            let issued = self.boletos.day_of(boleto.created_at);
            let said = Said::of(boleto, &account.rules, beneficiary, issued)?;
            let pix = account.pix.as_ref().and_then(|pix| pix.code(boleto, &beneficiary.name));
            let instalment = place.instalment.map(|(which, of)| format!("{which}/{of}"));
            drawn.push((boleto, said, pix, instalment.unwrap_or_default()));
        }
        let slips = drawn.iter().map(|(_, said, pix, instalment)| said.slip(pix.as_deref(), instalment));
        let slips: Vec<Slip<'_>> = slips.collect();
        match writing {
            Writing::Document(run) => run.slips(&slips, out).map_err(PaperError::from)?,
            Writing::Archive(archive) => {
                for ((boleto, ..), slip) in drawn.iter().zip(&slips) {
                    let pdf = self.boletos.0.slips.pdf(slip).map_err(PaperError::from)?;
                    archive.file(&self.name_in_archive(boleto), &pdf, out)?;
                }
            }
        }
        Ok(())
    }

    /// Numbers are an account's own: with several, each has a folder.
    fn name_in_archive(&self, boleto: &Boleto) -> String {
        let number = &boleto.our_number;
        if self.plan.accounts.len() == 1 {
            format!("boleto-{number}.pdf")
        } else {
            format!("{}/boleto-{number}.pdf", boleto.bank_account_id)
        }
    }

    fn title(&self) -> String {
        let what = if self.plan.layout == SlipLayout::Booklet { "Carnê" } else { "Boletos" };
        format!("{what} {}", self.plan.beneficiary.name)
    }
}

impl<'s> Writing<'s> {
    fn begin(slips: &'s Slips, layout: SlipLayout, out: &mut Vec<u8>) -> Self {
        match layout {
            SlipLayout::Sheets => Self::Document(slips.run(Paper::Sheets, out)),
            SlipLayout::Booklet => Self::Document(slips.run(Paper::Booklet, out)),
            SlipLayout::Zip => Self::Archive(Archive::new()),
        }
    }

    fn finish(self, title: &str, out: &mut Vec<u8>) {
        match self {
            Self::Document(run) => run.finish(title, out),
            Self::Archive(archive) => archive.finish(out),
        }
    }
}

/// The places in parts of about [`READ`] that part no page.
fn batches(places: &[Place]) -> impl Iterator<Item = &[Place]> {
    let mut rest = places;
    std::iter::from_fn(move || {
        let last = rest.get(READ.min(rest.len()).checked_sub(1)?)?;
        let (batch, after) = rest.split_at_checked(rest.partition_point(|place| place.page <= last.page))?;
        rest = after;
        Some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_page_is_parted() {
        // One slip on the first page, two on each that follows.
        let place =
            |at: usize| Place { id: Uuid::from_u128(at as u128), page: at.div_ceil(2), instalment: None };
        let places: Vec<Place> = (0..1_000).map(place).collect();
        let parts: Vec<&[Place]> = batches(&places).collect();
        assert_eq!(parts.concat(), places);
        assert!(parts.iter().all(|part| part.len() <= READ + 1));
        assert!(parts.windows(2).all(|two| two[0].last().unwrap().page < two[1][0].page));
        assert_eq!(batches(&[]).count(), 0);
    }
}
