//! The station daemon: one journal, fed by its tills and its back office, carried to HQ.
//!
//! Components are tasks beside each other over one [`station::Station`]: the terminal link and the API on the LAN's
//! listener, the paths of integrations on the machine's own, the link to HQ. Everything they do is a use case of [`ledger`] or one call of `sync::Node`,
//! so that none of them waits for another.

pub mod calendar;
pub mod compat;
pub mod config;
pub mod daemon;
pub mod hq_link;
pub mod http;
mod lan;
pub mod lan_api;
pub mod ledger;
pub mod setup;
pub mod standing;
pub mod station;
pub mod store;
mod supervise;
pub mod terminal_link;

/// Name of HQ's acknowledgements in the journal.
pub const HQ: &str = "hq";
