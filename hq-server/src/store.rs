//! Head office's database: the journal and the books of every program, and head office's own tables.

use std::path::Path;
use std::sync::Arc;

use sync::device::random_16;
use sync::enrolment::CodeRow;
use sync::life::{self, StoreMark, StoreNote};
use sync::node::{FeedStep, PROGRAM, StreamCut};
use sync::{Clock, Node, NodeError, SqliteStore, Store as _, StoreError, Writer};
use sync_proto::catalogue::{Catalogue, Price, Product, Station};
use sync_proto::devices::{Device, DeviceBook};
use sync_proto::ledger::tables as ledger;
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::quarantine::{Aside, Settled, SettlementBook};
use sync_proto::rows::{Table as _, TableSpec};
use sync_proto::{DeviceId, Origin, Role, StationCode};

use crate::counter::Counter;
use crate::logistics::{OrderShipment, Shipment, ShipmentBook, Vehicle};
use crate::once::IdempotencyKeyRow;
use crate::order::{Order, OrderBook};
use crate::settings::Setting;
use crate::stations::StationLink;

/// The database file in the data folder.
pub const DATABASE_NAME: &str = "hq.db";

/// Migration 3: head office's own tables.
const MIGRATION_HEAD_OFFICE: &str = include_str!("../migrations/0001_head_office.sql");

/// Head office's journal with its projections.
pub type Hq = Node<SqliteStore>;

/// The one way to write it.
pub type HqWriter = Writer<SqliteStore>;

/// A connection that lists read from, beside the writer.
pub type Lists = rusqlite::Connection;

/// What reading a list gives.
pub type ListResult<T> = rusqlite::Result<T>;

const TABLES: &[&TableSpec] = &[
    Product::SPEC,
    Price::SPEC,
    Station::SPEC,
    ledger::Sale::SPEC,
    ledger::SaleLine::SPEC,
    ledger::SaleTender::SPEC,
    ledger::Stock::SPEC,
    ledger::StockFlow::SPEC,
    ledger::SalesSummary::SPEC,
    ledger::DayTotal::SPEC,
    ledger::Account::SPEC,
    ledger::Subject::SPEC,
    ledger::Delivery::SPEC,
    ledger::StationOrder::SPEC,
    ledger::OrderLink::SPEC,
    ledger::FeedReport::SPEC,
    Counter::SPEC,
    Setting::SPEC,
    IdempotencyKeyRow::SPEC,
    Order::SPEC,
    Shipment::SPEC,
    OrderShipment::SPEC,
    Vehicle::SPEC,
    StationLink::SPEC,
    Device::SPEC,
    CodeRow::SPEC,
    StoreMark::SPEC,
    StoreNote::SPEC,
    StreamCut::SPEC,
    FeedStep::SPEC,
    Aside::SPEC,
    Settled::SPEC,
];

/// Why the database did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database itself.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its journal.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The system has no randomness to give.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

/// Opens the database in `data_dir`, which is made if it is not there. Holds the lease of R7.
pub fn open_store(data_dir: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&data_dir.join(DATABASE_NAME), &migrations(), TABLES)
}

/// Every migration of head office.
pub fn migrations() -> Vec<&'static str> {
    sync::migrations(&[MIGRATION_HEAD_OFFICE])
}

/// Opens head office's journal over an open database; a new database gets a device and a life of its own.
pub fn open_node(mut store: SqliteStore, clock: &Clock) -> Result<Hq, OpenError> {
    let random = || random_16().map_err(|why| OpenError::Random(why.to_string()));
    let own = store.streams()?.into_iter().rev().find(|row| row.own);
    let device = match own {
        Some(row) => row.id.device,
        None => DeviceId(random()?),
    };
    let station = StationCode::new("HQ").map_err(|why| StoreError::Refused(why.to_string()))?;
    let me = Origin { station, device, role: Role::Hq, terminal: None };
    let books = All(vec![
        Box::new(Catalogue),
        Box::new(Ledger::new(Depth::Station)),
        Box::new(DeviceBook),
        Box::new(SettlementBook),
        Box::new(OrderBook),
        Box::new(ShipmentBook),
    ]);
    let mut node = life::open_node(store, Arc::new(books), me, &life::machine(), random()?, clock.now())?;
    // What an older version of this program could not read, this one may (R14).
    node.replay_after_upgrade(PROGRAM, clock.now())?;
    Ok(node)
}
