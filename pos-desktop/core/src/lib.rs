//! The till's use cases over its own database: menu, cart, sale, cancellation, receipts, accounts, status.
//!
//! Everything here is synchronous and takes its time as an argument. What changes something takes the
//! [`Node`](sync::Node) and runs on the writer's thread; what only reads takes a connection. A network is
//! never waited for: a sale is a local commit, and the drivers of crate `sync` carry it on.

pub mod accounts;
pub mod cancel;
pub mod cart;
pub mod day;
pub mod error;
pub mod idempotency;
pub mod menu;
pub mod receipt;
pub mod recent;
pub mod sale;
pub mod settings;
pub mod status;
pub mod store;
mod tables;

pub use day::{Calendar, Moment};
pub use error::TillError;
pub use store::TillNode;
