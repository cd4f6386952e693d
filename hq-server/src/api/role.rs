//! Roles, settings, totals, problems.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::overview::Totals;

/// Whether a role runs.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(rename = "RoleState")]
pub struct RoleStateDto {
    #[ts(type = "\"order\" | \"logistics\"")]
    role: &'static str,
    #[ts(type = "\"running\" | \"stopped\"")]
    state: &'static str,
}

impl RoleStateDto {
    /// Of a role.
    pub const fn of(role: &'static str, running: bool) -> Self {
        Self { role, state: if running { "running" } else { "stopped" } }
    }
}

/// Settings of Logistics.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(rename = "LogisticsSettings")]
pub struct LogisticsSettingsDto {
    /// Whether planned shipments leave at once.
    pub auto_dispatch: bool,
}

/// What HQ holds, in numbers.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "Summary")]
pub struct SummaryDto {
    sales_count: i64,
    sales_amount: i64,
    cancelled_count: i64,
    quarantined: i64,
    aside_count: i64,
    aside_amount: i64,
    chain_version: i64,
    hq_incarnation: String,
}

impl SummaryDto {
    /// Totals under HQ's incarnation.
    pub const fn of(totals: &Totals, hq_incarnation: String) -> Self {
        Self {
            sales_count: totals.sales_count,
            sales_amount: totals.sales_amount,
            cancelled_count: totals.cancelled_count,
            quarantined: totals.aside.open,
            aside_count: totals.aside.counted,
            aside_amount: totals.aside.counted_amount,
            chain_version: totals.chain_version,
            hq_incarnation,
        }
    }
}

/// Why a request was not done: RFC 9457 with a stable code; `result` is false for the older integrations.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(rename = "Problem")]
pub struct ProblemDto {
    /// Always `about:blank`: the code says what it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: &'static str,
    /// What happened, why, what now.
    pub detail: String,
    /// Always false.
    pub result: bool,
}
