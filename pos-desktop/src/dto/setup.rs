//! What the setup view is told.

use serde::Serialize;
use ts_rs::TS;

/// Whether the till belongs, and where it asks.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SetupState {
    /// It has an identity.
    pub enrolled: bool,
    /// The agent it asks.
    pub agent_url: String,
    /// `ko` or `en`.
    #[ts(type = "string")]
    pub language: &'static str,
    /// Why the till that is enrolled did not start.
    pub trouble: Option<StartTrouble>,
}

/// Why a till did not start.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StartTrouble {
    /// The code that the screen has words for.
    pub code: String,
    /// What the program says, for whoever helps.
    pub detail: String,
}

/// What the till is from now on.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Enrolled {
    /// Its station.
    pub station_code: String,
    /// The station's name.
    pub station_name: String,
    /// Its number.
    pub terminal: u16,
}
