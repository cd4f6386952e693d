//! `POST /stocks/confirmStock`, `GET,POST /stockFlows`, `GET /stockSummaries`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use sync_proto::decimal::Milli;

use crate::calendar::rfc3339;
use crate::http::{Fields, Refusal, Shared};
use crate::ledger::receiving::{self, Measured};
use crate::ledger::stock;

/// A movement.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StockFlow {
    stock_id: String,
    product_id: String,
    product_name: String,
    qty: Milli,
    qty_to_be: Milli,
    reason: String,
    order_id: Option<String>,
    sale_id: Option<String>,
    business_day: String,
    at: String,
}

/// Stock of a product.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StockSummary {
    product_id: String,
    product_name: String,
    qty: Milli,
    unit: String,
}

pub(super) async fn confirm(State(station): State<Shared>, fields: Fields) -> Result<Json<bool>, Refusal> {
    let order_id = fields.text("orderId")?.to_owned();
    let measured = fields.maybe_milli("qty")?.map_or(Measured::AsShipped, Measured::Milli);
    station
        .write(move |node, now, code| receiving::confirm(node, now, code, &order_id, measured, fields.key()))
        .await?;
    Ok(Json(true))
}

pub(super) async fn record(State(station): State<Shared>, fields: Fields) -> Result<Json<bool>, Refusal> {
    let product_id = fields.text("productId")?.to_owned();
    let milli = fields.milli("qty")?;
    let reason = fields.text("reason")?.to_owned();
    station
        .write(move |node, now, _| stock::move_stock(node, now, &product_id, milli, &reason, fields.key()))
        .await?;
    Ok(Json(true))
}

pub(super) async fn flows(
    State(station): State<Shared>,
    fields: Fields,
) -> Result<Json<Vec<StockFlow>>, Refusal> {
    let page = fields.page()?;
    let rows = station.read(move |connection, code| stock::flows(connection, code, &page)).await?;
    let flows = rows.into_iter().map(|row| StockFlow {
        stock_id: row.flow_id,
        product_id: row.product_id,
        product_name: row.name_ko,
        qty: Milli(row.quantity_milli),
        qty_to_be: Milli(row.after_milli),
        reason: row.reason,
        order_id: row.order_id,
        sale_id: row.sale_id,
        business_day: row.business_day,
        at: rfc3339(row.at_ms),
    });
    Ok(Json(flows.collect()))
}

pub(super) async fn summaries(
    State(station): State<Shared>,
    fields: Fields,
) -> Result<Json<Vec<StockSummary>>, Refusal> {
    let page = fields.page()?;
    let rows = station.read(move |connection, code| stock::summaries(connection, code, &page)).await?;
    let summaries = rows.into_iter().map(|row| StockSummary {
        product_id: row.product_id,
        product_name: row.name_ko,
        qty: Milli(row.on_hand_milli),
        unit: row.unit,
    });
    Ok(Json(summaries.collect()))
}
