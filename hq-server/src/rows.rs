//! Rows of head office's own as changes of a commit.

use sync_proto::rows::{RowChange, RowKey, Table};

/// The row as it is from now on.
pub fn put<T: Table>(row: T) -> RowChange {
    RowChange { key: row.row_key(), cells: Some(row.into_cells()) }
}

/// The row goes away.
pub const fn remove(key: RowKey) -> RowChange {
    RowChange { key, cells: None }
}
