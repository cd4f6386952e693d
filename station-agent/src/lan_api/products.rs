//! `GET /api/v1/products`.

use axum::Json;
use axum::extract::State;
use station_api::Product;

use super::convert;
use crate::calendar::rfc3339;
use crate::http::{Refusal, Shared};
use crate::ledger::products::{self, ProductNow};
use crate::ledger::{PAGE_LEN_MAX, Page};

pub(super) async fn list(State(station): State<Shared>) -> Result<Json<Vec<Product>>, Refusal> {
    let at_ms = station.clock.price_ms();
    let all = Page { limit: PAGE_LEN_MAX, after: None };
    let rows = station.read(move |connection, code| products::list(connection, code, at_ms, &all)).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

fn view(row: ProductNow) -> Product {
    Product {
        kind: convert::kind(&row.kind),
        unit: convert::unit(&row.unit),
        // A product that HQ has not priced yet is on the list, because it can be ordered; no till sells it.
        price: row.price.unwrap_or(0),
        next_price: row.next.map(|(price, _)| price),
        next_price_at: row.next.map(|(_, at_ms)| rfc3339(at_ms)),
        product_id: row.product_id,
        name_ko: row.name_ko,
        name_en: row.name_en,
    }
}
