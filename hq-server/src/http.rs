//! What is served over HTTP. Handlers parse, call one function of a context, and convert.

mod app;
mod auth;
mod body;
mod compat;
mod console;
mod health;
mod link;
mod params;
mod problem;
mod v1;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, patch, post};

pub use app::{App, Parts};
pub use params::Params;
pub use problem::Problem;

use sync::link::SYNC_PATH;
use sync_identity::exchange::{ENROL_PATH, RENEW_PATH};
use sync_proto::wire::MESSAGE_LEN_MAX;

use crate::refusal::Refusal;

/// Largest body taken.
pub const BODY_LEN_MAX: usize = 1024 * 1024;

/// Every path.
pub fn router(app: App) -> Router {
    let api = Router::new()
        .merge(compat_paths())
        .nest("/api/v1", v1_paths())
        .route("/api/{*rest}", axum::routing::any(nothing_here))
        .layer(from_fn_with_state(app.clone(), auth::require_token));
    Router::new()
        .merge(api)
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .fallback(console::serve)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LEN_MAX))
        .layer(from_fn(console::secure))
        .with_state(app)
}

/// The paths of devices, over TLS with certificates; nothing else is served there.
pub fn link_router(app: App) -> Router {
    Router::new()
        .route(ENROL_PATH, post(link::enrol))
        .route(RENEW_PATH, post(link::renew))
        .route(SYNC_PATH, post(link::sync))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MESSAGE_LEN_MAX))
        .with_state(app)
}

/// Paths that existing integrations call: thin adapters over the same commands.
fn compat_paths() -> Router<App> {
    Router::new()
        .route("/orders/placeOrder", post(compat::place_order))
        .route("/orders/station", post(compat::configured_station))
        .route("/orders", get(compat::orders))
        .route("/orderStatuses", get(compat::order_statuses))
        .route("/shipments", get(compat::shipments))
        .route("/products", get(compat::products).post(compat::add_product).patch(compat::change_product))
        .route("/products/sync", post(compat::sync_product))
        .route("/products/{product_id}", patch(compat::change_named_product))
}

/// The console's API.
fn v1_paths() -> Router<App> {
    Router::new()
        .route("/stations", get(v1::stations))
        .route("/feeds/behind", get(v1::behind))
        .route("/enrolment-codes", post(v1::open_code))
        .route("/devices", get(v1::devices))
        .route("/devices/{device}/revoke", post(v1::revoke_device))
        .route(
            "/journal/import",
            post(v1::import_journal).layer(DefaultBodyLimit::max(sync::carry::CARRIED_LEN_MAX)),
        )
        .route("/orders", get(v1::orders).post(v1::place_order))
        .route("/orders/{order_id}/cancel", post(v1::cancel_order))
        .route("/shipments", get(v1::shipments))
        .route("/shipments/{ship_id}/dispatch", post(v1::dispatch_shipment))
        .route("/settings/logistics", get(v1::logistics_settings).put(v1::set_logistics_settings))
        .route("/roles", get(v1::roles))
        .route("/roles/{role}/stop", post(v1::stop_role))
        .route("/roles/{role}/start", post(v1::start_role))
        .route("/products", get(v1::products).post(v1::add_product))
        .route("/products/{product_id}", patch(v1::change_product).delete(v1::retire_product))
        .route("/products/{product_id}/prices", post(v1::schedule_price))
        .route("/products/{product_id}/acknowledgements", get(v1::acknowledgements))
        .route("/summary", get(v1::summary))
        .route("/quarantine", get(v1::quarantine))
        .route("/quarantine/replay", post(v1::replay_all))
        .route("/quarantine/{key}", get(v1::quarantined))
        .route("/quarantine/{key}/replay", post(v1::replay))
        .route("/quarantine/{key}/settle", post(v1::settle))
}

async fn nothing_here() -> Problem {
    Problem(Refusal::NotFound)
}

async fn wrong_method() -> Problem {
    Problem(Refusal::MethodNotAllowed)
}
