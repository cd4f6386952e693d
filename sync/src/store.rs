//! What a node needs of a database: whole-batch operations, so that SQLite, PostgreSQL and memory can all
//! serve it, and one conformance suite (`tests/conformance.rs`) holds them to the same behaviour.

pub mod memory;
mod server;
pub mod sql;
pub mod sqlite;

use sync_proto::engine::receiver::Head;
use sync_proto::fact::FeedScope;
use sync_proto::quarantine::Aside;
use sync_proto::rows::{RowChange, RowKey, Table as _, TableSpec, Value};
use sync_proto::wire::{FeedItem, SnapshotId};
use sync_proto::{ChainHash, Entry, FeedVersion, Incarnation, Origin, Seq, StreamId};

pub use server::{ServerError, ServerFault};

/// Why a store did not do what it was asked. Nothing of the commit is there after an error.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite said no.
    #[error("the database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A database server said no, or could not be asked.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A file or lock could not be opened.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process owns the database (R7).
    #[error("another process has {0} open for writing; stop it first, two writers would fork the journal")]
    InUse(String),
    /// The file is another program's database.
    #[error("{0} is a database of another program and was left as it is; choose another data folder")]
    NotOurs(String),
    /// A newer version of the program wrote it; this one would not know what it must keep.
    #[error(
        "{path} was written by a newer version of this program (schema {found}, this one knows {known}) and was left as it is; install that version again"
    )]
    Newer {
        /// Which file.
        path: String,
        /// Its schema.
        found: u64,
        /// The newest schema known here.
        known: usize,
    },
    /// The disk is full: nothing of the commit is there, and the next may find room.
    #[error("the disk is full")]
    DiskFull,
    /// The disk failed or the file is damaged: nothing is written any more until the program starts again.
    #[error("{0}")]
    Halted(sqlite::Fault),
    /// Cannot be done here.
    #[error("{0}")]
    Refused(String),
    /// The commit does not continue what is stored; the caller's view is old.
    #[error("the commit does not continue stream {stream:?}: its head is {head}")]
    Conflict {
        /// Which stream.
        stream: StreamId,
        /// Its head here.
        head: Seq,
    },
    /// Another writer published in the feed since its head was read; read it and number again (R18).
    #[error("another writer published in feed {scope} meanwhile: its head is {head}")]
    FeedMoved {
        /// Which feed.
        scope: String,
        /// Its head here.
        head: FeedVersion,
    },
    /// Stored data has a shape it cannot have.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
}

impl StoreError {
    /// Whether the disk is full: a sale is refused whole, and goes on when there is room again.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::DiskFull => true,
            // The second is what it says when the index of its log finds no room.
            Self::Sqlite(rusqlite::Error::SqliteFailure(e, _)) => {
                e.code == rusqlite::ErrorCode::DiskFull
                    || e.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
            }
            Self::Server(why) => why.fault == ServerFault::DiskFull,
            _ => false,
        }
    }
}

/// A stream as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRow {
    /// Which stream.
    pub id: StreamId,
    /// Who writes it.
    pub origin: Origin,
    /// Whether this node writes it.
    pub own: bool,
    /// How far it is held.
    pub head: Head,
    /// How far its entries were purged here, and the chain there (R33); place 0 and the genesis when none were.
    pub purged: Head,
}

impl StreamRow {
    /// A stream of which nothing is held yet.
    pub fn new(id: StreamId, origin: Origin, own: bool) -> Self {
        let genesis = Head { seq: Seq::NONE, hash: ChainHash::genesis(&id) };
        Self { id, origin, own, head: genesis, purged: genesis }
    }
}

/// An entry with its place in the order it was stored here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Place here, ascending from 1.
    pub pos: i64,
    /// When it was stored here, milliseconds since 1970 UTC.
    pub received_at_ms: i64,
    /// Who wrote it.
    pub origin: Origin,
    /// The entry.
    pub entry: Entry,
}

/// How far a feed was written or applied.
pub use sync_proto::wire::FeedCursor as FeedHead;

/// A snapshot on its way here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedStage {
    /// Where the feed stood here when the snapshot was offered; if it stands elsewhere, the snapshot is of no use.
    pub asked: FeedHead,
    /// Where it will stand.
    pub reached: FeedHead,
    /// Everything that is live, or what changed after `asked`.
    pub whole: bool,
    /// Which snapshot.
    pub id: SnapshotId,
    /// How many parts it has.
    pub parts: u32,
    /// How many of them are here, from the first on.
    pub have: u32,
}

/// A change of what is staged of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageChange {
    /// Forget what was staged and wait for the parts of this one.
    Begin(FeedStage),
    /// Keep the next part.
    Part {
        /// Which, from 0.
        part: u32,
        /// Codec byte and packed items.
        bytes: Vec<u8>,
    },
    /// Forget what was staged.
    End,
}

/// Everything that becomes durable together, or not at all.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// Time of the commit, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// May use the room that is kept for when the disk is full (R32): everything but new sales and what others
    /// can send again.
    pub essential: bool,
    /// Streams that were not known before; nothing of them is held but what their head says was purged.
    pub streams: Vec<StreamRow>,
    /// Entries, in order within each stream, each continuing its stream's head.
    pub append: Vec<Entry>,
    /// Projected and local rows.
    pub rows: Vec<RowChange>,
    /// Acknowledgements of upstreams.
    pub acks: Vec<(String, StreamId, Seq)>,
    /// Feed items written or relayed; a later item of a key replaces the earlier one.
    pub feed_items: Vec<(FeedScope, FeedItem)>,
    /// Feeds whose items are dropped first, because their writer changed.
    pub feed_resets: Vec<FeedScope>,
    /// New heads of feeds.
    pub feed_heads: Vec<(FeedScope, FeedHead)>,
    /// New horizons of feeds; tombstones up to them go.
    pub feed_horizons: Vec<(FeedScope, FeedVersion)>,
    /// Lives of feeds' writers that are over here.
    pub feed_writers_left: Vec<(FeedScope, Incarnation)>,
    /// Snapshots on their way.
    pub feed_stages: Vec<(FeedScope, StageChange)>,
    /// Consumers' cursors.
    pub cursors: Vec<(String, i64)>,
    /// Entries that contradict stored ones.
    pub forks: Vec<Entry>,
    /// Entries at places that are held, of which what is stored is missing or altered: they take that place again, and
    /// what stood there is kept beside (R29). That they are what stood there once is the caller's to know.
    pub mend: Vec<Entry>,
}

/// A database of one node. Only its writer calls it, so a read followed by a commit is never interrupted.
pub trait Store: Send {
    /// Makes `commit` durable as a whole.
    fn commit(&mut self, commit: &Commit) -> Result<(), StoreError>;

    /// One stream.
    fn stream(&mut self, id: &StreamId) -> Result<Option<StreamRow>, StoreError>;

    /// All streams, in the order they were first seen.
    fn streams(&mut self) -> Result<Vec<StreamRow>, StoreError>;

    /// The chain after an entry, if that is held; also after the last one that was purged.
    fn hash_at(&mut self, id: &StreamId, seq: Seq) -> Result<Option<ChainHash>, StoreError>;

    /// Entries of a stream from `from` on: at most `entries_max`, and no more than `len_max` bytes unless
    /// the first alone is longer. None when `from` was purged: what follows would leave a hole.
    fn entries(
        &mut self,
        id: &StreamId,
        from: Seq,
        entries_max: u32,
        len_max: usize,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Entries of all streams stored after `pos`, in that order.
    fn entries_after(&mut self, pos: i64, entries_max: u32) -> Result<Vec<StoredEntry>, StoreError>;

    /// Rows as stored, one answer per key.
    fn rows(&mut self, keys: &[RowKey]) -> Result<Vec<Option<Vec<Value>>>, StoreError>;

    /// What `upstream` acknowledged of a stream.
    fn ack(&mut self, upstream: &str, id: &StreamId) -> Result<Seq, StoreError>;

    /// How far a feed got here; `None` when it was never written or applied.
    fn feed_head(&mut self, scope: &FeedScope) -> Result<Option<FeedHead>, StoreError>;

    /// Live items after `after` in order of version, up to `len_max` bytes, and whether more wait.
    fn feed_items(
        &mut self,
        scope: &FeedScope,
        after: FeedVersion,
        len_max: usize,
    ) -> Result<(Vec<FeedItem>, bool), StoreError>;

    /// Every feed that was written or applied here.
    fn feeds(&mut self) -> Result<Vec<(FeedScope, FeedHead)>, StoreError>;

    /// Tombstones of the feed up to here may be gone.
    fn feed_horizon(&mut self, scope: &FeedScope) -> Result<FeedVersion, StoreError>;

    /// The greatest version of the feed's items that were stored here at or before `at_ms`.
    fn feed_version_at(&mut self, scope: &FeedScope, at_ms: i64) -> Result<FeedVersion, StoreError>;

    /// Whether the feed went on here from this life of its writer to another.
    fn feed_writer_left(&mut self, scope: &FeedScope, writer: Incarnation) -> Result<bool, StoreError>;

    /// The snapshot that is on its way.
    fn feed_stage(&mut self, scope: &FeedScope) -> Result<Option<FeedStage>, StoreError>;

    /// A staged part.
    fn feed_stage_part(&mut self, scope: &FeedScope, part: u32) -> Result<Option<Vec<u8>>, StoreError>;

    /// A consumer's cursor; 0 when it never moved.
    fn cursor(&mut self, name: &str) -> Result<i64, StoreError>;

    /// Deletes the entries of a stream up to `through`, for good (R33). The last entry of a stream always stays:
    /// it is the head that the next one continues, here and after a hello. Returns how many went.
    ///
    /// Whether they may go is the caller's to know: see [`crate::retention`].
    fn purge(&mut self, id: &StreamId, through: Seq) -> Result<u64, StoreError>;

    /// Rows of a table in key order, at most `rows_max`, those after `after` if it is given.
    fn scan(
        &mut self,
        table: &'static TableSpec,
        after: Option<&RowKey>,
        rows_max: usize,
    ) -> Result<Vec<(RowKey, Vec<Value>)>, StoreError>;

    /// Entries that stepped aside and were not replayed, at most a thousand; forks too.
    fn quarantined(&mut self) -> Result<Vec<Aside>, StoreError>
    where
        Self: Sized,
    {
        let all = aside_after(self, None, ASIDE_ROWS_MAX)?;
        Ok(all.into_iter().filter(|aside| aside.replayed_at_ms.is_none()).collect())
    }
}

/// Rows that [`Store::quarantined`] looks at: enough to say what is wrong.
const ASIDE_ROWS_MAX: usize = 1_000;

/// Entries that stepped aside, in key order.
pub(crate) fn aside_after<S: Store + ?Sized>(
    store: &mut S,
    after: Option<&RowKey>,
    rows_max: usize,
) -> Result<Vec<Aside>, StoreError> {
    let damaged = |why: sync_proto::rows::RowError| StoreError::Damaged(why.to_string());
    let rows = store.scan(Aside::SPEC, after, rows_max)?;
    rows.into_iter().map(|(key, cells)| Aside::from_parts(&key.key, &cells).map_err(damaged)).collect()
}
