//! Journal, outbox and inbox: the drivers around the pure engine of `sync-proto`.
//!
//! A [`Node`] is one program's journal with its projections over a [`Store`]; a [`Writer`] owns it on one
//! thread; the drivers in [`driver`] carry its entries up and its feeds down over a [`link`].

pub mod aside;
pub mod backup;
pub mod carry;
pub mod clock;
pub mod codec;
pub mod device;
pub mod driver;
pub mod enrolment;
pub mod life;
pub mod link;
pub mod listener;
pub mod live;
pub mod node;
pub mod peer;
pub mod reader;
pub mod retention;
pub mod salvage;
pub mod store;
pub mod upkeep;
pub mod writer;

pub use clock::Clock;
pub use node::{Draft, Node, NodeError, QuarantineError, Recorded, Replay};
pub use peer::Peer;
pub use reader::Reader;
pub use store::sqlite::SqliteStore;
pub use store::{Store, StoreError};
pub use writer::{Writer, WriterGone};

/// Migration 1 of every program: journal, acknowledgements, feeds.
pub const MIGRATION_JOURNAL: &str = include_str!("../migrations/0001_journal.sql");
/// Migration 2 of every program: catalogue and ledger.
pub const MIGRATION_BOOKS: &str = include_str!("../migrations/0002_books.sql");
/// Migration of every program, after its own first ones: the register of devices and open enrolment codes.
pub const MIGRATION_DEVICES: &str = include_str!("../migrations/0003_devices.sql");
/// Retention, marks and checks; after [`MIGRATION_DEVICES`].
pub const MIGRATION_STORAGE: &str = include_str!("../migrations/0004_storage.sql");
/// Snapshots and horizons of feeds; after [`MIGRATION_STORAGE`].
pub const MIGRATION_FEEDS: &str = include_str!("../migrations/0005_feeds.sql");
/// Migration of every program: entries that stepped aside, and what was decided about them.
pub const MIGRATION_QUARANTINE: &str = include_str!("../migrations/0006_quarantine.sql");
/// Migration of every program: where earlier lives of its own journal end for upstreams.
pub const MIGRATION_STREAMS: &str = include_str!("../migrations/0007_streams.sql");
/// What audits put back; after [`MIGRATION_STREAMS`].
pub const MIGRATION_AUDIT: &str = include_str!("../migrations/0008_audit.sql");
/// Migration of every program: when its own feeds reached their versions.
pub const MIGRATION_FEED_STEPS: &str = include_str!("../migrations/0009_feed_steps.sql");

/// The migrations of a program in order: what every program shares, with the program's `own` after the first two.
pub fn migrations(own: &[&'static str]) -> Vec<&'static str> {
    let mut all = vec![MIGRATION_JOURNAL, MIGRATION_BOOKS];
    all.extend(own);
    all.extend([
        MIGRATION_DEVICES,
        MIGRATION_STORAGE,
        MIGRATION_FEEDS,
        MIGRATION_QUARANTINE,
        MIGRATION_STREAMS,
        MIGRATION_AUDIT,
        MIGRATION_FEED_STEPS,
    ]);
    all
}
