//! `GET /salesSummaries`: of all days, or of one with `businessDay=YYYY-MM-DD`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use sync_proto::decimal::Milli;

use crate::http::{Fields, Refusal, Shared};
use crate::ledger::sales;

/// What was sold of a product.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SalesSummary {
    product_id: String,
    product_name: String,
    qty: Milli,
    amount: i64,
    unit: String,
}

pub(super) async fn summaries(
    State(station): State<Shared>,
    fields: Fields,
) -> Result<Json<Vec<SalesSummary>>, Refusal> {
    let (page, day) = (fields.page()?, fields.business_day()?);
    let rows =
        station.read(move |connection, code| sales::summaries(connection, code, day.as_ref(), &page)).await?;
    let summaries = rows.into_iter().map(|row| SalesSummary {
        product_id: row.product_id,
        product_name: row.name_ko,
        qty: Milli(row.quantity_milli),
        amount: row.amount,
        unit: row.unit,
    });
    Ok(Json(summaries.collect()))
}
