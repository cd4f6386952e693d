//! The marker beside the database: what was last recorded with it, kept in a file of its own (R4).

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sync_proto::life::{MARKER_LEN, Marker, MarkerSeen};

use super::super::{Commit, StoreError};

/// The marker of an open database. It is written over in place after every commit that appends: without a flush,
/// because it only has to outlive the process. A power cut leaves an older one, and that is never ahead of what
/// the database holds.
#[derive(Debug)]
pub(super) struct MarkFile {
    file: File,
    marker: Marker,
    /// Said once; the next opening then finds a marker that is behind, which is harmless.
    failed: bool,
}

impl MarkFile {
    /// Writes the marker whole: beside, flushed, renamed into place, and the folder flushed.
    pub(super) fn begin(database: &Path, marker: Marker) -> Result<Self, StoreError> {
        let path = path(database);
        let io = |source| StoreError::File { path: path.display().to_string(), source };
        let beside = path.with_extension("mark.new");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&beside)
            .map_err(io)?;
        file.write_all(marker.to_text().as_bytes()).map_err(io)?;
        file.sync_all().map_err(io)?;
        std::fs::rename(&beside, &path).map_err(io)?;
        super::open::sync_folder(&path)?;
        Ok(Self { file, marker, failed: false })
    }

    /// Notes what a commit made durable.
    pub(super) fn note(&mut self, commit: &Commit) {
        let begun = commit.streams.iter().rev().find(|row| row.own);
        if commit.append.is_empty() && begun.is_none() {
            return;
        }
        if let Some(row) = begun {
            (self.marker.incarnation, self.marker.seq) = (row.id.incarnation, row.head.seq);
        }
        let own = self.marker.incarnation;
        if let Some(last) = commit.append.iter().rev().find(|entry| entry.key.stream.incarnation == own) {
            self.marker.seq = last.key.seq;
        }
        let appended = i64::try_from(commit.append.len()).unwrap_or(i64::MAX);
        self.marker.pos = self.marker.pos.saturating_add(appended);
        let written = self.file.write_all_at(self.marker.to_text().as_bytes(), 0);
        if let Err(why) = written
            && !std::mem::replace(&mut self.failed, true)
        {
            tracing::warn!(%why, "the marker beside the database was not written");
        }
    }
}

fn path(database: &Path) -> PathBuf {
    database.with_extension("mark")
}

/// The marker beside a database. What does not read is as good as none.
pub(super) fn read(database: &Path) -> Result<MarkerSeen, StoreError> {
    let path = path(database);
    let io = |source| StoreError::File { path: path.display().to_string(), source };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(MarkerSeen::Missing),
        Err(why) => return Err(io(why)),
    };
    let mut bytes = Vec::new();
    let len_max = u64::try_from(MARKER_LEN).unwrap_or(u64::MAX).saturating_add(1);
    file.take(len_max).read_to_end(&mut bytes).map_err(io)?;
    let marker = String::from_utf8(bytes).ok().and_then(|text| Marker::parse(&text));
    Ok(marker.map_or(MarkerSeen::Missing, MarkerSeen::Read))
}

/// Which file it is: its number on the disk and when it was born there. A copy has others, whatever its name.
pub(super) fn file_identity(database: &Path) -> Result<String, StoreError> {
    let io = |source| StoreError::File { path: database.display().to_string(), source };
    let metadata = std::fs::metadata(database).map_err(io)?;
    // Some file systems do not know the birth; the number alone has to do there.
    let born = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    Ok(format!("{}-{}", metadata.ino(), born.map_or(0, |at| at.as_nanos())))
}
