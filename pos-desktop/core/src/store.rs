//! Opening the till's database.

use std::path::Path;
use std::sync::Arc;

use sync::life::{self, StoreMark, StoreNote};
use sync::node::StreamCut;
use sync::{Node, NodeError, SqliteStore, StoreError};
use sync_proto::catalogue::{Catalogue, Price, Product, Station};
use sync_proto::ledger::{Account, Depth, Ledger, Sale, SaleLine, SaleTender, Subject};
use sync_proto::project::All;
use sync_proto::rows::{Table as _, TableSpec};
use sync_proto::{Origin, Stamp};

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
    let tables: [&'static TableSpec; 18] = [
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
    ];
    SqliteStore::open(path, &sync::migrations(&[MIGRATION_TILL]), &tables)
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
