//! Pages of lists: `limit` and `after`, newest last.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// Items of a list when no `limit` is given.
pub const LIMIT_DEFAULT: u32 = 1_000;

/// Items of a list at most; a longer one is read in pages.
pub const LIMIT_MAX: u32 = 10_000;

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Items at most.
    pub limit: u32,
    /// Id of the item before the first; without it the newest items are meant.
    pub after: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: LIMIT_DEFAULT, after: None }
    }
}

/// Reads a page of `select`, whose rows stand in the order of `alias.rowid`.
///
/// With `after` the page starts behind that item (found by `rowid_of`) and goes on to newer ones; an item
/// that is not there gives an empty page. Without it the page is the newest `limit` items. Newest last.
pub fn newest_last<T>(
    connection: &Connection,
    select: &str,
    alias: &str,
    rowid_of: &str,
    page: &Page,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let Some(after) = &page.after else {
        let sql = format!("{select} ORDER BY {alias}.rowid DESC LIMIT $1");
        let mut items: Vec<T> =
            connection.prepare_cached(&sql)?.query_map([page.limit], read)?.collect::<Result<_, _>>()?;
        items.reverse();
        return Ok(items);
    };
    let place: Option<i64> =
        connection.prepare_cached(rowid_of)?.query_row([after], |row| row.get(0)).optional()?;
    let Some(place) = place else { return Ok(Vec::new()) };
    let sql = format!("{select} WHERE {alias}.rowid > $1 ORDER BY {alias}.rowid LIMIT $2");
    connection.prepare_cached(&sql)?.query_map(params![place, page.limit], read)?.collect()
}
