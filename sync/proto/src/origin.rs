//! Who wrote an entry, as the receiver knows it.

use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, StationCode, TerminalNo};

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A till.
    Terminal,
    /// A station's agent.
    Agent,
    /// Head office.
    Hq,
    /// A station's back office. It has no journal: it asks its agent.
    Office,
}

impl Role {
    /// The name used in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Agent => "agent",
            Self::Hq => "hq",
            Self::Office => "office",
        }
    }

    /// Reads the name back.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "terminal" => Some(Self::Terminal),
            "agent" => Some(Self::Agent),
            "hq" => Some(Self::Hq),
            "office" => Some(Self::Office),
            _ => None,
        }
    }
}

/// The place and device behind a stream of entries. For HQ's own stream the station is `HQ`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// Where the device stands.
    pub station: StationCode,
    /// Which device it is.
    pub device: DeviceId,
    /// What it is.
    pub role: Role,
    /// Its number, if it is a till.
    pub terminal: Option<TerminalNo>,
}
