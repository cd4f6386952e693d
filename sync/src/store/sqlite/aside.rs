//! Setting a database aside: whole, with its log, into a folder of its own, and remembering that it is there.

use std::path::{Path, PathBuf};

use super::super::StoreError;
use super::fault;
use super::open::sync_folder;

/// Why a database was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsideFor {
    /// It is damaged.
    Damage,
    /// Another was put in its place.
    Restore,
}

impl AsideFor {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Damage => "damage",
            Self::Restore => "restore",
        }
    }
}

/// A database that was set aside and not salvaged yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// Why.
    pub why: AsideFor,
    /// The folder that it is in.
    pub folder: PathBuf,
    /// The database there; it may be missing when the program died in between.
    pub database: PathBuf,
}

/// What belongs to a database: its log first, so that no other database ever stands beside it.
const PARTS: [&str; 3] = ["-wal", "-shm", ""];

/// Where the database at `database` is to be set aside, noted before anything is moved: a program that dies in
/// between finds the same folder again.
pub(super) fn begin(database: &Path, why: AsideFor, now_ms: i64) -> Result<Aside, StoreError> {
    if let Some(begun) = pending(database)?.filter(|begun| !begun.database.exists()) {
        return Ok(begun);
    }
    let folder = free_name(&parent(database).join(format!("set-aside-{}", utc(now_ms))));
    std::fs::create_dir_all(&folder).map_err(|source| file_error(&folder, source))?;
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let pointer = pointer(database);
    let text = format!("{}\n{name}\n", why.as_str());
    sync_identity::file::write_private(&pointer, text.as_bytes())
        .map_err(|source| file_error(&pointer, source))?;
    Ok(of(database, why, folder))
}

/// Moves the database into its folder.
pub(super) fn take(database: &Path, aside: &Aside) -> Result<(), StoreError> {
    for part in PARTS {
        let (from, to) = (with_part(database, part), with_part(&aside.database, part));
        match std::fs::rename(&from, &to) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => return Err(file_error(&from, why)),
            Ok(()) | Err(_) => {}
        }
    }
    sync_folder(&aside.database)?;
    sync_folder(database)?;
    fault::trust(database)
}

/// Moves the log and leaves the database, of which the folder has the same file under another name: until another
/// is renamed over it, it is there.
pub(super) fn link(database: &Path, aside: &Aside) -> Result<(), StoreError> {
    for part in PARTS {
        let (from, to) = (with_part(database, part), with_part(&aside.database, part));
        let done = if part.is_empty() { std::fs::hard_link(&from, &to) } else { std::fs::rename(&from, &to) };
        match done {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => return Err(file_error(&from, why)),
            Ok(()) | Err(_) => {}
        }
    }
    sync_folder(&aside.database)?;
    fault::trust(database)
}

/// The database that waits to be salvaged.
pub(super) fn pending(database: &Path) -> Result<Option<Aside>, StoreError> {
    let pointer = pointer(database);
    let text = match std::fs::read_to_string(&pointer) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(file_error(&pointer, source)),
    };
    let mut lines = text.lines();
    let why = match lines.next() {
        Some("restore") => AsideFor::Restore,
        _ => AsideFor::Damage,
    };
    Ok(lines.next().map(|name| of(database, why, parent(database).join(name))))
}

/// It was salvaged.
pub(super) fn done(database: &Path) -> Result<(), StoreError> {
    let pointer = pointer(database);
    std::fs::remove_file(&pointer).map_err(|source| file_error(&pointer, source))
}

fn of(database: &Path, why: AsideFor, folder: PathBuf) -> Aside {
    let name = database.file_name().unwrap_or_default();
    Aside { why, database: folder.join(name), folder }
}

fn pointer(database: &Path) -> PathBuf {
    database.with_extension("aside")
}

fn parent(database: &Path) -> &Path {
    database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn with_part(database: &Path, part: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(part);
    PathBuf::from(name)
}

fn file_error(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::File { path: path.display().to_string(), source }
}

/// A name that is not taken.
pub(crate) fn free_name(wanted: &Path) -> PathBuf {
    let mut name = wanted.to_owned();
    let mut number = 2u32;
    while name.exists() {
        let mut next = wanted.as_os_str().to_owned();
        next.push(format!("-{number}"));
        name = PathBuf::from(next);
        number = number.saturating_add(1);
    }
    name
}

/// `20261124T174500Z`, which sorts by time.
pub(crate) fn utc(now_ms: i64) -> String {
    let seconds = now_ms.div_euclid(1_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

/// Year, month and day of a day since 1970 in the Gregorian calendar, in years that begin in March.
const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year + era * 400 + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_its_time_and_is_never_taken_twice() {
        assert_eq!(utc(0), "19700101T000000Z");
        assert_eq!(utc(951_782_400_000), "20000229T000000Z");
        assert_eq!(utc(1_795_478_400_123), "20261124T000000Z");
        assert_eq!(utc(-1), "19691231T235959Z");
        let folder = tempfile::tempdir().unwrap();
        let wanted = folder.path().join("a");
        assert_eq!(free_name(&wanted), wanted);
        std::fs::create_dir(&wanted).unwrap();
        assert_eq!(free_name(&wanted), folder.path().join("a-2"));
    }
}
