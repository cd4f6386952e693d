//! Cells as columns of a whole batch, and text that PostgreSQL can hold.

use std::borrow::Cow;

use sync::StoreError;
use sync_proto::rows::Value;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

/// Stands before a character that PostgreSQL's text cannot hold, and before itself.
const ESCAPE: char = '\u{10}';

/// One column of a batch, as the array that `unnest` takes apart.
#[derive(Debug)]
pub(super) enum Column<'a> {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<Cow<'a, str>>>),
    Blob(Vec<Option<&'a [u8]>>),
}

impl<'a> Column<'a> {
    /// An empty column of a type; the name is for the error.
    pub(super) fn of(kind: &Type, table: &str) -> Result<Self, StoreError> {
        match *kind {
            Type::INT8 => Ok(Self::Int(Vec::new())),
            Type::TEXT => Ok(Self::Text(Vec::new())),
            Type::BYTEA => Ok(Self::Blob(Vec::new())),
            _ => Err(StoreError::Damaged(format!("table {table} has a column of type {kind}"))),
        }
    }

    pub(super) fn push(&mut self, value: &'a Value, table: &str) -> Result<(), StoreError> {
        match (self, value) {
            (Self::Int(cells), Value::Null) => cells.push(None),
            (Self::Text(cells), Value::Null) => cells.push(None),
            (Self::Blob(cells), Value::Null) => cells.push(None),
            (Self::Int(cells), Value::Int(n)) => cells.push(Some(*n)),
            (Self::Text(cells), Value::Text(text)) => cells.push(Some(escape(text))),
            (Self::Blob(cells), Value::Blob(bytes)) => cells.push(Some(bytes)),
            _ => {
                return Err(StoreError::Damaged(format!("a cell for table {table} is of another type")));
            }
        }
        Ok(())
    }

    pub(super) fn as_parameter(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Int(cells) => cells,
            Self::Text(cells) => cells,
            Self::Blob(cells) => cells,
        }
    }
}

/// The array type of a column, for a cast.
pub(super) const fn array_of(column: &Column<'_>) -> &'static str {
    match column {
        Column::Int(_) => "bigint[]",
        Column::Text(_) => "text[]",
        Column::Blob(_) => "bytea[]",
    }
}

/// Reads the cell at `place`.
pub(super) fn cell(row: &Row, place: usize, kind: &Type) -> Result<Value, StoreError> {
    let value = match *kind {
        Type::INT8 => get::<Option<i64>>(row, place)?.map(Value::Int),
        Type::TEXT => get::<Option<&str>>(row, place)?.map(|text| Value::Text(unescape(text))),
        Type::BYTEA => get::<Option<Vec<u8>>>(row, place)?.map(Value::Blob),
        _ => return Err(StoreError::Damaged(format!("a cell has the type {kind}"))),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// A column of a row.
pub(super) fn get<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a Row,
    place: usize,
) -> Result<T, StoreError> {
    row.try_get(place).map_err(|why| StoreError::Damaged(why.to_string()))
}

/// Text as it is stored. A NUL is the one character that PostgreSQL refuses; it would stop a whole batch for
/// one entry with a strange name in it.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len().saturating_add(8));
    for c in text.chars() {
        match c {
            '\0' => escaped.extend([ESCAPE, '0']),
            ESCAPE => escaped.extend([ESCAPE, ESCAPE]),
            _ => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// Text as it was given to [`escape`].
pub(super) fn unescape(text: &str) -> String {
    if !text.contains(ESCAPE) {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (c, if c == ESCAPE { rest.next() } else { None }) {
            (ESCAPE, Some('0')) => plain.push('\0'),
            (ESCAPE, Some(other)) => plain.push(other),
            _ => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_postgresql_cannot_hold_reads_back_as_it_was() {
        for text in ["", "경유", "a\0b", "\u{10}", "\u{10}0", "\0\u{10}\0", "0\u{10}"] {
            assert!(!escape(text).contains('\0'));
            assert_eq!(unescape(&escape(text)), text);
        }
    }
}
