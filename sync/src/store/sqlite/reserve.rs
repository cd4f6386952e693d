//! Room kept on the disk for what must still be written when it is full (R32).

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Room kept: a shift close, acknowledgements and a purge of a day need less than 4 MiB of log.
pub const RESERVE_LEN: u64 = 8 * 1024 * 1024;

/// Between two attempts to have the room again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Written at once, so that no file system makes a hole of it.
static BLOCK: [u8; 64 * 1024] = [0x5a; 64 * 1024];

/// A file beside the database that is let go of when the disk is full.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    held: bool,
    tried: Option<Instant>,
}

impl Reserve {
    /// Holds the room, or says that it cannot be had.
    pub(super) fn open(database: &Path) -> Self {
        let path = database.with_extension("reserve");
        let held = std::fs::metadata(&path).is_ok_and(|file| file.len() == RESERVE_LEN);
        let mut reserve = Self { path, held, tried: None };
        if !reserve.make() {
            tracing::error!(path = %reserve.path.display(), "the disk has no room for the reserve; make room, or sales will be refused");
        }
        reserve
    }

    pub(super) const fn is_held(&self) -> bool {
        self.held
    }

    /// Gives the room to whatever is written next.
    pub(super) fn release(&mut self) {
        self.held = false;
        self.tried = Some(Instant::now());
        if let Err(why) = std::fs::remove_file(&self.path)
            && why.kind() != std::io::ErrorKind::NotFound
        {
            tracing::error!(%why, "the reserve could not be given up");
        }
    }

    /// Takes the room again, if it is there. Asked for at every refused sale, so not always tried.
    pub(super) fn make(&mut self) -> bool {
        if self.held {
            return true;
        }
        if self.was_tried_lately() {
            return false;
        }
        self.tried = Some(Instant::now());
        match self.write() {
            Ok(()) => self.held = true,
            Err(why) => {
                tracing::debug!(%why, "there is no room for the reserve");
                self.release();
            }
        }
        self.held
    }

    /// Whether it would only be the same again.
    pub(super) fn was_tried_lately(&self) -> bool {
        self.tried.is_some_and(|at| at.elapsed() < RETRY_AFTER)
    }

    /// The same without waiting between attempts, when something was done for it.
    pub(super) fn make_now(&mut self) -> bool {
        self.tried = None;
        self.make()
    }

    fn write(&self) -> std::io::Result<()> {
        let mut file = File::create(&self.path)?;
        for _ in 0..RESERVE_LEN / 65_536 {
            file.write_all(&BLOCK)?;
        }
        file.sync_all()
    }
}
