//! The agent's one listener: probes, terminal link, LAN API, paths of integrations.

mod auth;
mod body;
mod fields;
mod probes;
mod refusal;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use station_api::{ErrorCode, paths};

use crate::station::Station;
use crate::{compat, lan_api, terminal_link};

pub use auth::{Token, TokenError};
pub(crate) use body::discard;
pub use body::{BODY_LEN_MAX, JsonBody, read_limited};
pub use fields::Fields;
pub(crate) use fields::idempotency_key;
pub use refusal::Refusal;

/// What handlers are given.
pub type Shared = Arc<Station>;

/// The whole router.
pub fn router(station: Shared) -> Router {
    let with_token = Router::new()
        .merge(lan_api::routes())
        .merge(compat::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&station), auth::wants_token));
    Router::new()
        .route(paths::LIVEZ, get(probes::livez))
        .route(paths::READYZ, get(probes::readyz))
        .route(terminal_link::PATH, post(terminal_link::answer))
        .method_not_allowed_fallback(no_such_method)
        .merge(with_token)
        // Bodies are read by `read_limited`, which says what is wrong in a problem.
        .layer(DefaultBodyLimit::disable())
        .with_state(station)
}

async fn no_such_path(uri: axum::http::Uri) -> impl IntoResponse {
    Refusal::new(ErrorCode::NotFound, format!("There is no {} here. Check the address.", short(uri.path())))
}

async fn no_such_method(method: Method, uri: axum::http::Uri) -> impl IntoResponse {
    let detail = format!("{} does not take {method}. Use a method that it takes.", short(uri.path()));
    Refusal::new(ErrorCode::MethodNotAllowed, detail)
}

/// A path as far as it fits a message.
fn short(path: &str) -> String {
    path.chars().take(80).collect()
}
