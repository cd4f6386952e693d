//! What a database cannot go on after: a disk that failed, a file that is damaged.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use tokio::sync::watch;

use super::super::StoreError;

/// The exit code of a program whose disk failed or whose database is damaged (`EX_IOERR`): started again, it
/// verifies what is there.
pub const EXIT_STORAGE: u8 = 74;

/// Why the program has to end. Nothing is written through this handle any more: after a failed flush the system
/// may call the next one a success although the data is lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The disk failed.
    #[error(
        "the disk failed ({0}); the program ends, and verifies the database when it is started again; check the disk"
    )]
    Disk(String),
    /// The file is not what it was.
    #[error(
        "the database is damaged ({0}); the program ends, and sees to it when it is started again; check the disk"
    )]
    Damaged(String),
}

/// Where a [`Fault`] is told: to whoever ends the program.
#[derive(Debug, Clone)]
pub(super) struct FaultBoard(watch::Sender<Option<Fault>>);

impl FaultBoard {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    pub(super) fn seen(&self) -> watch::Receiver<Option<Fault>> {
        self.0.subscribe()
    }

    /// The first fault stands.
    pub(super) fn tell(&self, fault: Fault) -> bool {
        self.0.send_if_modified(|told| {
            let first = told.is_none();
            told.get_or_insert(fault);
            first
        })
    }

    pub(super) fn refuse_if_told(&self) -> Result<(), StoreError> {
        match &*self.0.borrow() {
            Some(fault) => Err(StoreError::Halted(fault.clone())),
            None => Ok(()),
        }
    }
}

/// The fault that an error means, if it means one.
pub(super) fn fault_of(why: &StoreError) -> Option<Fault> {
    if why.is_disk_full() {
        return None;
    }
    match why {
        StoreError::Sqlite(rusqlite::Error::SqliteFailure(e, text)) => {
            let text = || text.clone().unwrap_or_else(|| e.to_string());
            match e.code {
                ErrorCode::SystemIoFailure => Some(Fault::Disk(text())),
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Some(Fault::Damaged(text())),
                _ => None,
            }
        }
        StoreError::Damaged(what) => Some(Fault::Damaged(what.clone())),
        _ => None,
    }
}

/// Whether an error, or what it wraps, is a fault: then the program ends with [`EXIT_STORAGE`].
pub fn is_fault(why: &(dyn std::error::Error + 'static)) -> bool {
    why.is::<Fault>()
        || matches!(why.downcast_ref::<StoreError>(), Some(StoreError::Halted(_)))
        || why.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref).is_some_and(holds_fault)
}

fn holds_fault(inner: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    inner.is::<Fault>()
}

/// Waits until a fault is told.
pub async fn told(faults: &mut watch::Receiver<Option<Fault>>) -> Fault {
    match faults.wait_for(Option::is_some).await.map(|told| told.clone()) {
        Ok(Some(fault)) => fault,
        // The store is gone without one: whoever waits for it learns that elsewhere.
        Ok(None) | Err(_) => std::future::pending().await,
    }
}

/// Says that the next opening has to look at everything. That it cannot be said must not hide the fault.
pub(super) fn distrust(database: &Path) {
    if let Err(why) = std::fs::write(distrust_path(database), b"") {
        tracing::warn!(%why, "the next start will only make its quick check");
    }
}

pub(super) fn is_distrusted(database: &Path) -> bool {
    distrust_path(database).exists()
}

/// Everything was looked at.
pub(super) fn trust(database: &Path) -> Result<(), StoreError> {
    let path = distrust_path(database);
    match std::fs::remove_file(&path) {
        Ok(()) => Ok(()),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(StoreError::File { path: path.display().to_string(), source }),
    }
}

fn distrust_path(database: &Path) -> PathBuf {
    database.with_extension("distrust")
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn sqlite(code: i32) -> StoreError {
        StoreError::Sqlite(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    }

    #[test]
    fn a_failed_flush_ends_the_program_and_a_full_disk_does_not() {
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_READ] {
            assert!(matches!(fault_of(&sqlite(code)), Some(Fault::Disk(_))), "{code}");
        }
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            assert!(matches!(fault_of(&sqlite(code)), Some(Fault::Damaged(_))), "{code}");
        }
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_SHMSIZE] {
            assert!(sqlite(code).is_disk_full(), "{code}");
            assert_eq!(fault_of(&sqlite(code)), None, "{code}");
        }
        assert_eq!(fault_of(&sqlite(ffi::SQLITE_BUSY)), None);
    }

    #[test]
    fn after_the_first_fault_nothing_is_written() {
        let board = FaultBoard::new();
        assert!(board.refuse_if_told().is_ok());
        assert!(board.tell(Fault::Disk("EIO".to_owned())));
        assert!(!board.tell(Fault::Damaged("later".to_owned())));
        let why = board.refuse_if_told().unwrap_err();
        assert!(matches!(why, StoreError::Halted(Fault::Disk(_))), "{why}");
    }
}
