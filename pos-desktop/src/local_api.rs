//! The local HTTP API: the paths that existing integrations call, on loopback, behind a token.
//!
//! Form fields, query parameters or JSON in; `true` or a list out; problem+json with `result: false` when a
//! request is refused, and then nothing is recorded.

mod fields;
mod lists;
mod problem;
mod sales;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use crate::till::Till;
use problem::Problem;

/// The paths of the local API, opened by `token`.
pub fn router(till: Till, token: &str) -> Router {
    let token: Arc<str> = Arc::from(format!("Bearer {token}"));
    Router::new()
        .route("/sales", get(lists::sales).post(sales::sell))
        .route("/cancelSales", post(sales::cancel))
        .route("/productMenus", get(lists::product_menus))
        .route("/api/v1/status", get(lists::status))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(middleware::from_fn_with_state(token, authorised))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(till)
}

async fn authorised(State(token): State<Arc<str>>, request: Request, next: Next) -> Response {
    if shows(request.headers(), token.as_bytes()) {
        next.run(request).await
    } else {
        Problem::unauthorized().into_response()
    }
}

/// Compares in the same time whatever the first difference is.
fn shows(headers: &HeaderMap, token: &[u8]) -> bool {
    let Some(shown) = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes) else { return false };
    let differs = shown.iter().zip(token).fold(0, |differs, (a, b)| differs | (a ^ b));
    shown.len() == token.len() && differs == 0
}

/// Ready when the writer answers: the database is open and its thread is alive.
async fn ready(State(till): State<Till>) -> Result<&'static str, Problem> {
    till.write(|_, _| Ok(())).await.map_err(|_| Problem::not_ready())?;
    Ok("ready\n")
}
