//! `GET,POST /api/v1/orders`, `POST /api/v1/orders/{request_id}/cancel`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use station_api::{OrderStatus, PlaceOrder, StationOrder};

use super::convert;
use crate::calendar::rfc3339;
use crate::http::{JsonBody, Refusal, Shared};
use crate::ledger::LedgerError;
use crate::ledger::orders::{self, OrderNow};

/// `POST`, no body -> [`StationOrder`]: asks HQ to call the order off.
pub const ORDER_CANCEL: &str = "/api/v1/orders/{request_id}/cancel";

pub(super) async fn list(State(station): State<Shared>) -> Result<Json<Vec<StationOrder>>, Refusal> {
    let rows = station.read(|connection, code| Ok(orders::list(connection, code)?)).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

pub(super) async fn place(
    State(station): State<Shared>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<PlaceOrder>,
) -> Result<Json<StationOrder>, Refusal> {
    let key = convert::key(&headers)?;
    let order = station
        .write(move |node, now, code| {
            let id = orders::request(node, now, code, &body.product_id, body.quantity_milli, key.as_ref())?;
            orders::find(node.store().connection(), code, &id)?.ok_or(LedgerError::UnknownOrder(id))
        })
        .await?;
    Ok(Json(view(order)))
}

pub(super) async fn cancel(
    State(station): State<Shared>,
    Path(request_id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<StationOrder>, Refusal> {
    let key = convert::key(&headers)?;
    let order = station
        .write(move |node, now, code| {
            orders::request_cancel(node, now, code, &request_id, key.as_ref())?;
            orders::find(node.store().connection(), code, &request_id)?
                .ok_or(LedgerError::UnknownOrder(request_id))
        })
        .await?;
    Ok(Json(view(order)))
}

fn view(row: OrderNow) -> StationOrder {
    // An order that HQ placed goes by HQ's id, one of this station by its request.
    let request_id = (row.order_id.as_ref() != Some(&row.order_key)).then_some(row.order_key);
    StationOrder {
        unit: convert::unit(&row.unit),
        status: status(&row.status),
        requested_at: rfc3339(row.requested_at_ms),
        order_id: row.order_id,
        request_id,
        product_id: row.product_id,
        name_ko: row.name_ko,
        name_en: row.name_en,
        quantity_milli: row.quantity_milli,
        reason: row.reason,
    }
}

fn status(text: &str) -> OrderStatus {
    match text {
        "ordered" => OrderStatus::Ordered,
        "shipped" => OrderStatus::Shipped,
        "confirmed" => OrderStatus::Confirmed,
        "cancelled" => OrderStatus::Cancelled,
        "refused" => OrderStatus::Refused,
        _ => OrderStatus::Requested,
    }
}
