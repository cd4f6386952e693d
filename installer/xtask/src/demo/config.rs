//! The programs' configuration files, as they read them.

use std::path::PathBuf;

use serde::Serialize;

/// `hq-server run --config`.
#[derive(Debug, Serialize)]
pub struct Hq {
    /// Where its database is.
    pub data_dir: PathBuf,
    /// API and console.
    pub http_addr: String,
    /// The embedded broker.
    pub mqtt_addr: String,
    /// One line.
    pub api_token_file: PathBuf,
    /// Whether a planned shipment leaves at once.
    pub auto_dispatch: bool,
    /// Products to start with.
    pub catalogue_file: PathBuf,
    /// The station that `POST /orders/station` answers.
    pub station: StationName,
    /// The registry to start with.
    pub stations: Vec<RegisteredStation>,
}

/// A station's names.
#[derive(Clone, Debug, Serialize)]
pub struct StationName {
    /// `ST0001`.
    pub code: String,
    /// On screens.
    pub name: String,
    /// Where tankers go.
    pub address: String,
}

/// A station of HQ's registry.
#[derive(Debug, Serialize)]
pub struct RegisteredStation {
    /// `ST0001`.
    pub code: String,
    /// On screens.
    pub name: String,
    /// Where tankers go.
    pub address: String,
    /// Its price group.
    pub group: String,
}

/// `station-agent run --config`.
#[derive(Debug, Serialize)]
pub struct Agent {
    /// Where its database is.
    pub data_dir: PathBuf,
    /// LAN API and terminal link.
    pub http_addr: String,
    /// One line.
    pub api_token_file: PathBuf,
    /// From `hq-server enrol`.
    pub device_file: PathBuf,
    /// HQ's broker.
    pub hq_mqtt: String,
    /// Which station it is.
    pub station: AgentStation,
}

/// The station as its agent knows it.
#[derive(Debug, Serialize)]
pub struct AgentStation {
    /// `ST0001`.
    pub code: String,
    /// On screens.
    pub name: String,
    /// Where tankers go.
    pub address: String,
    /// IANA name.
    pub time_zone: String,
    /// When a business day starts by itself.
    pub day_start: String,
}

/// `pos-desktop --config`.
#[derive(Debug, Serialize)]
pub struct Till {
    /// Where its database is.
    pub data_dir: PathBuf,
    /// From `station-agent enrol`.
    pub device_file: PathBuf,
    /// The station agent.
    pub agent_url: String,
    /// `ko` or `en`.
    pub language: String,
    /// The paths of existing integrations.
    pub local_api: LocalApi,
}

/// The till's loopback listener.
#[derive(Debug, Serialize)]
pub struct LocalApi {
    /// Where it listens.
    pub addr: String,
    /// One line.
    pub token_file: PathBuf,
}

/// `back-office --config`.
#[derive(Debug, Serialize)]
pub struct BackOffice {
    /// The station agent.
    pub agent_url: String,
    /// The agent's token.
    pub token_file: PathBuf,
    /// `ko` or `en`.
    pub language: String,
    /// `light` or `dark`.
    pub theme: String,
}
