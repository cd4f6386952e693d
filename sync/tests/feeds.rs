//! Feeds: snapshots, digests, horizons, withdrawals, and who may take whom back (R18-R26).

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap in a test is a failed test")]

#[path = "feeds/cast.rs"]
mod cast;
#[path = "feeds/digest.rs"]
mod digest;
#[path = "feeds/downlink.rs"]
mod downlink;
#[path = "feeds/horizon.rs"]
mod horizon;
#[path = "feeds/lives.rs"]
mod lives;
#[path = "feeds/polling.rs"]
mod polling;
#[path = "feeds/snapshot.rs"]
mod snapshot;
