//! The agent's database and journal.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use sync::enrolment::CodeRow;
use sync::life::{self, StoreMark, StoreNote};
use sync::node::{FeedStep, PROGRAM, StreamCut};
use sync::retention::{KeepDays, Retention};
use sync::{Node, NodeError, SqliteStore, StoreError, Writer};
use sync_proto::catalogue::{Catalogue, Price, Product, Station};
use sync_proto::devices::{Device, DeviceBook};
use sync_proto::ledger::{
    Account, DayTotal, Delivery, Depth, FeedReport, Ledger, OrderLink, Sale, SaleLine, SaleTender,
    SalesSummary, StationOrder, Stock, StockFlow, Subject,
};
use sync_proto::project::All;
use sync_proto::quarantine::{Aside, Settled, SettlementBook};
use sync_proto::rows::{RowChange, Table, TableSpec};
use sync_proto::{Origin, Stamp};

use crate::HQ;

/// The agent's own schema, after journal and books.
const MIGRATION_AGENT: &str = include_str!("../migrations/0001_agent.sql");

/// The database's name in the data folder.
pub const FILE_NAME: &str = "agent.db";

/// The agent's journal over its database.
pub type AgentNode = Node<SqliteStore>;

/// The thread that owns it.
pub type AgentWriter = Writer<SqliteStore>;

sync_proto::table! {
    /// Last number of a kind in a life of the database.
    pub struct Counter in "counters" { kind: String, series: String } { last: i64 }
}

sync_proto::table! {
    /// A request that came with an Idempotency-Key.
    pub struct IdempotencyRow in "idempotency_keys" { idempotency_key: String } {
        request: String,
        outcome: String,
        at_ms: i64,
    }
}

/// Opens or makes the database at `path`; one process at a time (R7).
///
/// # Errors
/// See [`SqliteStore::open`].
pub fn open_store(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, &migrations(), TABLES)
}

/// The same for the daemon: a damaged database is set aside, a reserve is held, and what is over may be purged.
///
/// # Errors
/// See [`SqliteStore::open_or_set_aside`].
pub fn open_at_work(path: &Path, keep_days: KeepDays, now_ms: i64) -> Result<SqliteStore, StoreError> {
    let mut store = SqliteStore::open_or_set_aside(path, &migrations(), TABLES, now_ms)?;
    store.hold_reserve();
    store.keep(retention(keep_days));
    Ok(store)
}

/// Every migration of the agent.
pub fn migrations() -> Vec<&'static str> {
    sync::migrations(&[MIGRATION_AGENT])
}

const TABLES: &[&TableSpec] = &[
    Product::SPEC,
    Price::SPEC,
    Station::SPEC,
    Sale::SPEC,
    SaleLine::SPEC,
    SaleTender::SPEC,
    Stock::SPEC,
    StockFlow::SPEC,
    SalesSummary::SPEC,
    DayTotal::SPEC,
    Account::SPEC,
    Subject::SPEC,
    Delivery::SPEC,
    StationOrder::SPEC,
    OrderLink::SPEC,
    FeedReport::SPEC,
    Counter::SPEC,
    IdempotencyRow::SPEC,
    Device::SPEC,
    CodeRow::SPEC,
    StoreMark::SPEC,
    StoreNote::SPEC,
    StreamCut::SPEC,
    FeedStep::SPEC,
    Aside::SPEC,
    Settled::SPEC,
];

/// Sales whose entries were purged, ten thousand at a time.
macro_rules! purged_sales {
    () => {
        "SELECT s.sale_id FROM streams t JOIN sales s ON s.stream = lower(hex(t.device) || hex(t.incarnation)) \
         WHERE s.seq <= t.purged_through ORDER BY s.rowid LIMIT 10000"
    };
}

/// What the agent keeps: entries for as long as a restored head office may need them, sales as long as their entries. Sums
/// of days stay, and so does everything that was ordered and delivered.
pub fn retention(keep_days: KeepDays) -> Retention {
    const ROWS: &[&str] = &[
        concat!("DELETE FROM sale_lines WHERE sale_id IN (", purged_sales!(), ")"),
        concat!("DELETE FROM sale_tenders WHERE sale_id IN (", purged_sales!(), ")"),
        concat!("DELETE FROM stock_flows WHERE sale_id IN (", purged_sales!(), ")"),
        concat!("DELETE FROM sales WHERE sale_id IN (", purged_sales!(), ")"),
    ];
    Retention::new(HQ, &[HQ], keep_days, ROWS)
}

/// Opens the journal of the agent `me`. `entropy` becomes the incarnation of a new database.
///
/// # Errors
/// The database belongs to another device, or does not answer.
pub fn open_node(
    store: SqliteStore,
    me: Origin,
    entropy: [u8; 16],
    now: Stamp,
) -> Result<AgentNode, NodeError> {
    let projections = All(vec![
        Box::new(Catalogue),
        Box::new(Ledger::new(Depth::Station)),
        Box::new(DeviceBook),
        Box::new(SettlementBook),
    ]);
    let mut node = life::open_node(store, Arc::new(projections), me, &life::machine(), entropy, now)?;
    // What an older version of this program could not read, this one may (R14).
    node.replay_after_upgrade(PROGRAM, now)?;
    Ok(node)
}

/// Writes a row of the agent's own beside facts.
#[must_use]
pub fn put<T: Table>(row: T) -> RowChange {
    RowChange { key: row.row_key(), cells: Some(row.into_cells()) }
}

/// The next number of `kind` in this life of the database, with the row that keeps it.
///
/// # Errors
/// The counter does not read.
pub fn next_number(node: &mut AgentNode, kind: &str) -> Result<(String, i64, RowChange), NodeError> {
    let series = node.own_stream().incarnation.series();
    let before = node.get::<Counter>(&Counter::key(kind, series.as_str()))?;
    let last = before.map_or(0, |row| row.last).saturating_add(1);
    let row = put(Counter { kind: kind.to_owned(), series: series.clone(), last });
    Ok((series, last, row))
}

/// Whether the database answers, for readiness.
///
/// # Errors
/// It does not.
pub fn answers(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("SELECT count(*) FROM streams", [], |_| Ok(()))
}
