//! Orders as lists show them.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::Order;
use crate::listing::{Page, newest_last};

/// An order with the names that go with its ids.
#[derive(Debug, Clone)]
pub struct OrderRow {
    /// The order.
    pub order: Order,
    /// The station's name; its code when it is not in the register.
    pub station_name: String,
    /// The product's Korean name.
    pub name_ko: String,
    /// The product's English name.
    pub name_en: String,
}

const ORDERS: &str = "SELECT o.order_id, o.station, o.request_id, o.product_id, o.quantity_milli, o.unit, \
     o.dest_addr, o.ordered_at_ms, o.shipped_at_ms, o.received_milli, o.received_at_ms, o.cancelled_at_ms, \
     coalesce(s.name, o.station), coalesce(p.name_ko, o.product_id), coalesce(p.name_en, o.product_id) \
     FROM orders o LEFT JOIN stations s ON s.station = o.station \
     LEFT JOIN products p ON p.product_id = o.product_id";

/// A page of orders, newest last.
pub fn list(connection: &Connection, page: &Page) -> rusqlite::Result<Vec<OrderRow>> {
    newest_last(connection, ORDERS, "o", "SELECT rowid FROM orders WHERE order_id = $1", page, order_row)
}

/// One order.
pub fn find(connection: &Connection, order_id: &str) -> rusqlite::Result<Option<OrderRow>> {
    connection
        .prepare_cached(&format!("{ORDERS} WHERE o.order_id = $1"))?
        .query_row([order_id], order_row)
        .optional()
}

fn order_row(row: &Row<'_>) -> rusqlite::Result<OrderRow> {
    Ok(OrderRow {
        order: Order {
            order_id: row.get(0)?,
            station: row.get(1)?,
            request_id: row.get(2)?,
            product_id: row.get(3)?,
            quantity_milli: row.get(4)?,
            unit: row.get(5)?,
            dest_addr: row.get(6)?,
            ordered_at_ms: row.get(7)?,
            shipped_at_ms: row.get(8)?,
            received_milli: row.get(9)?,
            received_at_ms: row.get(10)?,
            cancelled_at_ms: row.get(11)?,
        },
        station_name: row.get(12)?,
        name_ko: row.get(13)?,
        name_en: row.get(14)?,
    })
}
