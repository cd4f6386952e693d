//! Deliveries, expected 입고예정 and confirmed.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sync_proto::StationCode;

/// Most deliveries in one list.
const LIST_LEN_MAX: u32 = 1_000;

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryNow {
    /// The order.
    pub order_id: String,
    /// The shipment.
    pub ship_id: String,
    /// The chain's code.
    pub product_id: String,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// `L` or `ea`.
    pub unit: String,
    /// Shipped, thousandths.
    pub quantity_milli: i64,
    /// Plate of the tanker; empty when HQ named none.
    pub car_number: String,
    /// Milliseconds since 1970 UTC.
    pub shipped_at_ms: i64,
    /// Measured, thousandths.
    pub received_milli: Option<i64>,
    /// Milliseconds since 1970 UTC.
    pub received_at_ms: Option<i64>,
}

/// Deliveries, newest first.
///
/// # Errors
/// The database does not answer.
pub fn list(connection: &Connection, station: &StationCode) -> rusqlite::Result<Vec<DeliveryNow>> {
    connection
        .prepare_cached(
            "SELECT d.order_id, d.ship_id, d.product_id, coalesce(p.name_ko, d.product_id), \
                    coalesce(p.name_en, d.product_id), d.unit, d.quantity_milli, d.car_number, d.shipped_at_ms, \
                    d.received_milli, d.received_at_ms \
             FROM deliveries d LEFT JOIN products p ON p.product_id = d.product_id \
             WHERE d.station = $1 ORDER BY d.rowid DESC LIMIT $2",
        )?
        .query_map(params![station.as_str(), LIST_LEN_MAX], delivery)?
        .collect()
}

/// The delivery of one order.
///
/// # Errors
/// The database does not answer.
pub fn find(
    connection: &Connection,
    station: &StationCode,
    order_id: &str,
) -> rusqlite::Result<Option<DeliveryNow>> {
    connection
        .prepare_cached(
            "SELECT d.order_id, d.ship_id, d.product_id, coalesce(p.name_ko, d.product_id), \
                    coalesce(p.name_en, d.product_id), d.unit, d.quantity_milli, d.car_number, d.shipped_at_ms, \
                    d.received_milli, d.received_at_ms \
             FROM deliveries d LEFT JOIN products p ON p.product_id = d.product_id \
             WHERE d.station = $1 AND d.order_id = $2",
        )?
        .query_row(params![station.as_str(), order_id], delivery)
        .optional()
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<DeliveryNow> {
    Ok(DeliveryNow {
        order_id: row.get(0)?,
        ship_id: row.get(1)?,
        product_id: row.get(2)?,
        name_ko: row.get(3)?,
        name_en: row.get(4)?,
        unit: row.get(5)?,
        quantity_milli: row.get(6)?,
        car_number: row.get(7)?,
        shipped_at_ms: row.get(8)?,
        received_milli: row.get(9)?,
        received_at_ms: row.get(10)?,
    })
}
