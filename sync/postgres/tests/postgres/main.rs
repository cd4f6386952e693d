//! What only the store on PostgreSQL can show; what every store does is in `sync/tests/conformance.rs`.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed unwrap in a test is a failed test"
)]

mod faults;
mod opening;
mod schema;
mod support;
mod writers;
