//! Requests that may be repeated: the key is stored in the same commit as what the request did.

use rusqlite::{Connection, params};
use sync_proto::rows::RowChange;

use super::LedgerError;
use crate::store::{AgentNode, IdempotencyRow, put};

/// Longest key; a UUID has 36 characters.
pub const KEY_LEN_MAX: usize = 200;

/// A key is kept this long: nobody repeats a request after a week.
const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Old keys dropped with each new one: more than one, so that they never pile up.
const DROPPED_MAX: i64 = 4;

/// The caller's name for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Checks the key.
    ///
    /// # Errors
    /// It is empty, longer than [`KEY_LEN_MAX`], not printable ASCII, or a card number.
    pub fn new(text: &str) -> Result<Self, LedgerError> {
        if text.is_empty() || text.len() > KEY_LEN_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(LedgerError::BadIdempotencyKey);
        }
        if sync_proto::card::holds_card(text) {
            return Err(LedgerError::CardNumber);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Id of what the same request made before. `request` says what is asked, without personal data (R39).
pub(super) fn outcome(
    node: &mut AgentNode,
    key: Option<&IdempotencyKey>,
    request: &str,
) -> Result<Option<String>, LedgerError> {
    let Some(key) = key else { return Ok(None) };
    match node.get::<IdempotencyRow>(&IdempotencyRow::key(key.0.as_str()))? {
        None => Ok(None),
        Some(row) if row.request == request => Ok(Some(row.outcome)),
        Some(_) => Err(LedgerError::IdempotencyKeyReused),
    }
}

/// The rows that remember it, to be written in the request's own commit.
pub(super) fn rows(
    node: &mut AgentNode,
    key: Option<&IdempotencyKey>,
    request: &str,
    outcome: &str,
    at_ms: i64,
) -> Result<Vec<RowChange>, LedgerError> {
    let Some(key) = key else { return Ok(Vec::new()) };
    let mut rows = vec![put(IdempotencyRow {
        idempotency_key: key.0.clone(),
        request: request.to_owned(),
        outcome: outcome.to_owned(),
        at_ms,
    })];
    for old in older_than(node.store().connection(), at_ms.saturating_sub(KEPT_MS))? {
        rows.push(RowChange { key: IdempotencyRow::key(old), cells: None });
    }
    Ok(rows)
}

fn older_than(connection: &Connection, before_ms: i64) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT idempotency_key FROM idempotency_keys WHERE at_ms < $1 ORDER BY at_ms LIMIT $2",
        )?
        .query_map(params![before_ms, DROPPED_MAX], |row| row.get(0))?
        .collect()
}
