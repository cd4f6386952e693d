//! A part of a list, newest last.

use super::LedgerError;

/// Rows of a list that names no limit.
pub const PAGE_LEN_DEFAULT: u32 = 1_000;

/// Most rows in one answer: 10,000 rows of 300 bytes are 3 MB.
pub const PAGE_LEN_MAX: u32 = 10_000;

/// Without `after` the newest `limit` rows, with it the `limit` rows that follow; always oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// 1 to [`PAGE_LEN_MAX`].
    pub limit: u32,
    /// Id of the row before the first one wanted.
    pub after: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: PAGE_LEN_DEFAULT, after: None }
    }
}

impl Page {
    /// Runs `list` with a place in the list's order: (rows after this place, or all of them when `None`).
    /// `place` finds the place of an id. Rows come newest first when there is no `after`, and are turned here.
    pub(super) fn read<T>(
        &self,
        place: impl FnOnce(&str) -> rusqlite::Result<Option<i64>>,
        list: impl FnOnce(Option<i64>, u32) -> rusqlite::Result<Vec<T>>,
    ) -> Result<Vec<T>, LedgerError> {
        let Some(after) = &self.after else {
            let mut rows = list(None, self.limit)?;
            rows.reverse();
            return Ok(rows);
        };
        let at = place(after)?.ok_or_else(|| LedgerError::UnknownPlace(super::shown(after)))?;
        Ok(list(Some(at), self.limit)?)
    }

    /// The part of a list that is short enough to be read whole (products, accounts), oldest first.
    pub(super) fn cut<T>(&self, mut rows: Vec<T>, id: impl Fn(&T) -> &str) -> Result<Vec<T>, LedgerError> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let Some(after) = &self.after else {
            return Ok(rows.split_off(rows.len().saturating_sub(limit)));
        };
        let at = rows
            .iter()
            .position(|row| id(row) == after)
            .ok_or_else(|| LedgerError::UnknownPlace(super::shown(after)))?;
        let mut rest = rows.split_off(at.saturating_add(1));
        rest.truncate(limit);
        Ok(rest)
    }
}
