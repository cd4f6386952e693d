//! A backup while the program runs, and putting one back.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use sync_proto::DeviceId;

use crate::store::StoreError;
use crate::store::sqlite::{self, APPLICATION_ID, check_whole, open_reader};

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Where it is.
    pub path: PathBuf,
    /// Its length, bytes.
    pub len: u64,
    /// Entries of the journal in it, all verified.
    pub entry_count: u64,
}

impl std::fmt::Display for Backup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} entries, verified", self.path.display(), self.entry_count)
    }
}

/// Copies the database into a file in `folder`, verifies it, and only then gives it its name. The program may run.
///
/// # Errors
/// The folder cannot be written, or the database is not whole; then there is no new file.
pub fn write(database: &Path, folder: &Path, now_ms: i64) -> Result<Backup, StoreError> {
    std::fs::create_dir_all(folder).map_err(|source| file_error(folder, source))?;
    if !database.exists() {
        return Err(file_error(database, std::io::ErrorKind::NotFound.into()));
    }
    let stem = database.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = folder.join(format!("{stem}-{}", sqlite::utc(now_ms)));
    let unfinished = name.with_extension("unfinished");
    match std::fs::remove_file(&unfinished) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => return Err(file_error(&unfinished, why)),
        Ok(()) | Err(_) => {}
    }
    let made = copy_and_verify(database, &unfinished);
    let entry_count = made.inspect_err(|_| {
        // What is not whole must not lie around looking like a backup.
        let _ = std::fs::remove_file(&unfinished);
    })?;
    let path = sqlite::free_name(&name.with_extension("db"));
    std::fs::rename(&unfinished, &path).map_err(|source| file_error(&path, source))?;
    sqlite::sync_folder(&path)?;
    let len = std::fs::metadata(&path).map_err(|source| file_error(&path, source))?.len();
    Ok(Backup { path, len, entry_count })
}

fn copy_and_verify(database: &Path, to: &Path) -> Result<u64, StoreError> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.execute("VACUUM INTO $1", [to.to_string_lossy()])?;
    // SQLite does not flush what it vacuums into.
    File::open(to).and_then(|file| file.sync_all()).map_err(|source| file_error(to, source))?;
    verify(to, usize::MAX, None)
}

/// Verifies the file of a backup; returns how many entries it holds.
fn verify(file: &Path, known_schema: usize, device: Option<DeviceId>) -> Result<u64, StoreError> {
    if !file.exists() {
        return Err(file_error(file, std::io::ErrorKind::NotFound.into()));
    }
    let damaged = |why: StoreError| sqlite::damage(file, why);
    let connection = open_reader(file).map_err(damaged)?;
    let header = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = header("application_id").map_err(|why| damaged(why.into()))?;
    if application != i64::from(APPLICATION_ID) {
        return Err(StoreError::NotOurs(file.display().to_string()));
    }
    let schema = header("user_version").map_err(|why| damaged(why.into()))?;
    let found = u64::try_from(schema).unwrap_or(u64::MAX);
    if usize::try_from(found).is_ok_and(|found| found > known_schema) {
        return Err(StoreError::Newer { path: file.display().to_string(), found, known: known_schema });
    }
    let findings = check_whole(&connection).map_err(damaged)?;
    if !findings.is_well() {
        return Err(StoreError::Damaged(format!("{}: {}", file.display(), findings.summary())));
    }
    let owner: Option<[u8; 16]> = connection
        .query_row("SELECT device FROM streams WHERE own = 1 ORDER BY stream_id DESC LIMIT 1", [], |row| {
            row.get(0)
        })
        .ok();
    match (owner.map(DeviceId), device) {
        (Some(owner), Some(device)) if owner != device => Err(StoreError::Refused(format!(
            "{} is a backup of device {owner}, this is device {device}; take a backup of this device",
            file.display()
        ))),
        _ => Ok(findings.entry_count),
    }
}

/// What was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Entries of the journal in it, all verified.
    pub entry_count: u64,
    /// Where the database is that was there before.
    pub set_aside: Option<PathBuf>,
}

impl std::fmt::Display for Restored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} entries restored, verified; the next start begins a new life", self.entry_count)?;
        match &self.set_aside {
            Some(folder) => write!(f, "; what was here before is in {}", folder.display()),
            None => Ok(()),
        }
    }
}

/// Puts the backup `file` in the place of `database`, which is set aside. The program must not run. Its next start
/// begins a new life (R4), and takes over what the replaced journal holds beyond the backup.
///
/// # Errors
/// [`StoreError::InUse`] while the program runs; otherwise what is wrong with the file. Nothing is changed then.
pub fn restore(
    database: &Path,
    file: &Path,
    known_schema: usize,
    device: Option<DeviceId>,
    now_ms: i64,
) -> Result<Restored, StoreError> {
    let _lease = sqlite::lease(database)?;
    let entry_count = verify(file, known_schema, device)?;
    let beside = database.with_extension("restoring");
    std::fs::copy(file, &beside).map_err(|source| file_error(&beside, source))?;
    File::open(&beside).and_then(|copy| copy.sync_all()).map_err(|source| file_error(&beside, source))?;
    let set_aside = sqlite::link_aside(database, now_ms)?;
    std::fs::rename(&beside, database).map_err(|source| file_error(database, source))?;
    sqlite::sync_folder(database)?;
    Ok(Restored { entry_count, set_aside })
}

fn file_error(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::File { path: path.display().to_string(), source }
}
