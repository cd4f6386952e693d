//! Orders and shipments.

use serde::Serialize;
use ts_rs::TS;

use crate::instant;
use crate::logistics::ShipmentRow;
use crate::order::OrderRow;

/// An order.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "Order")]
pub struct OrderDto {
    order_id: String,
    station_code: String,
    station_name: String,
    product_id: String,
    name_ko: String,
    name_en: String,
    quantity_milli: i64,
    #[ts(type = "\"L\" | \"ea\"")]
    unit: String,
    dest_addr: String,
    #[ts(type = "\"ordered\" | \"shipped\" | \"receiving\" | \"confirmed\" | \"cancelled\"")]
    status: &'static str,
    ordered_at: String,
    shipment: Option<ShipmentDto>,
    received_milli: Option<i64>,
    received_at: Option<String>,
    over_short_milli: Option<i64>,
}

impl OrderDto {
    /// An order with the shipment that serves it.
    pub fn of(row: OrderRow, shipment: Option<ShipmentRow>) -> Self {
        let order = row.order;
        Self {
            status: order.status().as_str(),
            ordered_at: instant::text(order.ordered_at_ms),
            received_milli: order.received_milli,
            received_at: order.received_at_ms.map(instant::text),
            over_short_milli: order
                .received_milli
                .map(|received| received.saturating_sub(order.quantity_milli)),
            order_id: order.order_id,
            station_code: order.station,
            station_name: row.station_name,
            product_id: order.product_id,
            name_ko: row.name_ko,
            name_en: row.name_en,
            quantity_milli: order.quantity_milli,
            unit: order.unit,
            dest_addr: order.dest_addr,
            shipment: shipment.map(ShipmentDto::from),
        }
    }
}

/// A shipment.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "Shipment")]
pub struct ShipmentDto {
    ship_id: String,
    order_id: String,
    station_code: String,
    station_name: String,
    product_id: String,
    name_ko: String,
    name_en: String,
    quantity_milli: i64,
    #[ts(type = "\"L\" | \"ea\"")]
    unit: String,
    dest_addr: String,
    car_number: Option<String>,
    #[ts(type = "\"planned\" | \"shipped\" | \"received\" | \"calledOff\"")]
    state: &'static str,
    planned_at: String,
    shipped_at: Option<String>,
}

impl From<ShipmentRow> for ShipmentDto {
    fn from(row: ShipmentRow) -> Self {
        let shipment = row.shipment;
        Self {
            state: shipment.state().as_str(),
            planned_at: instant::text(shipment.planned_at_ms),
            shipped_at: shipment.shipped_at_ms.map(instant::text),
            ship_id: shipment.ship_id,
            order_id: shipment.order_id,
            station_code: shipment.station,
            station_name: row.station_name,
            product_id: shipment.product_id,
            name_ko: row.name_ko,
            name_en: row.name_en,
            quantity_milli: shipment.quantity_milli,
            unit: shipment.unit,
            dest_addr: shipment.dest_addr,
            car_number: shipment.car_number,
        }
    }
}
