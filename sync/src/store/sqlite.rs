//! The store on SQLite: WAL, `synchronous=FULL`, one writer.

mod aside;
mod books;
mod check;
mod commit;
mod fault;
mod feeds;
mod mark;
mod mend;
mod open;
mod purge;
mod read;
mod reserve;
mod texts;
mod write;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sync_proto::fact::FeedScope;
use sync_proto::life::{Marker, MarkerSeen};
use sync_proto::rows::{RowKey, TableSpec, Value};
use sync_proto::wire::FeedItem;
use sync_proto::{ChainHash, Entry, FeedVersion, Incarnation, Seq, StreamId};
use tokio::sync::watch;

use super::{Commit, FeedHead, FeedStage, Store, StoreError, StoredEntry, StreamRow};

use fault::FaultBoard;
use mark::MarkFile;
use reserve::Reserve;
use write::WalPages;

use crate::retention::Retention;

pub(crate) use aside::{free_name, utc};
pub(crate) use open::{damage, lease, sync_folder};

pub use aside::{Aside, AsideFor};
pub use books::{BookFault, Proof, prove_books};
pub use check::{ChainFault, Findings, whole as check_whole};
pub use fault::{EXIT_STORAGE, Fault, is_fault, told};
pub use open::{APPLICATION_ID, open_reader};

/// A program's database, opened for writing. Holds the exclusive lease of R7 until dropped.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
    mark: Option<MarkFile>,
    texts: texts::Texts,
    pub(crate) retention: Option<Retention>,
    reserve: Option<Reserve>,
    faults: FaultBoard,
    pages: WalPages,
    /// Locked while this store lives; the system lets go when the process dies.
    _lease: std::fs::File,
}

impl SqliteStore {
    /// Opens or makes the database at `path` and brings its schema to `migrations.len()`.
    ///
    /// `migrations` are the whole statements of each version in order, [`crate::MIGRATION_JOURNAL`] and
    /// [`crate::MIGRATION_BOOKS`] first; `tables` are checked to have the columns that their rows say.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process writes it, [`StoreError::NotOurs`] and [`StoreError::Newer`] when
    /// it is not for this program, [`StoreError::Damaged`] when it or the tail of a chain is not whole, otherwise
    /// what SQLite or the system said.
    pub fn open(path: &Path, migrations: &[&str], tables: &[&'static TableSpec]) -> Result<Self, StoreError> {
        let lease = lease(path)?;
        Self::over(open::whole(path, migrations, tables)?, path, lease)
    }

    /// The same for a till and an agent, which must go on (their entries are elsewhere too, or are salvaged): a
    /// damaged database is set aside, and the program starts with an empty one.
    ///
    /// # Errors
    /// As [`Self::open`], without [`StoreError::Damaged`].
    pub fn open_or_set_aside(
        path: &Path,
        migrations: &[&str],
        tables: &[&'static TableSpec],
        now_ms: i64,
    ) -> Result<Self, StoreError> {
        let lease = lease(path)?;
        let connection = match open::whole(path, migrations, tables) {
            Err(StoreError::Damaged(what)) => {
                let aside = aside::begin(path, AsideFor::Damage, now_ms)?;
                tracing::error!(what, folder = %aside.folder.display(), "the database is damaged and is set aside");
                aside::take(path, &aside)?;
                open::whole(path, migrations, tables)?
            }
            other => other?,
        };
        Self::over(connection, path, lease)
    }

    fn over(connection: Connection, path: &Path, lease: std::fs::File) -> Result<Self, StoreError> {
        let mut connection = connection;
        let pages = WalPages::watch(&mut connection)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            mark: None,
            texts: texts::Texts::default(),
            retention: None,
            reserve: None,
            faults: FaultBoard::new(),
            pages,
            _lease: lease,
        })
    }

    /// A database that was set aside from here and waits to be salvaged.
    pub fn pending_aside(&self) -> Result<Option<Aside>, StoreError> {
        aside::pending(&self.path)
    }

    /// What was set aside is salvaged.
    pub fn aside_is_done(&self) -> Result<(), StoreError> {
        aside::done(&self.path)
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The writer's connection, to read with statements that stand beside the aggregate that owns them.
    /// Writing goes through [`Store::commit`].
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The marker beside the database (R4).
    pub fn marker(&self) -> Result<MarkerSeen, StoreError> {
        mark::read(&self.path)
    }

    /// Which file the database is.
    pub fn file_identity(&self) -> Result<String, StoreError> {
        mark::file_identity(&self.path)
    }

    /// The last place in the order in which entries were stored.
    pub fn last_pos(&self) -> Result<i64, StoreError> {
        Ok(self.connection.query_row("SELECT coalesce(max(pos), 0) FROM entries", [], |row| row.get(0))?)
    }

    /// Writes a new marker and keeps it up with every commit from here on.
    pub fn begin_marker(
        &mut self,
        mark: [u8; 16],
        openings: u64,
        incarnation: Incarnation,
        seq: Seq,
    ) -> Result<(), StoreError> {
        let marker = Marker { mark, openings, incarnation, seq, pos: self.last_pos()? };
        self.mark = Some(MarkFile::begin(&self.path, marker)?);
        Ok(())
    }

    /// Writes the WAL back and truncates it; at a quiet time.
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        self.write_back("TRUNCATE")
    }

    /// Tells when the program has to end: see [`told`].
    pub fn faults(&self) -> watch::Receiver<Option<Fault>> {
        self.faults.seen()
    }
}

impl Store for SqliteStore {
    fn commit(&mut self, commit: &Commit) -> Result<(), StoreError> {
        self.write(commit)
    }

    fn stream(&mut self, id: &StreamId) -> Result<Option<StreamRow>, StoreError> {
        self.noted(read::stream(&self.connection, id))
    }

    fn streams(&mut self) -> Result<Vec<StreamRow>, StoreError> {
        self.noted(read::streams(&self.connection))
    }

    fn hash_at(&mut self, id: &StreamId, seq: Seq) -> Result<Option<ChainHash>, StoreError> {
        self.noted(read::hash_at(&self.connection, id, seq))
    }

    fn entries(
        &mut self,
        id: &StreamId,
        from: Seq,
        entries_max: u32,
        len_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.noted(read::entries(&self.connection, id, from, entries_max, len_max))
    }

    fn entries_after(&mut self, pos: i64, entries_max: u32) -> Result<Vec<StoredEntry>, StoreError> {
        self.noted(read::entries_after(&self.connection, pos, entries_max))
    }

    fn rows(&mut self, keys: &[RowKey]) -> Result<Vec<Option<Vec<Value>>>, StoreError> {
        let found = read::rows(&self.connection, &mut self.texts, keys);
        self.noted(found)
    }

    fn ack(&mut self, upstream: &str, id: &StreamId) -> Result<Seq, StoreError> {
        self.noted(read::ack(&self.connection, upstream, id))
    }

    fn feed_head(&mut self, scope: &FeedScope) -> Result<Option<FeedHead>, StoreError> {
        self.noted(feeds::head(&self.connection, scope))
    }

    fn feed_items(
        &mut self,
        scope: &FeedScope,
        after: FeedVersion,
        len_max: usize,
    ) -> Result<(Vec<FeedItem>, bool), StoreError> {
        self.noted(feeds::items(&self.connection, scope, after, len_max))
    }

    fn feeds(&mut self) -> Result<Vec<(FeedScope, FeedHead)>, StoreError> {
        self.noted(feeds::all(&self.connection))
    }

    fn feed_horizon(&mut self, scope: &FeedScope) -> Result<FeedVersion, StoreError> {
        self.noted(feeds::horizon(&self.connection, scope))
    }

    fn feed_version_at(&mut self, scope: &FeedScope, at_ms: i64) -> Result<FeedVersion, StoreError> {
        self.noted(feeds::version_at(&self.connection, scope, at_ms))
    }

    fn feed_writer_left(&mut self, scope: &FeedScope, writer: Incarnation) -> Result<bool, StoreError> {
        self.noted(feeds::writer_left(&self.connection, scope, writer))
    }

    fn feed_stage(&mut self, scope: &FeedScope) -> Result<Option<FeedStage>, StoreError> {
        self.noted(feeds::stage(&self.connection, scope))
    }

    fn feed_stage_part(&mut self, scope: &FeedScope, part: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.noted(feeds::stage_part(&self.connection, scope, part))
    }

    fn cursor(&mut self, name: &str) -> Result<i64, StoreError> {
        self.noted(read::cursor(&self.connection, name))
    }

    fn purge(&mut self, id: &StreamId, through: Seq) -> Result<u64, StoreError> {
        self.faults.refuse_if_told()?;
        let purged = purge::purge(&mut self.connection, id, through);
        self.noted(purged)
    }

    fn scan(
        &mut self,
        table: &'static TableSpec,
        after: Option<&RowKey>,
        rows_max: usize,
    ) -> Result<Vec<(RowKey, Vec<Value>)>, StoreError> {
        self.noted(read::scan(&self.connection, table, after, rows_max))
    }
}

/// The streams of any database of ours.
pub(crate) fn stored_streams(connection: &Connection) -> Result<Vec<StreamRow>, StoreError> {
    read::streams(connection)
}

/// Sets the database at `path` aside under a second name, for another to be renamed over it.
pub(crate) fn link_aside(path: &Path, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let aside = aside::begin(path, AsideFor::Restore, now_ms)?;
    aside::link(path, &aside)?;
    Ok(Some(aside.folder))
}
