//! The paths that existing integrations call (domain.md): forms, queries or JSON in, `true` or a JSON list
//! out, over the same use cases as the LAN API.

mod accounts;
mod products;
mod sales;
mod stocks;

use axum::Router;
use axum::routing::{get, post};

use crate::http::Shared;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/stocks/confirmStock", post(stocks::confirm))
        .route("/stockFlows", get(stocks::flows).post(stocks::record))
        .route("/stockSummaries", get(stocks::summaries))
        .route("/salesSummaries", get(sales::summaries))
        .route("/productMasters", get(products::list))
        .route("/accounts", get(accounts::list).post(accounts::open))
}
