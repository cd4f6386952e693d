//! What is said while a device enrols or renews: JSON over TLS.

use serde::{Deserialize, Serialize};
use sync_proto::{DeviceId, StationCode};

/// `POST`, without a certificate.
pub const ENROL_PATH: &str = "/link/enrol";
/// `POST`, with a certificate that holds or ended not long ago.
pub const RENEW_PATH: &str = "/link/renew";
/// Longest body of both, requests and answers: two requests or five certificates.
pub const BODY_LEN_MAX: usize = 32 * 1024;

/// A device asks to belong.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Enrol {
    /// The code's name.
    pub code_id: String,
    /// The code's secret.
    pub secret: String,
    /// The device id of an existing database; a new device gets one.
    pub device: Option<DeviceId>,
    /// Certificate request, PEM.
    pub request: String,
    /// An agent's request for its station's authority, PEM.
    pub authority_request: Option<String>,
}

impl std::fmt::Debug for Enrol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrol").field("code_id", &self.code_id).finish_non_exhaustive()
    }
}

/// A device asks for its next certificate; who it is follows from the one it shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Renew {
    /// Certificate request, PEM.
    pub request: String,
    /// An agent's request for its station's next authority, PEM.
    pub authority_request: Option<String>,
}

/// What a device gets. All certificates are PEM.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Issued {
    /// Its certificate, and what is between it and the root.
    pub chain: Vec<String>,
    /// The head office authority.
    pub head_office: String,
    /// The stations authority.
    pub stations: String,
    /// The station's own authority, for an agent.
    pub authority: Option<String>,
    /// Where the device belongs.
    pub station: Place,
}

/// A station, as the issuer knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Its code.
    pub code: StationCode,
    /// Its name; empty when the issuer has not heard it.
    pub name: String,
}
