//! Working through a chunk of a file: read, checked, issued in turns that are each whole.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use comporta_db::BlobError;
use comporta_kernel::{BusinessDate, CompanyId};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::Boletos;
use crate::error::Error;
use crate::model::{
    BankAccount, BankAccountId, Chunk, Code, Column, Counts, Debt, Debts, Import, ImportId, ImportStatus,
    NumberError, OurNumber, Problem, Reading, Title, boleto_id,
};
use crate::store::Pace;
use crate::store::boletos::{Batch, KeptDebt, NewRow};
use crate::store::imports::{ChunkKey, Progress, Step};

/// Debts of a chunk that are asked for first: if none of them has a boleto, it is no file that came before.
const SAMPLE: usize = 64;
/// Debts that are asked for at once.
const ASKED: usize = 5_000;
/// Rows of a turn at least.
const FEWEST: usize = 100;
/// Rows of a turn at most, which bounds the memory for them.
const MOST: usize = 10_000;

/// A chunk on its way, by one attempt.
struct Work<'a> {
    key: ChunkKey,
    account: BankAccountId,
    rules: BankAccount,
    today: BusinessDate,
    chunk: Chunk,
    attempt: u32,
    debts: &'a Debts,
    /// What is known of debts from `start` on before they are written: those that have a boleto.
    known: Vec<Option<Code>>,
    start: usize,
    /// The next of the numbers taken for it.
    sequence: u64,
}

/// What is written in one transaction.
struct Turn<'a> {
    rows: Vec<NewRow<'a>>,
    problems: Vec<Problem>,
    step: Step<'a>,
}

impl Boletos {
    /// Issues what a chunk of an import holds, from where the last attempt stopped. Dropped, it stops behind the turn
    /// that is being written: a task of its own, because a connection that is left in the middle of a COPY is lost.
    pub(crate) async fn issue_chunk(&self, key: ChunkKey) -> Result<(), Error> {
        let dropped = CancellationToken::new();
        let _guard = dropped.clone().drop_guard();
        let boletos = self.clone();
        let chunk = tokio::spawn(async move { boletos.work_through(key, dropped).await }.in_current_span());
        chunk.await.map_err(|_| Error::Interrupted)?
    }

    async fn work_through(&self, key: ChunkKey, dropped: CancellationToken) -> Result<(), Error> {
        let Some(import) = self.store().import(key.company, key.import).await? else { return Ok(()) };
        if import.status != ImportStatus::Running {
            return Ok(());
        }
        let Some(progress) = self.store().begin_chunk(key).await? else { return Ok(()) };
        if progress.is_done {
            return Ok(());
        }
        let (account, rules) = self.account_for(key.company, Some(import.bank_account_id)).await?;
        let today = self.day_of(import.started_at);
        let Reading { debts, mut problems } = self.read_chunk(import, &progress, today).await?;
        let Progress { chunk, attempt, written_to, .. } = progress;
        let start = written_to.as_deref().map_or(0, |id| debts.up_to(id));
        let known = self.known(key.company, &debts, start).await?;
        self.judge_repeats(key.company, &debts, &known, start, &mut problems).await?;
        let wanted = known.iter().filter(|code| code.is_none()).count() as u64;
        let sequence =
            self.take_numbers(key.company, account.id, wanted, |last| rules.number(last, today)).await?;
        let debts = &debts;
        let work =
            Work { key, account: account.id, rules, today, chunk, attempt, debts, known, start, sequence };
        // What its first turn has written down is not written down again.
        let problems = if written_to.is_none() { problems } else { Vec::new() };
        self.issue_in_turns(work, written_to, problems, dropped).await
    }

    async fn issue_in_turns(
        &self,
        mut work: Work<'_>,
        written_to: Option<String>,
        mut problems: Vec<Problem>,
        dropped: CancellationToken,
    ) -> Result<(), Error> {
        let pace = self.0.pace;
        let (mut at, mut rows, debts) = (work.start, pace.rows, work.debts);
        let mut from = written_to.as_deref();
        loop {
            let end = at.saturating_add(rows).min(debts.len());
            let is_last = end == debts.len();
            let last = end.checked_sub(1).and_then(|last| debts.get(last));
            let to = last.map_or(from, |(debt, ..)| Some(debt.id));
            let turn = work.turn(at..end, std::mem::take(&mut problems), Step { from, to, is_last })?;
            let Some(took) = self.write(&work, turn).await? else {
                tracing::warn!(import = %work.key.import, chunk = work.key.number, "somebody else goes on with this chunk");
                return Ok(());
            };
            if is_last || dropped.is_cancelled() {
                return Ok(());
            }
            (at, from, rows) = (end, to, next_rows(rows, took, pace));
        }
    }

    /// Writes a turn; gives how long it took, `None` when it is not ours to write.
    async fn write(&self, work: &Work<'_>, turn: Turn<'_>) -> Result<Option<Duration>, Error> {
        let Turn { rows, mut problems, step } = turn;
        let (store, now, key) = (self.store(), self.0.clock.now(), work.key);
        let mut tx = self.0.db.begin().await?;
        let began = Instant::now();
        if !store.step_chunk(&mut tx, key, step).await? {
            return Ok(None);
        }
        let batch =
            Batch { company: key.company, account: work.account, import: key.import, at: now, rows: &rows };
        let repeated = store.insert_batch(&mut tx, &batch).await?;
        if !repeated.is_empty() {
            let ids: Vec<&str> = repeated.iter().filter_map(|at| Some(rows.get(*at)?.debt.id)).collect();
            let kept = by_debt(store.kept_debts_in(&mut tx, key.company, &ids).await?);
            problems.extend(repeated.iter().filter_map(|at| {
                let row = rows.get(*at)?;
                Some(Problem(
                    row.line,
                    Some(Column::DebtId),
                    repeats(&kept, &row.debt).unwrap_or(Code::Duplicate),
                ))
            }));
        }
        warn(work, &rows, &repeated, &mut problems);
        let issued = (rows.len() - repeated.len()) as u64;
        let mut counts = Counts { rows_read: issued, issued, ..Counts::default() };
        counts.count(&problems);
        if !problems.is_empty() {
            store.add_problems(&mut tx, key, &problems).await?;
        }
        let done_bytes = step.is_last.then(|| work.chunk.span.end - work.chunk.span.begin);
        let Some(status) = store.count(&mut tx, key, &counts, done_bytes, now).await? else {
            return Ok(None);
        };
        if status == ImportStatus::Completed {
            self.enqueue_letters_of(&mut tx, key.company, key.import).await?;
        }
        tx.commit().await?;
        metrics::counter!("comporta_boletos_issued_total").increment(issued);
        if status == ImportStatus::Completed {
            tracing::info!(import = %key.import, "an import is complete");
        }
        Ok(Some(began.elapsed()))
    }

    async fn read_chunk(
        &self,
        import: Import,
        progress: &Progress,
        today: BusinessDate,
    ) -> Result<Reading, Error> {
        let span = progress.chunk.span;
        let file = import.file.parse().map_err(|_| Error::NoFile)?;
        let records = self.0.files.range(&file, span.begin..span.end).await.map_err(|error| match error {
            BlobError::Missing(_) => Error::NoFile,
            error => Error::Files(error),
        })?;
        // A tenth of a second of work: not on a thread that others wait for.
        let reading = tokio::task::spawn_blocking(move || {
            Reading::read(&records, span.first_line, &import.layout, import.documents, today)
        });
        reading.await.map_err(|_| Error::Interrupted)
    }

    /// Which of a chunk's debts have a boleto already. Only a file that seems to have come before is looked through:
    /// else it would cost more than the numbers that it saves.
    async fn known(
        &self,
        company: CompanyId,
        debts: &Debts,
        start: usize,
    ) -> Result<Vec<Option<Code>>, Error> {
        let mut known = vec![None; debts.len() - start];
        let every = known.len().div_ceil(SAMPLE).max(1);
        let sample: Vec<&str> =
            (start..debts.len()).step_by(every).filter_map(|at| Some(debts.get(at)?.0.id)).collect();
        if self.store().kept_debts(company, &sample).await?.is_empty() {
            return Ok(known);
        }
        for (page, known) in known.chunks_mut(ASKED).enumerate() {
            let first = start + page * ASKED;
            let asked = |at: usize| debts.get(first + at).map(|(debt, ..)| debt);
            let ids: Vec<&str> = (0..known.len()).filter_map(|at| Some(asked(at)?.id)).collect();
            let kept = by_debt(self.store().kept_debts(company, &ids).await?);
            for (at, known) in known.iter_mut().enumerate() {
                *known = asked(at).and_then(|debt| repeats(&kept, &debt));
            }
        }
        Ok(known)
    }

    /// A row whose debt came before was read against the row that stands. Where the boleto says something else than that
    /// one, it is the boleto that this one repeats or not.
    async fn judge_repeats(
        &self,
        company: CompanyId,
        debts: &Debts,
        known: &[Option<Code>],
        start: usize,
        problems: &mut [Problem],
    ) -> Result<(), Error> {
        let is_doubtful = |place: usize| {
            place
                .checked_sub(start)
                .and_then(|at| known.get(at))
                .is_some_and(|code| *code == Some(Code::Conflict))
        };
        let doubtful: Vec<(Debt<'_>, u64)> = debts
            .repeats()
            .filter(|(place, ..)| is_doubtful(*place))
            .map(|(_, debt, line)| (debt, line))
            .collect();
        for page in doubtful.chunks(ASKED) {
            let ids: Vec<&str> = page.iter().map(|(debt, _)| debt.id).collect();
            let kept = by_debt(self.store().kept_debts(company, &ids).await?);
            for (debt, line) in page {
                if let Ok(at) = problems.binary_search_by_key(line, |problem| problem.0)
                    && let (Some(problem), Some(code)) = (problems.get_mut(at), repeats(&kept, debt))
                {
                    problem.2 = code;
                }
            }
        }
        Ok(())
    }

    /// The first of so many numbers, which nobody else gets; none is taken when the account has not as many.
    async fn take_numbers(
        &self,
        company: CompanyId,
        account: BankAccountId,
        count: u64,
        number: impl Fn(u64) -> Result<OurNumber, NumberError> + Send,
    ) -> Result<u64, Error> {
        if count == 0 {
            return Ok(0);
        }
        let mut tx = self.0.db.begin().await?;
        let first = self.store().take_numbers(&mut tx, company, account, count).await?;
        let first = first.ok_or(Error::NoSuchAccount)?;
        number(first + count - 1)?;
        tx.commit().await?;
        Ok(first)
    }

    /// Ends an import that cannot go on.
    pub(crate) async fn fail_import(
        &self,
        company: CompanyId,
        id: ImportId,
        reason: &Error,
    ) -> Result<(), Error> {
        let mut tx = self.0.db.begin().await?;
        let (reason, now) = (reason.told_of_import(), self.0.clock.now());
        if self.store().fail_import(&mut tx, company, id, &reason, now).await? {
            self.enqueue_letters_of(&mut tx, company, id).await?;
        }
        Ok(tx.commit().await?)
    }
}

impl<'a> Work<'a> {
    /// Makes the boletos of some of the debts.
    fn turn(
        &mut self,
        places: std::ops::Range<usize>,
        mut problems: Vec<Problem>,
        step: Step<'a>,
    ) -> Result<Turn<'a>, Error> {
        let mut rows = Vec::with_capacity(places.len());
        for place in places {
            let Some((debt, line, _)) = self.debts.get(place) else { continue };
            if let Some(code) = self.known.get(place - self.start).copied().flatten() {
                problems.push(Problem(line, Some(Column::DebtId), code));
                continue;
            }
            let number = self.rules.number(self.sequence, self.today)?;
            self.sequence += 1;
            let title = Title { due: debt.due, issued: self.today, document_number: Some(debt.id) };
            match self.rules.barcode(number, debt.amount, &title) {
                Ok(barcode) => {
                    let id = boleto_id(self.chunk.first_id, self.attempt, place);
                    rows.push(NewRow { id, debt, our_number: number.to_string(), barcode, line });
                }
                Err(_) => problems.push(Problem(line, Some(Column::DebtId), Code::NotIssuable)),
            }
        }
        Ok(Turn { rows, problems, step })
    }
}

/// Tells of boletos that were issued and that nobody can be sent.
fn warn(work: &Work<'_>, rows: &[NewRow<'_>], repeated: &[usize], problems: &mut Vec<Problem>) {
    let mut repeated = repeated.iter().copied().peekable();
    for (at, row) in rows.iter().enumerate() {
        if repeated.next_if_eq(&at).is_some() || row.debt.email.is_some() {
            continue;
        }
        let place = (row.id.as_u128() & 0x00FF_FFFF) as usize;
        if let Some((_, line, Some(code))) = work.debts.get(place) {
            problems.push(Problem(line, Some(Column::Email), code));
        }
    }
}

fn by_debt(kept: Vec<KeptDebt>) -> HashMap<String, KeptDebt> {
    kept.into_iter().map(|kept| (kept.id.clone(), kept)).collect()
}

/// What a row is if its debt has a boleto.
fn repeats(kept: &HashMap<String, KeptDebt>, debt: &Debt<'_>) -> Option<Code> {
    kept.get(debt.id).map(|kept| if kept.says(debt) { Code::Duplicate } else { Code::Conflict })
}

/// As many rows as the next turn has time for; at most twice as many as the last, at least half.
fn next_rows(rows: usize, took: Duration, pace: Pace) -> usize {
    let fit = rows as u128 * pace.turn.as_micros() / took.as_micros().max(1);
    let fit = usize::try_from(fit).unwrap_or(usize::MAX);
    fit.clamp(rows / 2, rows * 2).clamp(FEWEST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_has_as_many_rows_as_the_last_one_had_time_for() {
        let pace = Pace { chunk_bytes: 1, rows: 1_000, turn: Duration::from_millis(25) };
        let after = |milliseconds| next_rows(1_000, Duration::from_millis(milliseconds), pace);
        assert_eq!((after(25), after(20), after(40)), (1_000, 1_250, 625));
        assert_eq!((after(1), after(1_000)), (2_000, 500));
        assert_eq!(next_rows(8_000, Duration::from_millis(1), pace), MOST);
        assert_eq!(next_rows(120, Duration::from_secs(1), pace), FEWEST);
    }
}
