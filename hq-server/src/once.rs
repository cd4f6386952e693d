//! Requests that are done once however often they are sent: `Idempotency-Key`.
//!
//! The answer's row goes into the same commit as the facts, so a crash between them cannot happen.

use sync::NodeError;
use sync::node::Beside;
use sync_proto::rows::RowChange;

use crate::refusal::Refusal;
use crate::rows::{put, remove};
use crate::store::Hq;

/// Longest key taken.
pub const KEY_LEN_MAX: usize = 200;

/// A key is remembered this long; an integration that retries later than a week has other troubles.
const KEPT_MS: i64 = 7 * 24 * 3_600_000;

/// Old keys forgotten with each new one: more than come in, so that the table does not grow for ever.
const FORGET_MAX: u32 = 4;

sync_proto::table! {
    /// What a key was used for and the subject of its answer: an order's id, a version.
    pub struct IdempotencyKeyRow in "idempotency_keys" { key: String } {
        fingerprint: Vec<u8>,
        subject: String,
        at_ms: i64,
    }
}

/// A request that may carry a key.
#[derive(Debug, Clone, Default)]
pub struct Once(Option<Keyed>);

#[derive(Debug, Clone)]
struct Keyed {
    key: String,
    fingerprint: [u8; 32],
}

impl Once {
    /// `fingerprint` is a digest of method, path and parameters: the same key for another request is refused.
    pub const fn keyed(key: String, fingerprint: [u8; 32]) -> Self {
        Self(Some(Keyed { key, fingerprint }))
    }

    /// Subject of the answer given before under this key, if there was one.
    pub fn answered(&self, node: &mut Hq) -> Result<Option<String>, Refusal> {
        let Some(keyed) = &self.0 else { return Ok(None) };
        match node.get::<IdempotencyKeyRow>(&IdempotencyKeyRow::key(keyed.key.as_str()))? {
            None => Ok(None),
            Some(row) if row.fingerprint == keyed.fingerprint => Ok(Some(row.subject)),
            Some(_) => Err(Refusal::IdempotencyKeyReused),
        }
    }

    /// What to commit beside the facts, so that the answer is remembered.
    pub fn beside(&self, node: &mut Hq, subject: &str, at_ms: i64) -> Result<Beside, Refusal> {
        let Some(keyed) = &self.0 else { return Ok(Beside::default()) };
        let mut rows = forgotten(node, at_ms)?;
        rows.push(put(IdempotencyKeyRow {
            key: keyed.key.clone(),
            fingerprint: keyed.fingerprint.to_vec(),
            subject: subject.to_owned(),
            at_ms,
        }));
        Ok(Beside { rows, cursors: Vec::new() })
    }
}

fn forgotten(node: &mut Hq, at_ms: i64) -> Result<Vec<RowChange>, NodeError> {
    let connection = node.store().connection();
    let keys = || -> rusqlite::Result<Vec<String>> {
        connection
            .prepare_cached("SELECT key FROM idempotency_keys WHERE at_ms < $1 ORDER BY at_ms LIMIT $2")?
            .query_map((at_ms.saturating_sub(KEPT_MS), FORGET_MAX), |row| row.get(0))?
            .collect()
    };
    let keys = keys().map_err(sync::StoreError::from)?;
    Ok(keys.into_iter().map(|key| remove(IdempotencyKeyRow::key(key))).collect())
}
