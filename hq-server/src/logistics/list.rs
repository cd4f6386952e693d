//! Shipments as lists show them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::Shipment;
use crate::listing::{Page, newest_last};

/// A shipment with the names that go with its ids.
#[derive(Debug, Clone)]
pub struct ShipmentRow {
    /// The shipment.
    pub shipment: Shipment,
    /// The station's name; its code when it is not in the register.
    pub station_name: String,
    /// The product's Korean name.
    pub name_ko: String,
    /// The product's English name.
    pub name_en: String,
}

const SHIPMENTS: &str = "SELECT h.ship_id, h.order_id, h.station, h.product_id, h.quantity_milli, h.unit, \
     h.dest_addr, h.planned_at_ms, h.car_number, h.shipped_at_ms, h.received_at_ms, h.called_off_at_ms, \
     coalesce(s.name, h.station), coalesce(p.name_ko, h.product_id), coalesce(p.name_en, h.product_id) \
     FROM shipments h LEFT JOIN stations s ON s.station = h.station \
     LEFT JOIN products p ON p.product_id = h.product_id";

/// A page of shipments, newest last.
pub fn list(connection: &Connection, page: &Page) -> rusqlite::Result<Vec<ShipmentRow>> {
    let place = "SELECT rowid FROM shipments WHERE ship_id = $1";
    newest_last(connection, SHIPMENTS, "h", place, page, shipment_row)
}

/// One shipment.
pub fn find(connection: &Connection, ship_id: &str) -> rusqlite::Result<Option<ShipmentRow>> {
    connection
        .prepare_cached(&format!("{SHIPMENTS} WHERE h.ship_id = $1"))?
        .query_row([ship_id], shipment_row)
        .optional()
}

/// The shipment that serves each of these orders, under the order's id.
pub fn of_orders<'a>(
    connection: &Connection,
    order_ids: impl Iterator<Item = &'a str>,
) -> rusqlite::Result<HashMap<String, ShipmentRow>> {
    let sql = format!("{SHIPMENTS} JOIN order_shipments l ON l.ship_id = h.ship_id WHERE l.order_id = $1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = HashMap::new();
    for order_id in order_ids {
        if let Some(row) = statement.query_row([order_id], shipment_row).optional()? {
            found.insert(order_id.to_owned(), row);
        }
    }
    Ok(found)
}

fn shipment_row(row: &Row<'_>) -> rusqlite::Result<ShipmentRow> {
    Ok(ShipmentRow {
        shipment: Shipment {
            ship_id: row.get(0)?,
            order_id: row.get(1)?,
            station: row.get(2)?,
            product_id: row.get(3)?,
            quantity_milli: row.get(4)?,
            unit: row.get(5)?,
            dest_addr: row.get(6)?,
            planned_at_ms: row.get(7)?,
            car_number: row.get(8)?,
            shipped_at_ms: row.get(9)?,
            received_at_ms: row.get(10)?,
            called_off_at_ms: row.get(11)?,
        },
        station_name: row.get(12)?,
        name_ko: row.get(13)?,
        name_en: row.get(14)?,
    })
}
