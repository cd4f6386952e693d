//! Opening the till's database.

use std::path::Path;
use std::sync::Arc;

use sync::life::{self, StoreMark, StoreNote};
use sync::node::{FeedStep, StreamCut};
use sync::retention::{KeepDays, Retention};
use sync::{Node, NodeError, SqliteStore, StoreError};
use sync_proto::catalogue::{Catalogue, Price, Product, Station};
use sync_proto::ledger::{Account, Depth, Ledger, Sale, SaleLine, SaleTender, Subject};
use sync_proto::project::All;
use sync_proto::rows::{Table as _, TableSpec};
use sync_proto::{Origin, Stamp};

use crate::recent::{AGENT, HQ};
use crate::tables::{
    CancellationPlace, CartHead, CartLineRow, CashReceived, IdempotencyRow, ReceiptCounter, Setting,
};

/// The till's own schema, after journal and books.
const MIGRATION_TILL: &str = include_str!("../migrations/0001_till.sql");

/// The database's name in the data folder.
pub const FILE_NAME: &str = "till.db";

/// A till's journal over its database.
pub type TillNode = Node<SqliteStore>;

/// Opens or makes the database at `path`; one process at a time (R7).
///
/// # Errors
/// See [`SqliteStore::open`].
pub fn open_store(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, &migrations(), TABLES)
}

/// The same for a till at work: a damaged database is set aside, a reserve is held, and what is over may be purged.
///
/// # Errors
/// See [`SqliteStore::open_or_set_aside`].
pub fn open_at_work(path: &Path, keep_days: KeepDays, now_ms: i64) -> Result<SqliteStore, StoreError> {
    let mut store = SqliteStore::open_or_set_aside(path, &migrations(), TABLES, now_ms)?;
    store.hold_reserve();
    store.keep(retention(keep_days));
    Ok(store)
}

/// Every migration of the till.
pub fn migrations() -> Vec<&'static str> {
    sync::migrations(&[MIGRATION_TILL])
}

const TABLES: &[&TableSpec] = &[
    Product::SPEC,
    Price::SPEC,
    Station::SPEC,
    Sale::SPEC,
    SaleLine::SPEC,
    SaleTender::SPEC,
    Account::SPEC,
    Subject::SPEC,
    CartHead::SPEC,
    CartLineRow::SPEC,
    ReceiptCounter::SPEC,
    CashReceived::SPEC,
    CancellationPlace::SPEC,
    IdempotencyRow::SPEC,
    Setting::SPEC,
    StoreMark::SPEC,
    StoreNote::SPEC,
    StreamCut::SPEC,
    FeedStep::SPEC,
];

/// Sales whose entries were purged, ten thousand at a time.
macro_rules! purged_sales {
    () => {
        "SELECT s.sale_id FROM streams t JOIN sales s ON s.stream = lower(hex(t.device) || hex(t.incarnation)) \
         WHERE s.seq <= t.purged_through ORDER BY s.rowid LIMIT 10000"
    };
}

/// What the till keeps: entries for as long as a restored head office may need them, sales as long as their entries.
pub fn retention(keep_days: KeepDays) -> Retention {
    const ROWS: &[&str] = &[
        concat!("DELETE FROM sale_lines WHERE sale_id IN (", purged_sales!(), ")"),
        concat!("DELETE FROM sale_tenders WHERE sale_id IN (", purged_sales!(), ")"),
        concat!("DELETE FROM cash_received WHERE sale_id IN (", purged_sales!(), ")"),
        concat!("DELETE FROM cancellation_places WHERE sale_id IN (", purged_sales!(), ")"),
        concat!("DELETE FROM sales WHERE sale_id IN (", purged_sales!(), ")"),
        "DELETE FROM ack_history WHERE EXISTS (SELECT 1 FROM streams t \
           WHERE t.stream_id = ack_history.stream_id AND ack_history.through < t.purged_through)",
    ];
    Retention::new(HQ, &[AGENT, HQ], keep_days, ROWS)
}

/// Opens the journal of the till `me` over its store. `entropy` becomes the incarnation of a new database.
///
/// # Errors
/// The database belongs to another device, or does not answer.
pub fn open_node(
    store: SqliteStore,
    me: Origin,
    entropy: [u8; 16],
    now: Stamp,
) -> Result<TillNode, NodeError> {
    let projections = All(vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Till))]);
    life::open_node(store, Arc::new(projections), me, &life::machine(), entropy, now)
}
