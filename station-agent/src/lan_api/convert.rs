//! Rows of the ledger as the LAN API writes them.

use axum::http::HeaderMap;
use station_api::{Kind, Unit};

use crate::http::Refusal;
use crate::ledger::IdempotencyKey;

/// Checked by the database: a unit is `L` or `ea`.
pub(super) fn unit(text: &str) -> Unit {
    if text == "L" { Unit::Litre } else { Unit::Piece }
}

/// Checked by the database: a kind is `fuel` or `goods`.
pub(super) fn kind(text: &str) -> Kind {
    if text == "fuel" { Kind::Fuel } else { Kind::Goods }
}

/// A count, which is never below zero but after a defect.
pub(super) fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

pub(super) fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Refusal> {
    crate::http::idempotency_key(headers)
}
