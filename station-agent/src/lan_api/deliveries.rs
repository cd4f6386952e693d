//! `GET /api/v1/deliveries`, `POST /api/v1/deliveries/{order_id}/confirm`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use station_api::{ConfirmDelivery, Delivery, DeliveryState};

use super::convert;
use crate::calendar::rfc3339;
use crate::http::{JsonBody, Refusal, Shared};
use crate::ledger::LedgerError;
use crate::ledger::deliveries::{self, DeliveryNow};
use crate::ledger::receiving::{self, Measured};

pub(super) async fn list(State(station): State<Shared>) -> Result<Json<Vec<Delivery>>, Refusal> {
    let rows = station.read(|connection, code| Ok(deliveries::list(connection, code)?)).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

pub(super) async fn confirm(
    State(station): State<Shared>,
    Path(order_id): Path<String>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ConfirmDelivery>,
) -> Result<Json<Delivery>, Refusal> {
    let key = convert::key(&headers)?;
    let measured = Measured::Milli(body.quantity_milli);
    let delivery = station
        .write(move |node, now, code| {
            receiving::confirm(node, now, code, &order_id, measured, key.as_ref())?;
            deliveries::find(node.store().connection(), code, &order_id)?
                .ok_or(LedgerError::UnknownOrder(order_id))
        })
        .await?;
    Ok(Json(view(delivery)))
}

fn view(row: DeliveryNow) -> Delivery {
    Delivery {
        unit: convert::unit(&row.unit),
        state: if row.received_at_ms.is_some() { DeliveryState::Confirmed } else { DeliveryState::Expected },
        car_number: Some(row.car_number).filter(|plate| !plate.is_empty()),
        shipped_at: rfc3339(row.shipped_at_ms),
        received_at: row.received_at_ms.map(rfc3339),
        received_milli: row.received_milli,
        quantity_milli: row.quantity_milli,
        order_id: row.order_id,
        ship_id: row.ship_id,
        product_id: row.product_id,
        name_ko: row.name_ko,
        name_en: row.name_en,
    }
}
