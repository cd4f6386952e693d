//! The pool of vehicles that `auto_dispatch` takes from, least recently used first.

use rusqlite::OptionalExtension as _;
use sync::{NodeError, StoreError};
use sync_proto::rows::RowChange;

use crate::rows::put;
use crate::store::Hq;

sync_proto::table! {
    /// A vehicle of the chain's fleet.
    pub struct Vehicle in "vehicles" { car_number: String } { last_used_at_ms: i64 }
}

/// The vehicle whose turn it is; `None` when the pool is empty.
pub(super) fn next_vehicle(node: &mut Hq) -> Result<Option<String>, NodeError> {
    let next = node
        .store()
        .connection()
        .prepare_cached("SELECT car_number FROM vehicles ORDER BY last_used_at_ms, rowid LIMIT 1")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional());
    Ok(next.map_err(StoreError::from)?)
}

/// The change that sends a vehicle to the end of the line.
pub(super) fn used(car_number: &str, at_ms: i64) -> RowChange {
    put(Vehicle { car_number: car_number.to_owned(), last_used_at_ms: at_ms })
}

/// The vehicles of the configuration that are not in the pool yet.
pub fn seed_vehicles(node: &mut Hq, fleet: &[String]) -> Result<Vec<RowChange>, NodeError> {
    let mut added = Vec::new();
    for car_number in fleet {
        if node.get::<Vehicle>(&Vehicle::key(car_number.as_str()))?.is_none() {
            added.push(used(car_number, 0));
        }
    }
    Ok(added)
}
