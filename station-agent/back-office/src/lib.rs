//! The station manager's back office: a window on the station agent's LAN API.
//!
//! It stores nothing but its own identity. What it shows is the agent's last answer, marked as old while the agent is silent; what it
//! changes is asked of the agent with an idempotency key, so that asking twice is asking once.

pub mod app;
mod code;
pub mod config;
mod fault;
mod format;
pub mod link;
pub mod locale;
mod screen;
mod station;
pub mod theme;
mod widget;
