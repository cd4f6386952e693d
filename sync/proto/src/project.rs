//! Projections: pure functions from entries and rows read to rows changed.

use crate::entry::Entry;
use crate::envelope::{Decoded, Envelope, EnvelopeError};
use crate::fact::FeedScope;
use crate::ids::FeedVersion;
use crate::origin::Origin;
use crate::rows::{RowError, RowKey, Rows, TableSpec, Value};

/// An entry with what its bytes say and who wrote it.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Who wrote it.
    pub origin: Origin,
    /// The entry.
    pub entry: Entry,
    /// Its envelope.
    pub envelope: Envelope,
    /// Its place in the feed it was published in, for facts that come down a feed.
    pub feed_version: Option<FeedVersion>,
}

/// Why an entry could not be projected. It goes to quarantine with this reason and blocks nothing (R14).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectionError {
    /// A stored row is not what it should be.
    #[error(transparent)]
    Row(#[from] RowError),
    /// The fact contradicts itself or what is known, for example tenders that do not add up.
    #[error("{0}")]
    Rejected(String),
}

/// One set of tables kept from entries.
pub trait Projection: Send + Sync {
    /// Rows that projecting `posting` will read. Called again with the rows read so far until it asks for
    /// nothing new (at most [`WANT_ROUNDS_MAX`] times), so that a key may depend on a row.
    fn wants(&self, posting: &Posting, rows: &Rows) -> Vec<RowKey>;

    /// Changes `rows` for one entry. An error leaves the rows as they were.
    fn project(&self, posting: &Posting, rows: &mut Rows) -> Result<(), ProjectionError>;

    /// The tables whose rows come from a feed and from nothing else: they are what its digest counts, and a snapshot
    /// replaces them whole (R20, R22). Rows about physical goods, money and devices are never live rows: a delivery
    /// stays expected though the feed forgets it.
    fn live(&self, _scope: &FeedScope) -> Vec<LiveTable> {
        Vec::new()
    }

    /// The rows that go when what a feed published under `key` is withdrawn.
    fn withdrawn(&self, _scope: &FeedScope, _key: &str) -> Vec<RowKey> {
        Vec::new()
    }
}

/// A table, or the part of it, that one feed alone fills.
#[derive(Debug, Clone, Copy)]
pub struct LiveTable {
    /// The table.
    pub table: &'static TableSpec,
    /// Whether the row with this key belongs to the feed.
    pub holds: fn(&FeedScope, &[Value]) -> bool,
}

/// Rounds of [`Projection::wants`]: entry -> row -> row that the row names -> nothing new.
pub const WANT_ROUNDS_MAX: usize = 4;

/// Several projections as one.
pub struct All(pub Vec<Box<dyn Projection>>);

impl std::fmt::Debug for All {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "All({} projections)", self.0.len())
    }
}

impl Projection for All {
    fn wants(&self, posting: &Posting, rows: &Rows) -> Vec<RowKey> {
        self.0.iter().flat_map(|each| each.wants(posting, rows)).collect()
    }

    fn project(&self, posting: &Posting, rows: &mut Rows) -> Result<(), ProjectionError> {
        self.0.iter().try_for_each(|each| each.project(posting, rows))
    }

    fn live(&self, scope: &FeedScope) -> Vec<LiveTable> {
        self.0.iter().flat_map(|each| each.live(scope)).collect()
    }

    fn withdrawn(&self, scope: &FeedScope, key: &str) -> Vec<RowKey> {
        self.0.iter().flat_map(|each| each.withdrawn(scope, key)).collect()
    }
}

/// Reads an entry for projection: `Ok(None)` for a type this build does not know yet.
pub fn read_posting(origin: &Origin, entry: &Entry) -> Result<Option<Posting>, EnvelopeError> {
    match Envelope::decode(&entry.bytes)? {
        Decoded::Known(envelope) => Ok(Some(Posting {
            origin: origin.clone(),
            entry: entry.clone(),
            envelope: *envelope,
            feed_version: None,
        })),
        Decoded::Unknown { .. } => Ok(None),
    }
}
