//! The LAN API of the back office: JSON under `/api/v1`, types of crate `station-api`.

mod accounts;
mod convert;
mod deliveries;
mod devices;
mod journal;
mod movements;
mod orders;
mod overview;
mod products;
mod quarantine;

use axum::Router;
use axum::routing::{get, post};
use station_api::paths;

use crate::http::Shared;

pub(crate) use journal::import as import_journal;

pub use accounts::{ACCOUNTS, AccountView, OpenAccount};
pub use movements::{MOVEMENTS, MoveStock, MovementView};
pub use orders::ORDER_CANCEL;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route(paths::OVERVIEW, get(overview::show))
        .route(paths::DELIVERIES, get(deliveries::list))
        .route(paths::DELIVERY_CONFIRM, post(deliveries::confirm))
        .route(paths::ORDERS, get(orders::list).post(orders::place))
        .route(ORDER_CANCEL, post(orders::cancel))
        .route(paths::PRODUCTS, get(products::list))
        .route(paths::JOURNAL, get(journal::list))
        .route(MOVEMENTS, get(movements::list).post(movements::record))
        .route(ACCOUNTS, get(accounts::list).post(accounts::open))
        .route(paths::QUARANTINE, get(quarantine::list))
        .route(paths::QUARANTINE_REPLAY, post(quarantine::replay_all))
        .route(paths::QUARANTINE_ENTRY, get(quarantine::show))
        .route(paths::QUARANTINE_ENTRY_REPLAY, post(quarantine::replay))
        .route(paths::DEVICES, get(devices::list))
        .route(paths::DEVICE_REVOKE, post(devices::revoke))
        .route(paths::ENROLMENT_CODES, post(devices::open_code))
}
