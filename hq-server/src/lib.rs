//! Head office of the chain: catalogue, orders, logistics, the register of stations, and the broker and
//! API that stations, staff and integrations reach them by.
//!
//! Contexts know each other by facts in the journal; the router in [`http`] is the list of what is served.

pub mod api;
pub mod authorities;
pub mod broker;
pub mod catalogue;
pub mod config;
pub mod http;
pub mod ingest;
pub mod instant;
pub mod listing;
pub mod logistics;
pub mod once;
pub mod order;
pub mod overview;
pub mod refusal;
pub mod role;
pub mod server;
pub mod settings;
pub mod stations;
pub mod store;

mod counter;
mod rows;
