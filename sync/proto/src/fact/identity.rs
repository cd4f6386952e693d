//! Facts about who belongs: certificates issued and devices revoked.

use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, StationCode, TerminalNo};
use crate::origin::Role;

/// Why a certificate was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IssuedFor {
    /// A one-time code was used: a new generation of the device begins.
    Enrolment,
    /// The device renewed what it had.
    Renewal,
}

/// 기기 등록: a device got a certificate, from HQ or from its station's agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateIssued {
    /// Which device.
    pub device: DeviceId,
    /// Where it belongs.
    pub station: StationCode,
    /// What it is.
    pub role: Role,
    /// Its number, if it is a till.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<TerminalNo>,
    /// How often it was enrolled, from 1.
    pub generation: u32,
    /// Serial number of the certificate, hexadecimal.
    pub serial: String,
    /// When the certificate ends, milliseconds since 1970 UTC.
    pub ends_at_ms: i64,
    /// Why it was issued.
    pub why: IssuedFor,
}

/// 기기 폐기: what a device has of this generation and of earlier ones opens nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRevoked {
    /// Which device.
    pub device: DeviceId,
    /// Where it belonged.
    pub station: StationCode,
    /// The generation that ends; enrolling again begins a later one.
    pub generation: u32,
    /// The reason as people gave it.
    pub why: String,
}

/// What was done although entries were pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PendingAct {
    /// The device was revoked.
    Revoke,
    /// The device left by itself.
    Leave,
}

/// Somebody went on although entries of a device had not reached head office (R17).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingOverridden {
    /// Whose entries.
    pub device: DeviceId,
    /// Where it belonged.
    pub station: StationCode,
    /// What was done.
    pub act: PendingAct,
    /// How many were known to be pending; a device that is silent may hold more.
    pub pending: u64,
    /// What asked for it: `console`, `back office` or `command`. Never a person's name (R39).
    pub by: String,
    /// The reason as people gave it.
    pub why: String,
}
