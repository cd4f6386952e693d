//! Requests that may be repeated: the key is stored in the same commit as what the request did.

use rusqlite::{Connection, params};
use sync_proto::SaleId;
use sync_proto::card::holds_card;
use sync_proto::rows::RowChange;

use crate::cart::put;
use crate::day::Moment;
use crate::error::TillError;
use crate::store::TillNode;
use crate::tables::IdempotencyRow;

/// Longest key; a UUID has 36 characters.
pub const KEY_LEN_MAX: usize = 200;

/// A key is kept this long: nobody repeats a request after a week.
const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Old keys dropped with each new one: more than one, so that they never pile up.
const DROPPED_MAX: i64 = 4;

/// A request with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    key: String,
    /// What was asked, to tell a repeat from another request under the same key.
    text: String,
}

impl Request {
    /// Checks the key.
    ///
    /// # Errors
    /// It is empty, longer than [`KEY_LEN_MAX`], or a card number.
    pub fn new(key: &str, text: String) -> Result<Self, TillError> {
        if key.is_empty() || key.len() > KEY_LEN_MAX {
            return Err(TillError::BadRequest(format!(
                "an Idempotency-Key has 1 to {KEY_LEN_MAX} characters; use a UUID"
            )));
        }
        if holds_card(key) {
            return Err(TillError::CardNumberRefused);
        }
        Ok(Self { key: key.to_owned(), text })
    }

    /// The sale that this request made or cancelled before.
    ///
    /// # Errors
    /// The key was used for another request.
    pub(crate) fn done(&self, node: &mut TillNode) -> Result<Option<SaleId>, TillError> {
        match node.get::<IdempotencyRow>(&IdempotencyRow::key(self.key.as_str()))? {
            None => Ok(None),
            Some(row) if row.request == self.text => {
                SaleId::new(row.sale_id).map(Some).map_err(TillError::storage)
            }
            Some(_) => Err(TillError::IdempotencyKeyReused),
        }
    }

    /// The rows that remember it.
    pub(crate) fn rows(
        &self,
        node: &mut TillNode,
        sale: &SaleId,
        now: &Moment,
    ) -> Result<Vec<RowChange>, TillError> {
        let at_ms = now.stamp.wall_ms;
        let mut rows = vec![put(IdempotencyRow {
            idempotency_key: self.key.clone(),
            request: self.text.clone(),
            sale_id: sale.to_string(),
            at_ms,
        })];
        for old in older_than(node.store().connection(), at_ms.saturating_sub(KEPT_MS))? {
            rows.push(RowChange { key: IdempotencyRow::key(old), cells: None });
        }
        Ok(rows)
    }
}

fn older_than(connection: &Connection, before_ms: i64) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT idempotency_key FROM idempotency_keys WHERE at_ms < $1 ORDER BY at_ms LIMIT $2",
        )?
        .query_map(params![before_ms, DROPPED_MAX], |row| row.get(0))?
        .collect()
}
