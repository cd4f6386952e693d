//! The till's shell around `pos-core`: the window and its bridge, the local HTTP API, and the drivers that
//! carry the journal to the station's agent. See ARCHITECTURE.md.

pub mod cli;
pub mod commands;
pub mod config;
pub mod dto;
pub mod headless;
pub mod leaving;
pub mod links;
pub mod local_api;
pub mod setup;
pub mod shutdown;
pub mod till;
pub mod window;
