//! Numbers of the ids that head office mints: `OR-K7Q2M-000001`.

use sync::NodeError;
use sync_proto::rows::RowChange;

use crate::rows::put;
use crate::store::Hq;

sync_proto::table! {
    /// The last number given out of one kind.
    pub struct Counter in "counters" { name: String } { value: i64 }
}

/// A number that becomes used when `row` is committed with what it names.
#[derive(Debug)]
pub struct Minted {
    /// `PREFIX-SERIES-COUNTER`: the series keeps two lives of one database apart (R6).
    pub id: String,
    /// The counter's row from now on.
    pub row: RowChange,
}

/// Mints the next id of a kind, `OR` for orders, `SH` for shipments.
pub fn mint(node: &mut Hq, prefix: &str) -> Result<Minted, NodeError> {
    let before = node.get::<Counter>(&Counter::key(prefix))?;
    let value = before.map_or(0, |row| row.value).saturating_add(1);
    let series = node.own_stream().incarnation.series();
    let change = put(Counter { name: prefix.to_owned(), value });
    Ok(Minted { id: format!("{prefix}-{series}-{value:06}"), row: change })
}
