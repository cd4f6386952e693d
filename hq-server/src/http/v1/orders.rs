//! Orders and shipments.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use sync_proto::StationCode;

use crate::api::{OrderDto, ShipmentDto};
use crate::http::body::{JsonBody, Named, NoBody};
use crate::http::params::{Params, product_id};
use crate::http::{App, Problem};
use crate::logistics;
use crate::order::{self, PlaceOrder};
use crate::refusal::Refusal;
use crate::stations::find_station;

/// An order to place for a station.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrder {
    station_code: String,
    product_id: String,
    quantity_milli: i64,
}

/// What a vehicle is needed for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dispatch {
    car_number: String,
}

/// `GET /orders`.
pub(in crate::http) async fn orders(
    State(app): State<App>,
    params: Params,
) -> Result<Json<Vec<OrderDto>>, Problem> {
    let page = params.page()?;
    let listed = app
        .read(move |connection| {
            let rows = order::list(connection, &page)?;
            let ids = rows.iter().map(|row| row.order.order_id.as_str());
            let mut shipments = logistics::of_orders(connection, ids)?;
            let with_shipment = |row: order::OrderRow| {
                let shipment = shipments.remove(&row.order.order_id);
                OrderDto::of(row, shipment)
            };
            Ok(rows.into_iter().map(with_shipment).collect())
        })
        .await?;
    Ok(Json(listed))
}

/// `POST /orders`.
pub(in crate::http) async fn place_order(
    State(app): State<App>,
    JsonBody { value, once }: JsonBody<NewOrder>,
) -> Result<Json<OrderDto>, Problem> {
    let product = product_id(&value.product_id)?;
    let station = app.find(move |connection| find_station(connection, &value.station_code)).await?;
    let code = StationCode::new(station.station.as_str())
        .map_err(|_| Refusal::UnknownStation(station.station.clone()))?;
    let quantity_milli = value.quantity_milli;
    let ask = PlaceOrder { station: code, product, quantity_milli, dest_addr: station.address };
    let order_id = app.command(move |node, now| order::place_order(node, now, ask, &once)).await?;
    one_order(&app, order_id).await
}

/// `POST /orders/{orderId}/cancel`.
pub(in crate::http) async fn cancel_order(
    State(app): State<App>,
    Named(order_id): Named,
    NoBody { once }: NoBody,
) -> Result<Json<OrderDto>, Problem> {
    let id = order_id.clone();
    app.command(move |node, now| order::cancel_order(node, now, &id, &once)).await?;
    one_order(&app, order_id).await
}

async fn one_order(app: &App, order_id: String) -> Result<Json<OrderDto>, Problem> {
    let order = app
        .find(move |connection| {
            let row =
                order::find(connection, &order_id)?.ok_or_else(|| Refusal::UnknownOrder(order_id.clone()))?;
            let ids = std::iter::once(order_id.as_str());
            let shipment = logistics::of_orders(connection, ids)?.remove(&order_id);
            Ok(OrderDto::of(row, shipment))
        })
        .await?;
    Ok(Json(order))
}

/// `GET /shipments`.
pub(in crate::http) async fn shipments(
    State(app): State<App>,
    params: Params,
) -> Result<Json<Vec<ShipmentDto>>, Problem> {
    let page = params.page()?;
    let rows = app.read(move |connection| logistics::list(connection, &page)).await?;
    Ok(Json(rows.into_iter().map(ShipmentDto::from).collect()))
}

/// `POST /shipments/{shipId}/dispatch`.
pub(in crate::http) async fn dispatch_shipment(
    State(app): State<App>,
    Named(ship_id): Named,
    JsonBody { value, once }: JsonBody<Dispatch>,
) -> Result<Json<ShipmentDto>, Problem> {
    let id = ship_id.clone();
    app.command(move |node, now| logistics::dispatch_shipment(node, now, &id, &value.car_number, &once))
        .await?;
    let shipment = app
        .find(move |connection| {
            logistics::find(connection, &ship_id)?.ok_or(Refusal::UnknownShipment(ship_id))
        })
        .await?;
    Ok(Json(shipment.into()))
}
