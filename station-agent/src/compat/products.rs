//! `GET /productMasters`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::calendar::rfc3339;
use crate::http::{Fields, Refusal, Shared};
use crate::ledger::products;

/// A product.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProductMaster {
    product_id: String,
    product_name: String,
    /// Absent while HQ has set no price.
    price: Option<i64>,
    product_name_en: String,
    kind: String,
    unit: String,
    next_price: Option<i64>,
    next_price_at: Option<String>,
}

pub(super) async fn list(
    State(station): State<Shared>,
    fields: Fields,
) -> Result<Json<Vec<ProductMaster>>, Refusal> {
    let page = fields.page()?;
    let at_ms = station.clock.price_ms();
    let rows = station.read(move |connection, code| products::list(connection, code, at_ms, &page)).await?;
    let products = rows.into_iter().map(|row| ProductMaster {
        product_id: row.product_id,
        product_name: row.name_ko,
        price: row.price,
        product_name_en: row.name_en,
        kind: row.kind,
        unit: row.unit,
        next_price: row.next.map(|(price, _)| price),
        next_price_at: row.next.map(|(_, at_ms)| rfc3339(at_ms)),
    });
    Ok(Json(products.collect()))
}
