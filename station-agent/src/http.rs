//! The agent's two listeners: one for this machine alone with a token, one for the LAN with certificates.

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
use sync::link::SYNC_PATH;
use sync_identity::exchange::{ENROL_PATH, RENEW_PATH};

use crate::station::Station;
use crate::{compat, lan, lan_api, setup, terminal_link};

pub(crate) use auth::shows_token;
pub use auth::{Token, TokenError};
pub(crate) use body::discard;
pub use body::{BODY_LEN_MAX, JsonBody, read_limited};
pub use fields::Fields;
pub(crate) use fields::idempotency_key;
pub use refusal::Refusal;

/// What handlers are given.
pub type Shared = Arc<Station>;

/// What this machine may ask, with the token: probes, the paths of integrations, the API, setting up.
pub fn local_router(station: Shared) -> Router {
    let with_token = Router::new()
        .merge(lan_api::routes())
        .merge(compat::routes())
        .route(paths::JOURNAL_IMPORT, post(lan_api::import_journal))
        .route(paths::SETUP, get(setup::state).post(setup::again))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&station), auth::wants_token));
    Router::new()
        .route(paths::LIVEZ, get(probes::livez))
        .route(paths::READYZ, get(probes::readyz))
        .method_not_allowed_fallback(no_such_method)
        .merge(with_token)
        // Bodies are read by `read_limited`, which says what is wrong in a problem.
        .layer(DefaultBodyLimit::disable())
        .with_state(station)
}

/// What the LAN may ask, each path by the certificate that opens it: enrolling by none, the tills' link by a till's,
/// the API by a back office's. Nothing else is here.
pub fn lan_router(station: Shared) -> Router {
    let of_offices = Router::new()
        .merge(lan_api::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&station), lan::wants_office));
    Router::new()
        .route(ENROL_PATH, post(lan::enrol))
        .route(RENEW_PATH, post(lan::renew))
        .route(SYNC_PATH, post(terminal_link::answer))
        .method_not_allowed_fallback(no_such_method)
        .merge(of_offices)
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
