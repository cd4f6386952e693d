//! [`sync::Store`] on PostgreSQL, for a head office whose database is a server of its own.
//!
//! A crate apart from `sync`, so that tills and agents link none of it. Sales, prices and ledgers behave as on
//! SQLite: one conformance suite (`sync/tests/conformance.rs`) holds every store to the same.

#[cfg(unix)]
pub mod standin;
mod store;

pub use store::{PostgresStore, Writers};

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
/// Entries that stepped aside, and what was decided about them.
pub const MIGRATION_QUARANTINE: &str = include_str!("../migrations/0006_quarantine.sql");
/// Where earlier lives of the own journal end for upstreams.
pub const MIGRATION_STREAMS: &str = include_str!("../migrations/0007_streams.sql");
/// What audits put back; after [`MIGRATION_STREAMS`].
pub const MIGRATION_AUDIT: &str = include_str!("../migrations/0008_audit.sql");
/// Migration 9: when its own feeds reached their versions.
pub const MIGRATION_FEED_STEPS: &str = include_str!("../migrations/0009_feed_steps.sql");
/// All of them in order, for a program without tables of its own.
pub const MIGRATIONS: [&str; 9] = [
    MIGRATION_JOURNAL,
    MIGRATION_BOOKS,
    MIGRATION_DEVICES,
    MIGRATION_STORAGE,
    MIGRATION_FEEDS,
    MIGRATION_QUARANTINE,
    MIGRATION_STREAMS,
    MIGRATION_AUDIT,
    MIGRATION_FEED_STEPS,
];
