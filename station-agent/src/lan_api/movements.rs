//! `GET,POST /api/v1/stock-movements`.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::convert;
use crate::calendar::rfc3339;
use crate::http::{Fields, JsonBody, Refusal, Shared};
use crate::ledger::stock::{self, Flow};

/// `GET` -> list of [`MovementView`]; `POST` [`MoveStock`] -> [`MovementId`].
pub const MOVEMENTS: &str = "/api/v1/stock-movements";

/// Body of `POST`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveStock {
    /// The chain's code.
    pub product_id: String,
    /// Signed thousandths; positive is in.
    pub quantity_milli: i64,
    /// `loss`, `dip`, `transfer` or `stocktake`.
    pub reason: String,
}

/// What a movement is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementId {
    /// Its id in the list.
    pub movement_id: String,
}

/// A movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementView {
    /// Its id.
    pub movement_id: String,
    /// The chain's code.
    pub product_id: String,
    /// Signed thousandths.
    pub quantity_milli: i64,
    /// Stock after it.
    pub after_milli: i64,
    /// Why.
    pub reason: String,
    /// Of a receipt.
    pub order_id: Option<String>,
    /// Of a sale or its cancellation.
    pub sale_id: Option<String>,
    /// On which business day.
    pub business_day: String,
    /// When.
    pub at: String,
}

pub(super) async fn list(
    State(station): State<Shared>,
    fields: Fields,
) -> Result<Json<Vec<MovementView>>, Refusal> {
    let page = fields.page()?;
    let rows = station.read(move |connection, code| stock::flows(connection, code, &page)).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

pub(super) async fn record(
    State(station): State<Shared>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<MoveStock>,
) -> Result<Json<MovementId>, Refusal> {
    let key = convert::key(&headers)?;
    let movement_id = station
        .write(move |node, now, _| {
            stock::move_stock(node, now, &body.product_id, body.quantity_milli, &body.reason, key.as_ref())
        })
        .await?;
    Ok(Json(MovementId { movement_id }))
}

fn view(row: Flow) -> MovementView {
    MovementView {
        movement_id: row.flow_id,
        product_id: row.product_id,
        quantity_milli: row.quantity_milli,
        after_milli: row.after_milli,
        reason: row.reason,
        order_id: row.order_id,
        sale_id: row.sale_id,
        business_day: row.business_day,
        at: rfc3339(row.at_ms),
    }
}
