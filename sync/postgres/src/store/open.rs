//! Opening a database: where it is, whose it is, how new it is, and who writes it.

use std::net::IpAddr;
use std::str::FromStr as _;
use std::time::Duration;

use sync::StoreError;
use sync_proto::rows::TableSpec;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::Writers;
use super::column::get;
use super::session::Session;

/// Written into `juyu_schema`: another program's database is refused, not migrated.
const APPLICATION: &str = "juyu";

/// What the suite runs on; older ones are not tried.
const SERVER_VERSION_MIN: i32 = 150_000;

/// A server on this machine answers at once, or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Every lock of ours, as `pg_advisory_lock(LOCKS, n)`: `juyu` in the high half keeps them apart from others'.
const LOCKS: &str = "x'6a757975'::int";

/// What every session is set to. A commit is confirmed when it is on the server's disk; nobody waits for a lock
/// for ever; a writer that went away in mid-commit lets go. Every row is reached by its key: a plan made while
/// a table was small would read all of it when it is large.
const SETTINGS: &str = "SET search_path = public; SET synchronous_commit = on; SET client_min_messages = warning; \
     SET default_transaction_isolation = 'read committed'; SET lock_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '60s'; SET jit = off; \
     SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;";

/// Where the database is, and how it is shared.
pub(super) struct Address {
    config: Config,
    writers: Writers,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The configuration can hold a password.
        f.debug_struct("Address").field("name", &self.name()).field("writers", &self.writers).finish()
    }
}

impl Address {
    pub(super) fn parse(url: &str, writers: Writers) -> Result<Self, StoreError> {
        // The parser's error quotes no value, so no password.
        let mut config = Config::from_str(url)
            .map_err(|why| StoreError::Refused(format!("the database's address does not read: {why}")))?;
        if !is_on_this_machine(&config) {
            return Err(StoreError::Refused(
                "the database server is on another machine, and the link to it is not encrypted yet; \
                 use a Unix socket, 127.0.0.1 or ::1"
                    .to_owned(),
            ));
        }
        config.application_name("juyu").connect_timeout(CONNECT_TIMEOUT).keepalives_idle(CONNECT_TIMEOUT);
        Ok(Self { config, writers })
    }

    /// The database in words for people, without its password.
    pub(super) fn name(&self) -> String {
        format!(
            "database {}",
            self.config.get_dbname().or(self.config.get_user()).unwrap_or("without a name")
        )
    }

    /// Connects and takes the lease, or is told at once that another has it.
    pub(super) fn connect(&self) -> Result<Session, StoreError> {
        let mut session = self.prepared()?;
        let sql = match self.writers {
            Writers::One => format!("SELECT pg_try_advisory_lock({LOCKS}, 0)"),
            Writers::Several => format!("SELECT pg_try_advisory_lock_shared({LOCKS}, 0)"),
        };
        let row = session.query_opt(&sql, &[])?;
        match row.map(|row| get::<bool>(&row, 0)).transpose()? {
            Some(true) => Ok(session),
            _ => Err(StoreError::InUse(self.name())),
        }
    }

    /// Connects after a connection was lost: the server may still hold the lease for the lost one, which ends
    /// by itself. Waits for that as long as for any lock.
    pub(super) fn connect_again(&self) -> Result<Session, StoreError> {
        let mut session = self.prepared()?;
        let sql = match self.writers {
            Writers::One => format!("SELECT pg_advisory_lock({LOCKS}, 0)"),
            Writers::Several => format!("SELECT pg_advisory_lock_shared({LOCKS}, 0)"),
        };
        match session.query(&sql, &[]) {
            Ok(_) => Ok(session),
            Err(StoreError::Server(why)) if why.fault == sync::store::ServerFault::Contended => {
                Err(StoreError::InUse(self.name()))
            }
            Err(why) => Err(why),
        }
    }

    fn prepared(&self) -> Result<Session, StoreError> {
        let mut session = Session::connect(&self.config)?;
        session.run(SETTINGS)?;
        let facts = session.query_opt(
            "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), \
             current_setting('fsync'), current_setting('full_page_writes')",
            &[],
        )?;
        let Some(facts) = facts else {
            return Err(StoreError::Damaged("the server tells no settings".to_owned()));
        };
        let refused = |why: String| Err(StoreError::Refused(format!("{}: {why}", self.name())));
        let version: i32 = get(&facts, 0)?;
        if version < SERVER_VERSION_MIN {
            return refused(format!("the server is of version {}; 15 or newer is needed", version / 10_000));
        }
        let encoding: &str = get(&facts, 1)?;
        if encoding != "UTF8" {
            return refused(format!("its encoding is {encoding}; create it with ENCODING 'UTF8'"));
        }
        for (name, place) in [("fsync", 2), ("full_page_writes", 3)] {
            if get::<&str>(&facts, place)? != "on" {
                return refused(format!(
                    "the server runs with {name} off, so a power cut loses what was confirmed; set it on"
                ));
            }
        }
        Ok(session)
    }
}

fn is_on_this_machine(config: &Config) -> bool {
    let by_name = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    by_name && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// Brings the schema to `migrations.len()`, one transaction each.
pub(super) fn migrate(
    session: &mut Session,
    address: &Address,
    migrations: &[&str],
) -> Result<(), StoreError> {
    // Several writers may be opened at once.
    session.query(&format!("SELECT pg_advisory_lock({LOCKS}, 2)"), &[])?;
    let version = match version(session)? {
        Some(version) => version,
        None => begin_schema(session, address)?,
    };
    refuse_newer(address, version, migrations.len())?;
    for (number, statements) in (1usize..).zip(migrations).skip(version) {
        session.run("BEGIN")?;
        let migrated = session
            .run(statements)
            .and_then(|()| session.run(&format!("UPDATE juyu_schema SET version = {number}; COMMIT")));
        if migrated.is_err() {
            session.run("ROLLBACK")?;
        }
        migrated?;
    }
    session.query(&format!("SELECT pg_advisory_unlock({LOCKS}, 2)"), &[])?;
    Ok(())
}

/// The schema must still be the one that this program knows.
pub(super) fn check_version(
    session: &mut Session,
    address: &Address,
    known: usize,
) -> Result<(), StoreError> {
    match version(session)? {
        Some(found) if found == known => Ok(()),
        Some(found) => refuse_newer(address, found, known),
        None => Err(StoreError::Damaged(format!("{} has lost its tables", address.name()))),
    }
}

fn version(session: &mut Session) -> Result<Option<usize>, StoreError> {
    let there = session.query_opt("SELECT to_regclass('public.juyu_schema') IS NOT NULL", &[])?;
    if there.map(|row| get::<bool>(&row, 0)).transpose()? != Some(true) {
        return Ok(None);
    }
    let row = session.query_opt("SELECT application, version FROM juyu_schema", &[])?;
    let Some(row) = row else { return Ok(None) };
    if get::<&str>(&row, 0)? != APPLICATION {
        return Ok(None);
    }
    let version: i64 = get(&row, 1)?;
    Ok(Some(usize::try_from(version).unwrap_or(usize::MAX)))
}

fn begin_schema(session: &mut Session, address: &Address) -> Result<usize, StoreError> {
    let others = session.query_opt(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')",
        &[],
    )?;
    if others.map(|row| get::<i64>(&row, 0)).transpose()? != Some(0) {
        return Err(StoreError::NotOurs(address.name()));
    }
    session.run(&format!(
        "BEGIN; CREATE TABLE juyu_schema (one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one), \
         application TEXT NOT NULL, version BIGINT NOT NULL CHECK (version >= 0)); \
         INSERT INTO juyu_schema (application, version) VALUES ('{APPLICATION}', 0); COMMIT"
    ))?;
    Ok(0)
}

fn refuse_newer(address: &Address, version: usize, known: usize) -> Result<(), StoreError> {
    if version <= known {
        return Ok(());
    }
    Err(StoreError::Newer { path: address.name(), found: u64::try_from(version).unwrap_or(u64::MAX), known })
}

/// Rows are read and written by name and type: a table that has drifted from its rows must not be touched.
pub(super) fn check_tables(session: &mut Session, tables: &[&'static TableSpec]) -> Result<(), StoreError> {
    for table in tables {
        let rows = session.query(
            "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' \
             AND table_name = $1 AND column_name <> 'row_no' ORDER BY ordinal_position",
            &[&table.name],
        )?;
        let columns: Vec<&str> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
        let expected: Vec<&str> = table.key.iter().chain(table.cells).copied().collect();
        if columns != expected {
            return Err(StoreError::Damaged(format!(
                "table {} has columns {columns:?}, the program expects {expected:?}",
                table.name
            )));
        }
    }
    Ok(())
}

/// A row of `commit_marks` for this store; the only writer removes those of writers before it.
pub(super) fn begin_marks(session: &mut Session, writers: Writers) -> Result<Vec<u8>, StoreError> {
    if writers == Writers::One {
        session.execute("DELETE FROM commit_marks", &[])?;
    }
    let row = session.query_opt(
        "INSERT INTO commit_marks (writer, commit_no) \
         VALUES (decode(replace(gen_random_uuid()::text, '-', ''), 'hex'), 0) RETURNING writer",
        &[],
    )?;
    let writer = row.map(|row| get::<Vec<u8>>(&row, 0)).transpose()?;
    writer.ok_or_else(|| StoreError::Damaged("a row that was inserted is not returned".to_owned()))
}
