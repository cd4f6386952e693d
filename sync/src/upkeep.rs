//! What a database needs beside its use: its log written back, what is over purged, and everything checked at night.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sync_proto::ledger::Ledger;
use sync_proto::rows::{RowChange, RowKey};

use crate::clock::Clock;
use crate::life::Note;
use crate::node::{Node, NodeError};
use crate::retention::Retention;
use crate::store::sqlite::{Findings, Proof, SqliteStore, check_whole, open_reader, prove_books};
use crate::store::{Store as _, StoreError};
use crate::writer::{Writer, WriterGone};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// A log of this length is truncated at a quiet moment, bytes.
const WAL_LEN_QUIET: u64 = 1024 * 1024;

/// Looks between two purges: an hour.
const PURGE_EVERY_LOOKS: u32 = 60;

/// Purges made in one go at most; each is at most ten thousand entries.
const PURGES_MAX: u32 = 50;

/// The quiet hour, UTC: three in the morning in Korea.
const NIGHT_HOUR_UTC: i64 = 18;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// A check is due at night when the last one is older than this.
const CHECK_AFTER_MS: i64 = 20 * HOUR_MS;

/// A device that is switched off at night is checked at the first quiet moment after this.
const CHECK_AFTER_LATEST_MS: i64 = 36 * HOUR_MS;

/// After a start the books of a database up to this size are proven at once: a second or two beside the work.
const PROVE_AT_START_ENTRIES_MAX: u64 = 200_000;

/// The links have come up by then, and who waits for a till to start does not wait for this.
const PROVE_AFTER: Duration = Duration::from_secs(10);

/// What a check by hand found.
#[derive(Debug)]
pub struct Inspection {
    /// Of the file and the chains.
    pub findings: Findings,
    /// Of the books.
    pub proof: Proof,
}

impl Inspection {
    /// Nothing was found.
    pub fn is_well(&self) -> bool {
        self.findings.is_well() && self.proof.is_well()
    }
}

impl std::fmt::Display for Inspection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}", self.findings.summary(), self.proof.summary())
    }
}

/// Checks a database and its books; the program that owns it may run.
///
/// # Errors
/// The database does not answer.
pub fn inspect(database: &Path, ledger: &Ledger) -> Result<Inspection, StoreError> {
    if !database.exists() {
        let source = std::io::ErrorKind::NotFound.into();
        return Err(StoreError::File { path: database.display().to_string(), source });
    }
    let mut reader = open_reader(database)?;
    let findings = check_whole(&reader)?;
    Ok(Inspection { findings, proof: prove_books(&mut reader, ledger)? })
}

/// A database under care.
#[derive(Debug, Clone)]
pub struct Upkeep {
    /// Its writer.
    pub writer: Writer<SqliteStore>,
    /// Where it is.
    pub database: PathBuf,
    /// The clock.
    pub clock: Clock,
    /// What may be purged; head office purges nothing.
    pub retention: Option<Retention>,
    /// The ledger whose books are proven from the journal; a till has none to prove, its station's are.
    pub books: Option<Ledger>,
}

/// Whether the whole check is to be made now. A clock that was set back makes it once more.
const fn check_is_due(now_ms: i64, last_ms: i64, quiet: bool) -> bool {
    let age_ms = now_ms.saturating_sub(last_ms);
    let night = now_ms.div_euclid(HOUR_MS).rem_euclid(24) == NIGHT_HOUR_UTC;
    quiet && (age_ms < -HOUR_MS || age_ms > CHECK_AFTER_LATEST_MS || (night && age_ms > CHECK_AFTER_MS))
}

impl Upkeep {
    /// Cares for it until the writer is gone.
    pub async fn keep(self) -> Result<(), WriterGone> {
        tokio::time::sleep(PROVE_AFTER).await;
        self.prove_if_short().await?;
        let mut last_check_ms = self.last_check_ms().await?;
        let mut commits = self.writer.changes();
        let mut look = 0u32;
        loop {
            commits.mark_unchanged();
            tokio::time::sleep(LOOK_EVERY).await;
            let quiet = !commits.has_changed().map_err(|_| WriterGone)?;
            self.tend(quiet).await?;
            if look.is_multiple_of(PURGE_EVERY_LOOKS) {
                self.purge().await?;
            }
            look = look.wrapping_add(1);
            let now_ms = self.clock.wall_ms();
            if check_is_due(now_ms, last_check_ms, quiet) {
                last_check_ms = now_ms;
                self.check(now_ms).await?;
                self.prove(now_ms).await?;
            }
        }
    }

    async fn prove_if_short(&self) -> Result<(), WriterGone> {
        let streams = self.writer.run(|node| node.store().streams()).await?;
        let entries: u64 = streams.iter().flatten().map(|row| row.head.seq.0).sum();
        if entries <= PROVE_AT_START_ENTRIES_MAX { self.prove(self.clock.wall_ms()).await } else { Ok(()) }
    }

    async fn last_check_ms(&self) -> Result<i64, WriterGone> {
        let noted = self.writer.run(last_check).await?;
        // Never checked: the first night does it.
        Ok(noted.ok().flatten().unwrap_or_else(|| self.clock.wall_ms()))
    }

    async fn tend(&self, quiet: bool) -> Result<(), WriterGone> {
        let tended = self.writer.run(move |node| node.store().tend(quiet)).await?;
        if let Err(why) = tended {
            tracing::warn!(%why, "the log could not be written back");
        }
        Ok(())
    }

    /// Only by a time that was agreed with head office: a clock that is wrong would let entries go early.
    async fn purge(&self) -> Result<(), WriterGone> {
        let (Some(retention), Some(now_ms)) = (self.retention.clone(), self.clock.agreed_ms()) else {
            return Ok(());
        };
        for _ in 0..PURGES_MAX {
            let retention = retention.clone();
            let purged = self
                .writer
                .run(move |node| {
                    node.store().note_night(&retention, now_ms)?;
                    node.store().purge_due(&retention)
                })
                .await?;
            match purged {
                Ok(0) => return Ok(()),
                Ok(purged) => tracing::info!(purged, "entries that head office holds for long were purged"),
                Err(why) => {
                    tracing::warn!(%why, "nothing was purged");
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Checks everything beside the writer, and keeps the result for the status screens.
    pub async fn check(&self, now_ms: i64) -> Result<(), WriterGone> {
        let database = self.database.clone();
        let look = move || open_reader(&database).and_then(|reader| check_whole(&reader));
        let found = tokio::task::spawn_blocking(look).await;
        let found = found.unwrap_or_else(|why| Err(StoreError::Refused(format!("it ended early: {why}"))));
        self.writer.run(move |node| note_check(node, &found, now_ms)).await?;
        Ok(())
    }

    /// Proves the books beside the writer, puts right what differs from the journal, and keeps the result for the status
    /// screens.
    pub async fn prove(&self, now_ms: i64) -> Result<(), WriterGone> {
        let Some(ledger) = self.books else { return Ok(()) };
        let database = self.database.clone();
        let look = move || open_reader(&database).and_then(|mut reader| prove_books(&mut reader, &ledger));
        match tokio::task::spawn_blocking(look).await {
            Ok(Ok(proof)) => self.writer.run(move |node| note_proof(node, &proof, now_ms)).await,
            Ok(Err(why)) => {
                tracing::error!(%why, "the books could not be proven from the journal");
                Ok(())
            }
            Err(why) => {
                tracing::error!(%why, "the proof of the books ended early");
                Ok(())
            }
        }
    }
}

fn last_check(node: &mut Node<SqliteStore>) -> Result<Option<i64>, NodeError> {
    use crate::life::StoreNote;
    let row = node.get::<StoreNote>(&StoreNote::key(Note::Check.as_str()))?;
    Ok(row.map(|row| row.at_ms))
}

fn note_check(node: &mut Node<SqliteStore>, found: &Result<Findings, StoreError>, now_ms: i64) {
    let (well, detail) = match found {
        Ok(found) => (found.is_well(), found.summary()),
        Err(why) => (false, format!("the check could not be made: {why}")),
    };
    if well {
        tracing::info!(detail, "the database was checked");
    } else {
        tracing::error!(
            detail,
            "the database was checked; call support and make a backup of the data folder"
        );
    }
    // Pages that are broken are seen to at the next start; a chain alone that does not verify stays for people, since
    // what it tells is not gone.
    if let Ok(found) = found
        && !found.file.is_empty()
    {
        node.store().damaged(&found.summary());
        return;
    }
    if let Err(why) = node.write(vec![Note::Check.row(now_ms, well, detail)], now_ms) {
        tracing::warn!(%why, "the result of the check was not kept");
    }
}

fn note_proof(node: &mut Node<SqliteStore>, proof: &Proof, now_ms: i64) {
    let detail = proof.summary();
    if proof.is_well() {
        tracing::info!(detail, "the books were proven");
    } else {
        tracing::error!(
            detail,
            "the books were changed by something else than an entry; the journal's figures are put back"
        );
    }
    let mut rows = node.rows_put_right(proof).unwrap_or_else(|why| {
        tracing::error!(%why, "the books could not be put right");
        Vec::new()
    });
    rows.push(Note::Books.row(now_ms, proof.is_well(), detail));
    if let Err(why) = node.write(rows, now_ms) {
        tracing::warn!(%why, "the result of the proof was not kept");
    }
}

impl Node<SqliteStore> {
    /// The changes that make the books what the journal says, of those rows that still stand as they were found: an
    /// entry that came meanwhile has moved the others, and the next proof sees to them.
    pub fn rows_put_right(&mut self, proof: &Proof) -> Result<Vec<RowChange>, NodeError> {
        let keys: Vec<RowKey> = proof.rows.iter().map(|fault| fault.key.clone()).collect();
        let stands = self.store().rows(&keys)?;
        let still = proof.rows.iter().zip(stands).filter(|(fault, stands)| fault.found == *stands);
        Ok(still
            .map(|(fault, _)| RowChange { key: fault.key.clone(), cells: Some(fault.expected.clone()) })
            .collect())
    }
}

impl SqliteStore {
    /// Writes the log back: whole at a quiet moment, as far as readers let it otherwise. Takes the reserve again.
    pub fn tend(&mut self, quiet: bool) -> Result<(), StoreError> {
        self.refill_reserve();
        if quiet && self.wal_len() > WAL_LEN_QUIET { self.checkpoint() } else { self.checkpoint_passively() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_check_is_made_once_a_night_or_late_at_a_quiet_moment_and_never_in_between() {
        let night = 20_000 * 24 * HOUR_MS + NIGHT_HOUR_UTC * HOUR_MS;
        assert!(check_is_due(night, night - 24 * HOUR_MS, true));
        assert!(!check_is_due(night, night - 24 * HOUR_MS, false), "somebody is selling");
        assert!(!check_is_due(night + HOUR_MS / 2, night, true), "done this night");
        let noon = night + 9 * HOUR_MS;
        assert!(!check_is_due(noon, noon - 33 * HOUR_MS, true));
        assert!(check_is_due(noon, noon - 37 * HOUR_MS, true), "it was switched off at night");
        assert!(check_is_due(noon, noon + 24 * HOUR_MS, true), "the clock was set back");
    }
}
