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
    /// Whether that may be another interface than loopback.
    pub http_behind_tls_proxy: bool,
    /// The embedded broker, over TLS.
    pub mqtt_addr: String,
    /// Where devices enrol and renew, over TLS.
    pub link_addr: String,
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
    /// How long certificates hold, if not the usual times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates: Option<Certificates>,
}

/// How long certificates hold, as `2160h` or `20s`.
#[derive(Clone, Debug, Serialize)]
pub struct Certificates {
    /// A device's.
    pub device: String,
    /// A station's authority.
    pub authority: String,
    /// After its end a certificate may be renewed for this long.
    pub grace: String,
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
    /// The paths of integrations, on this machine alone.
    pub http_addr: String,
    /// Tills and back offices, over TLS.
    pub lan_addr: String,
    /// One line.
    pub api_token_file: PathBuf,
    /// HQ's broker.
    pub hq_mqtt: String,
    /// Where it enrols and renews at HQ.
    pub hq_link: String,
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
    /// The station agent, over TLS.
    pub agent_url: String,
    /// Head office, for while the agent is away.
    pub hq_url: String,
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
    /// Its key and certificates.
    pub identity_file: PathBuf,
    /// The station agent, over TLS.
    pub agent_url: String,
    /// The agent on this machine, for setting it up.
    pub local_url: String,
    /// The agent's token.
    pub token_file: PathBuf,
    /// `ko` or `en`.
    pub language: String,
    /// `light` or `dark`.
    pub theme: String,
}
