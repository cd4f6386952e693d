//! Writing on a disk that may be full or fail.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::super::{Commit, StoreError};
use super::fault::{Fault, distrust, fault_of};
use super::reserve::Reserve;
use super::{SqliteStore, commit};

/// Pages of the write-ahead log at which it is written back: 4 MiB.
const CHECKPOINT_PAGES: i32 = 1_000;

/// Pages in the write-ahead log after the last commit.
#[derive(Debug, Clone, Default)]
pub(super) struct WalPages(Arc<AtomicI32>);

impl WalPages {
    /// In place of SQLite's own checkpoint after a commit, whose failures nobody would hear of: a flush of the
    /// database that failed and succeeds at the next attempt has lost what was in between.
    pub(super) fn watch(connection: &mut Connection) -> Result<Self, StoreError> {
        let pages = Self::default();
        let seen = Arc::clone(&pages.0);
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
            seen.store(count, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(pages)
    }

    fn are_many(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= CHECKPOINT_PAGES
    }

    fn written_back(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl SqliteStore {
    /// Keeps a reserve beside the database from here on.
    pub fn hold_reserve(&mut self) {
        self.reserve = Some(Reserve::open(&self.path));
    }

    pub(super) fn write(&mut self, commit: &Commit) -> Result<(), StoreError> {
        self.faults.refuse_if_told()?;
        // While the reserve is away, what room there is belongs to what is essential.
        if !commit.essential && !self.reserve.as_mut().is_none_or(Reserve::make) {
            return Err(StoreError::DiskFull);
        }
        let written = match commit::commit(&mut self.connection, &mut self.texts, commit) {
            Err(why) if why.is_disk_full() => self.when_full(commit, why),
            other => other,
        };
        self.noted(written)?;
        if let Some(mark) = &mut self.mark {
            mark.note(commit);
        }
        if self.pages.are_many() {
            // The commit is durable whatever comes of this; a failing disk ends the program all the same.
            let _ = self.write_back("PASSIVE");
        }
        Ok(())
    }

    /// Writes the log back, then purges what may go, and tries again each time: with the reserve for what is
    /// essential, otherwise only once the reserve is whole again.
    fn when_full(&mut self, commit: &Commit, why: StoreError) -> Result<(), StoreError> {
        self.write_back("TRUNCATE")?;
        match commit::commit(&mut self.connection, &mut self.texts, commit) {
            Err(again) if again.is_disk_full() => {}
            other => return other,
        }
        if !commit.essential && self.reserve.as_ref().is_some_and(Reserve::was_tried_lately) {
            return Err(why);
        }
        tracing::error!(
            "the disk is full: what head office holds for long enough is purged, sales are refused last"
        );
        if let Some(reserve) = &mut self.reserve {
            reserve.release();
        }
        let purged = self.make_room();
        let whole = self.reserve.as_mut().is_none_or(|reserve| !commit.essential && reserve.make_now());
        if commit.essential || (whole && purged > 0) {
            return commit::commit(&mut self.connection, &mut self.texts, commit);
        }
        Err(why)
    }

    fn make_room(&mut self) -> u64 {
        let Some(retention) = self.retention.clone() else { return 0 };
        let purged = self.purge_due(&retention).and_then(|purged| {
            self.write_back("TRUNCATE")?;
            Ok(purged)
        });
        match purged {
            Ok(purged) => {
                tracing::warn!(purged, "entries were purged to make room");
                purged
            }
            Err(why) => {
                tracing::warn!(%why, "nothing could be purged");
                0
            }
        }
    }

    /// Takes the reserve again once there is room; from time to time.
    pub fn refill_reserve(&mut self) -> bool {
        self.reserve.as_mut().is_none_or(Reserve::make)
    }

    /// Whether the reserve is whole.
    pub fn has_reserve(&self) -> bool {
        self.reserve.as_ref().is_none_or(Reserve::is_held)
    }

    /// A disk that is too full to write the log back is as it was; the log stays.
    pub(super) fn write_back(&mut self, how: &str) -> Result<(), StoreError> {
        self.faults.refuse_if_told()?;
        let done = self
            .connection
            .query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()))
            .map_err(StoreError::from);
        self.pages.written_back();
        match done {
            Err(why) if why.is_disk_full() => Ok(()),
            other => self.noted(other),
        }
    }

    /// Writes back what readers let it, and waits for nobody.
    pub fn checkpoint_passively(&mut self) -> Result<(), StoreError> {
        self.write_back("PASSIVE")
    }

    /// Length of the write-ahead log, bytes.
    pub fn wal_len(&self) -> u64 {
        let mut log = self.path.as_os_str().to_owned();
        log.push("-wal");
        std::fs::metadata(Path::new(&log)).map_or(0, |log| log.len())
    }

    /// A check beside the writer found the file damaged: nothing is written any more, and the program ends.
    pub fn damaged(&self, what: &str) {
        self.fail(&Fault::Damaged(what.to_owned()));
    }

    /// Notes what ends the program.
    pub(super) fn noted<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(why) = &result
            && let Some(fault) = fault_of(why)
        {
            self.fail(&fault);
        }
        result
    }

    fn fail(&self, fault: &Fault) {
        if self.faults.tell(fault.clone()) {
            tracing::error!(%fault, "nothing is written any more");
            // Closing would write the log back through the handle that failed.
            if let Err(why) = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            {
                tracing::warn!(%why, "the log may be written back at the end");
            }
            distrust(Path::new(&self.path));
        }
    }
}
