//! Opening a database: lease, pragmas, version, checks.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use sync_proto::rows::TableSpec;

use super::super::StoreError;
use super::{check, fault};

/// `juyu` in the file's header: another program's database is refused, not migrated.
pub const APPLICATION_ID: i32 = 0x6a75_7975;

/// SQLite before this has a bug that corrupts a database when the WAL is reset.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// A checkpoint by another connection may hold the lock for a moment.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What stays of the write-ahead log after it was written back, bytes: SQLite writes it back from 4 MiB on.
const WAL_LEN_KEPT: i64 = 4 * 1024 * 1024;

/// Prepared statements kept: every table's upsert and select, and the journal's.
const STATEMENTS_MAX: usize = 128;

/// Takes the exclusive lease beside the database (R7).
pub(crate) fn lease(path: &Path) -> Result<File, StoreError> {
    let name = path.with_extension("lease");
    let file_error = |source| StoreError::File { path: name.display().to_string(), source };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .map_err(|source| StoreError::File { path: parent.display().to_string(), source })?;
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&name).map_err(file_error)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.display().to_string())),
        Err(TryLockError::Error(source)) => Err(file_error(source)),
    }
}

/// Flushes the folder that a file was renamed into, so that the name outlives a power cut.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let io = |source| StoreError::File { path: folder.display().to_string(), source };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

/// Opens and checks. Until it is known to be whole and ours, nothing is written into it, not even its own log.
pub(super) fn whole(
    path: &Path,
    migrations: &[&str],
    tables: &[&'static TableSpec],
) -> Result<Connection, StoreError> {
    let connection = open(path, migrations).map_err(|why| damage(path, why))?;
    check(&connection, path, tables).map_err(|why| damage(path, why))?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(connection)
}

fn open(path: &Path, migrations: &[&str]) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(StoreError::Refused(format!(
            "SQLite {} has a bug that corrupts databases; 3.51.3 or newer is needed",
            rusqlite::version()
        )));
    }
    let mut connection = Connection::open(path)?;
    prepare(&connection)?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", WAL_LEN_KEPT)?;
    migrate(&mut connection, path, migrations)?;
    Ok(connection)
}

/// The checks of a start: the file, the tail of every chain, and that rows fit their tables.
fn check(connection: &Connection, path: &Path, tables: &[&'static TableSpec]) -> Result<(), StoreError> {
    let damaged = |what: String| Err(StoreError::Damaged(format!("{}: {what}", path.display())));
    if fault::is_distrusted(path) {
        let found = check::whole(connection)?;
        if !found.is_well() {
            return damaged(found.summary());
        }
        fault::trust(path)?;
    } else if let Some(problem) = check::quick(connection)?.into_iter().next() {
        return damaged(problem);
    }
    check_tables(connection, tables)?;
    for fault in check::tails(connection)? {
        if fault.own {
            return damaged(fault.to_string());
        }
        // Another device's journal: it has the entries too, and sends them again when it audits them (R29).
        tracing::error!(%fault, "the file is whole, an entry of another device is not");
    }
    Ok(())
}

/// What SQLite calls a malformed file or none at all is damage, whatever it was doing when it met it.
pub(crate) fn damage(path: &Path, why: StoreError) -> StoreError {
    match why {
        StoreError::Sqlite(rusqlite::Error::SqliteFailure(e, text))
            if matches!(e.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) =>
        {
            let text = text.unwrap_or_else(|| e.to_string());
            StoreError::Damaged(format!("{}: {text}", path.display()))
        }
        other => other,
    }
}

/// A connection that can only read, for lists and reports beside the writer.
pub fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    prepare(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(())
}

fn migrate(connection: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), StoreError> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (application != 0 || tables != 0) {
        return Err(StoreError::NotOurs(path.display().to_string()));
    }
    let known = migrations.len();
    if version > known {
        let found = u64::try_from(version).unwrap_or(u64::MAX);
        return Err(StoreError::Newer { path: path.display().to_string(), found, known });
    }
    for (number, statements) in (1i64..).zip(migrations).skip(version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(statements)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Rows are read and written by position: a table that has drifted from its rows must not be touched.
fn check_tables(connection: &Connection, tables: &[&'static TableSpec]) -> Result<(), StoreError> {
    for table in tables {
        let mut statement = connection.prepare("SELECT name FROM pragma_table_info($1) ORDER BY cid")?;
        let columns: Vec<String> =
            statement.query_map([table.name], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let expected: Vec<&str> = table.key.iter().chain(table.cells).copied().collect();
        if columns != expected {
            // A defect of the program, not of the file: it must not be set aside for that.
            return Err(StoreError::Refused(format!(
                "table {} has columns {columns:?}, the program expects {expected:?}",
                table.name
            )));
        }
    }
    Ok(())
}
