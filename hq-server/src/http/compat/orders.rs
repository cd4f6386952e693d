//! Orders and shipments.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use sync_proto::StationCode;
use sync_proto::decimal::Milli;

use crate::http::params::Params;
use crate::http::{App, Problem};
use crate::instant;
use crate::logistics::{self, ShipmentRow};
use crate::order::{self, OrderRow, PlaceOrder};
use crate::refusal::Refusal;
use crate::stations::find_by_destination;

/// An order, with its status where the path is `/orderStatuses`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompatOrder {
    order_id: String,
    product_id: String,
    product_name: String,
    qty: Milli,
    dest_addr: String,
    order_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

impl CompatOrder {
    fn of(row: OrderRow, with_status: bool) -> Self {
        Self {
            status: with_status.then(|| row.order.status().as_str()),
            order_id: row.order.order_id,
            product_id: row.order.product_id,
            product_name: row.name_ko,
            qty: Milli(row.order.quantity_milli),
            dest_addr: row.order.dest_addr,
            order_date: instant::text(row.order.ordered_at_ms),
        }
    }
}

/// A shipment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompatShipment {
    ship_id: String,
    order_id: String,
    car_number: Option<String>,
    dest_addr: String,
    product_id: String,
    product_name: String,
    qty: Milli,
    state: &'static str,
}

impl From<ShipmentRow> for CompatShipment {
    fn from(row: ShipmentRow) -> Self {
        Self {
            state: row.shipment.state().as_str(),
            ship_id: row.shipment.ship_id,
            order_id: row.shipment.order_id,
            car_number: row.shipment.car_number,
            dest_addr: row.shipment.dest_addr,
            product_id: row.shipment.product_id,
            product_name: row.name_ko,
            qty: Milli(row.shipment.quantity_milli),
        }
    }
}

/// `POST /orders/placeOrder`: productId, qty in litres, destAddr.
pub(in crate::http) async fn place_order(
    State(app): State<App>,
    params: Params,
) -> Result<Json<bool>, Problem> {
    let product = params.product_id()?;
    let quantity_milli = params.qty_milli()?;
    let dest_addr = params.text("destAddr")?.to_owned();
    let destination = dest_addr.clone();
    let station = app.find(move |connection| find_by_destination(connection, &destination)).await?;
    let station =
        StationCode::new(station.station).map_err(|_| Refusal::UnknownDestination(dest_addr.clone()))?;
    let ask = PlaceOrder { station, product, quantity_milli, dest_addr };
    app.command(move |node, now| order::place_order(node, now, ask, &params.once)).await?;
    Ok(Json(true))
}

/// `POST /orders/station`: name and code of the configured station.
pub(in crate::http) async fn configured_station(State(app): State<App>) -> Result<Json<String>, Problem> {
    let station = app.station()?;
    Ok(Json(format!("{}, {}", station.name, station.code)))
}

/// `GET /orders`.
pub(in crate::http) async fn orders(
    State(app): State<App>,
    params: Params,
) -> Result<Json<Vec<CompatOrder>>, Problem> {
    listed(&app, &params, false).await
}

/// `GET /orderStatuses`: orders with their status.
pub(in crate::http) async fn order_statuses(
    State(app): State<App>,
    params: Params,
) -> Result<Json<Vec<CompatOrder>>, Problem> {
    listed(&app, &params, true).await
}

async fn listed(app: &App, params: &Params, with_status: bool) -> Result<Json<Vec<CompatOrder>>, Problem> {
    let page = params.page()?;
    let rows = app.read(move |connection| order::list(connection, &page)).await?;
    Ok(Json(rows.into_iter().map(|row| CompatOrder::of(row, with_status)).collect()))
}

/// `GET /shipments`.
pub(in crate::http) async fn shipments(
    State(app): State<App>,
    params: Params,
) -> Result<Json<Vec<CompatShipment>>, Problem> {
    let page = params.page()?;
    let rows = app.read(move |connection| logistics::list(connection, &page)).await?;
    Ok(Json(rows.into_iter().map(CompatShipment::from).collect()))
}
