//! The store: one connection of one writer, whole-batch statements, commits that are never in doubt for long.

mod column;
mod commit;
mod fault;
mod feeds;
mod open;
mod purge;
mod read;
mod session;

use sync::store::{
    Commit, FeedHead, FeedStage, ServerError, ServerFault, Store, StoreError, StoredEntry, StreamRow,
};
use sync_proto::fact::FeedScope;
use sync_proto::rows::{RowKey, TableSpec, Value};
use sync_proto::wire::FeedItem;
use sync_proto::{ChainHash, Entry, FeedVersion, Incarnation, Seq, StreamId};

use commit::Failure;
use fault::is_lost;
use open::Address;
use session::Session;

/// How often a commit is tried that other writers are in the way of. Each try waits its turn at the locks, so
/// a commit that fails this often meets something that no turn helps against.
const COMMIT_TRIES_MAX: u32 = 5;

/// Who may write the database besides this store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writers {
    /// Nobody (R7): a second writer is refused.
    One,
    /// Others that were opened like this one.
    Several,
}

/// A database on a PostgreSQL server, opened for writing.
///
/// It blocks the thread that calls it, and drives its connection there: call it from a thread of its own, as
/// [`sync::Writer`] does, never from a thread that runs asynchronous tasks.
#[derive(Debug)]
pub struct PostgresStore {
    address: Address,
    tables: Vec<&'static TableSpec>,
    schema_version: usize,
    /// `None` from the moment that the connection was lost until the next call.
    session: Option<Session>,
    /// Names this store in `commit_marks`.
    writer: Vec<u8>,
    /// Of the last commit that was begun.
    commit_no: i64,
}

impl PostgresStore {
    /// Opens the database at `url` and brings its schema to `migrations.len()`.
    ///
    /// `url` is what `psql` takes. Until the link to it can be encrypted, the server must be on this machine:
    /// a Unix socket or a loopback address. `migrations` are the whole statements of each version in order,
    /// [`crate::MIGRATION_JOURNAL`] and [`crate::MIGRATION_BOOKS`] first; `tables` are checked to have the
    /// columns that their rows say.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another writer has it open, [`StoreError::NotOurs`] and [`StoreError::Newer`],
    /// [`StoreError::Refused`] when it is not durable or not on this machine, otherwise what the server said.
    pub fn open(
        url: &str,
        writers: Writers,
        migrations: &[&str],
        tables: &[&'static TableSpec],
    ) -> Result<Self, StoreError> {
        let address = Address::parse(url, writers)?;
        let mut session = address.connect()?;
        open::migrate(&mut session, &address, migrations)?;
        open::check_tables(&mut session, tables)?;
        let writer = open::begin_marks(&mut session, writers)?;
        Ok(Self {
            address,
            tables: tables.to_vec(),
            schema_version: migrations.len(),
            session: Some(session),
            writer,
            commit_no: 0,
        })
    }

    /// The session, connected anew if it was lost.
    fn session(&mut self) -> Result<&mut Session, StoreError> {
        if self.session.as_ref().is_some_and(Session::is_closed) {
            self.session = None;
        }
        let session = match self.session.take() {
            Some(session) => session,
            None => self.reconnect()?,
        };
        Ok(self.session.insert(session))
    }

    /// Another version may have migrated the database while the connection was away.
    fn reconnect(&self) -> Result<Session, StoreError> {
        let mut session = self.address.connect_again()?;
        open::check_version(&mut session, &self.address, self.schema_version)?;
        open::check_tables(&mut session, &self.tables)?;
        Ok(session)
    }

    /// Reads; once more on a new connection when the one at hand turns out to be lost.
    fn read<T>(&mut self, read: impl Fn(&mut Session) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match read(self.session()?) {
            Err(why) if is_lost(&why) => {
                self.session = None;
                read(self.session()?)
            }
            done => done,
        }
    }

    /// Whether the commit in doubt is stored; `None` when the server does not come back to tell. Waits for the
    /// server's end of the lost connection, which may still be storing it.
    fn is_stored(&mut self) -> Option<bool> {
        self.session = None;
        let (writer, commit_no) = (self.writer.clone(), self.commit_no);
        match self.session().and_then(|session| commit::marked(session, &writer)) {
            Ok(marked) => Some(marked == Some(commit_no)),
            Err(why) => {
                tracing::error!(%why, "a commit is in doubt, and the database does not answer");
                None
            }
        }
    }
}

impl Store for PostgresStore {
    fn commit(&mut self, commit: &Commit) -> Result<(), StoreError> {
        self.commit_no = self.commit_no.saturating_add(1);
        let (writer, commit_no) = (self.writer.clone(), self.commit_no);
        let mut tries_left = COMMIT_TRIES_MAX;
        loop {
            tries_left = tries_left.saturating_sub(1);
            match commit::commit(self.session()?, commit, &writer, commit_no) {
                Ok(()) => return Ok(()),
                Err(Failure::InDoubt(lost)) => match self.is_stored() {
                    Some(true) => return Ok(()),
                    Some(false) if tries_left > 0 => {}
                    Some(false) => return Err(StoreError::Server(lost)),
                    None => {
                        let fault = ServerFault::InDoubt;
                        return Err(StoreError::Server(ServerError { fault, ..lost }));
                    }
                },
                Err(Failure::Before(why)) if is_lost(&why) && tries_left > 0 => self.session = None,
                Err(Failure::Before(StoreError::Server(why)))
                    if why.fault == ServerFault::Contended && tries_left > 0 =>
                {
                    tracing::debug!(%why, tries_left, "a commit is tried again");
                }
                Err(Failure::Before(why)) => return Err(why),
            }
        }
    }

    fn stream(&mut self, id: &StreamId) -> Result<Option<StreamRow>, StoreError> {
        self.read(|session| read::stream(session, id))
    }

    fn streams(&mut self) -> Result<Vec<StreamRow>, StoreError> {
        self.read(read::streams)
    }

    fn hash_at(&mut self, id: &StreamId, seq: Seq) -> Result<Option<ChainHash>, StoreError> {
        self.read(|session| read::hash_at(session, id, seq))
    }

    fn entries(
        &mut self,
        id: &StreamId,
        from: Seq,
        entries_max: u32,
        len_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.read(|session| read::entries(session, id, from, entries_max, len_max))
    }

    fn entries_after(&mut self, pos: i64, entries_max: u32) -> Result<Vec<StoredEntry>, StoreError> {
        self.read(|session| read::entries_after(session, pos, entries_max))
    }

    fn rows(&mut self, keys: &[RowKey]) -> Result<Vec<Option<Vec<Value>>>, StoreError> {
        self.read(|session| read::rows(session, keys))
    }

    fn ack(&mut self, upstream: &str, id: &StreamId) -> Result<Seq, StoreError> {
        self.read(|session| read::ack(session, upstream, id))
    }

    fn feed_head(&mut self, scope: &FeedScope) -> Result<Option<FeedHead>, StoreError> {
        self.read(|session| read::feed_head(session, scope))
    }

    fn feed_items(
        &mut self,
        scope: &FeedScope,
        after: FeedVersion,
        len_max: usize,
    ) -> Result<(Vec<FeedItem>, bool), StoreError> {
        self.read(|session| read::feed_items(session, scope, after, len_max))
    }

    fn feeds(&mut self) -> Result<Vec<(FeedScope, FeedHead)>, StoreError> {
        self.read(feeds::all)
    }

    fn feed_horizon(&mut self, scope: &FeedScope) -> Result<FeedVersion, StoreError> {
        self.read(|session| feeds::horizon(session, scope))
    }

    fn feed_version_at(&mut self, scope: &FeedScope, at_ms: i64) -> Result<FeedVersion, StoreError> {
        self.read(|session| feeds::version_at(session, scope, at_ms))
    }

    fn feed_writer_left(&mut self, scope: &FeedScope, writer: Incarnation) -> Result<bool, StoreError> {
        self.read(|session| feeds::writer_left(session, scope, writer))
    }

    fn feed_stage(&mut self, scope: &FeedScope) -> Result<Option<FeedStage>, StoreError> {
        self.read(|session| feeds::stage(session, scope))
    }

    fn feed_stage_part(&mut self, scope: &FeedScope, part: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|session| feeds::stage_part(session, scope, part))
    }

    fn cursor(&mut self, name: &str) -> Result<i64, StoreError> {
        self.read(|session| read::cursor(session, name))
    }

    fn purge(&mut self, id: &StreamId, through: Seq) -> Result<u64, StoreError> {
        purge::purge(self.session()?, id, through)
    }

    fn scan(
        &mut self,
        table: &'static TableSpec,
        after: Option<&RowKey>,
        rows_max: usize,
    ) -> Result<Vec<(RowKey, Vec<Value>)>, StoreError> {
        self.read(|session| read::scan(session, table, after, rows_max))
    }
}
