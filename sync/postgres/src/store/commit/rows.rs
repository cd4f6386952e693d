//! Rows of projections, table by table.

use std::collections::{BTreeMap, HashMap};

use sync::StoreError;
use sync_proto::rows::{RowChange, RowKey, TableRef, TableSpec, Value};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::super::column::{Column, array_of};
use super::super::session::Session;

/// Keys of one table, in the order of the question.
#[derive(Debug)]
pub(in crate::store) struct Keys<'a>(Vec<&'a RowKey>);

impl<'a> FromIterator<&'a RowKey> for Keys<'a> {
    fn from_iter<I: IntoIterator<Item = &'a RowKey>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl Keys<'_> {
    /// The rows that there are: place in the question from 1, then the cells.
    pub(in crate::store) fn select(
        &self,
        session: &mut Session,
        table: &TableSpec,
        shape: &[Type],
    ) -> Result<Vec<Row>, StoreError> {
        let columns = columns(table, table.key, shape, self.0.iter().map(|key| key.key.iter()))?;
        let cells: String = table.cells.iter().map(|cell| format!(", t.{cell}")).collect();
        let sql = format!(
            "SELECT k.n{cells} FROM unnest({}) WITH ORDINALITY AS k ({}, n) JOIN {} t ON {}",
            arrays(&columns),
            table.key.join(", "),
            table.name,
            joined(table),
        );
        session.query(&sql, &parameters(&columns))
    }
}

/// Things grouped by their table, each group in the order it came.
pub(in crate::store) fn by_table<'a, T>(
    keyed: impl Iterator<Item = (&'a RowKey, T)>,
) -> BTreeMap<TableRef, Vec<(&'a RowKey, T)>> {
    let mut groups: BTreeMap<TableRef, Vec<(&RowKey, T)>> = BTreeMap::new();
    for (key, thing) in keyed {
        groups.entry(key.table).or_default().push((key, thing));
    }
    groups
}

/// Writes and removes rows; new ones get their place in a list in the order they came.
pub(super) fn write(session: &mut Session, changes: &[RowChange]) -> Result<(), StoreError> {
    for (table, group) in by_table(changes.iter().map(|change| (&change.key, change.cells.as_deref()))) {
        let shape = session.shape(table.0)?;
        let (mut put, mut gone) = (Vec::new(), Vec::new());
        for (key, cells) in last_of_each(group) {
            match cells {
                Some(cells) => put.push(key.key.iter().chain(cells)),
                None => gone.push(key.key.iter()),
            }
        }
        delete(session, table.0, &shape, gone)?;
        upsert(session, table.0, &shape, put)?;
    }
    Ok(())
}

/// A statement may touch a row only once: the last change of a key counts, at the place of the first.
fn last_of_each<'a>(
    group: Vec<(&'a RowKey, Option<&'a [Value]>)>,
) -> impl Iterator<Item = (&'a RowKey, Option<&'a [Value]>)> {
    let mut places: HashMap<&[Value], usize> = HashMap::with_capacity(group.len());
    let mut kept: Vec<(&RowKey, Option<&[Value]>)> = Vec::with_capacity(group.len());
    for (key, cells) in group {
        match places.get(key.key.as_slice()).and_then(|place| kept.get_mut(*place)) {
            Some(slot) => slot.1 = cells,
            None => {
                places.insert(&key.key, kept.len());
                kept.push((key, cells));
            }
        }
    }
    kept.into_iter()
}

fn upsert<'a>(
    session: &mut Session,
    table: &TableSpec,
    shape: &[Type],
    rows: Vec<impl Iterator<Item = &'a Value>>,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = table.key.iter().chain(table.cells).copied().collect();
    let columns = columns(table, &names, shape, rows.into_iter())?;
    let update = if table.cells.is_empty() {
        "NOTHING".to_owned()
    } else {
        let cells: Vec<String> = table.cells.iter().map(|cell| format!("{cell} = excluded.{cell}")).collect();
        format!("UPDATE SET {}", cells.join(", "))
    };
    let names = names.join(", ");
    let sql = format!(
        "INSERT INTO {} ({names}) SELECT {names} FROM unnest({}) WITH ORDINALITY AS new ({names}, n) \
         ORDER BY n ON CONFLICT ({}) DO {update}",
        table.name,
        arrays(&columns),
        table.key.join(", "),
    );
    session.execute(&sql, &parameters(&columns))?;
    Ok(())
}

fn delete<'a>(
    session: &mut Session,
    table: &TableSpec,
    shape: &[Type],
    keys: Vec<impl Iterator<Item = &'a Value>>,
) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let columns = columns(table, table.key, shape, keys.into_iter())?;
    let sql = format!(
        "DELETE FROM {} t USING unnest({}) AS k ({}) WHERE {}",
        table.name,
        arrays(&columns),
        table.key.join(", "),
        joined(table),
    );
    session.execute(&sql, &parameters(&columns))?;
    Ok(())
}

/// The cells of `rows` turned to columns.
fn columns<'a>(
    table: &TableSpec,
    names: &[&str],
    shape: &[Type],
    rows: impl Iterator<Item = impl Iterator<Item = &'a Value>>,
) -> Result<Vec<Column<'a>>, StoreError> {
    let mut columns: Vec<Column<'a>> =
        shape.iter().take(names.len()).map(|kind| Column::of(kind, table.name)).collect::<Result<_, _>>()?;
    for mut row in rows {
        for column in &mut columns {
            let value = row.next().unwrap_or(&Value::Null);
            column.push(value, table.name)?;
        }
    }
    Ok(columns)
}

fn arrays(columns: &[Column<'_>]) -> String {
    let places: Vec<String> =
        (1..).zip(columns).map(|(n, column)| format!("${n}::{}", array_of(column))).collect();
    places.join(", ")
}

fn parameters<'a>(columns: &'a [Column<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    columns.iter().map(Column::as_parameter).collect()
}

fn joined(table: &TableSpec) -> String {
    let pairs: Vec<String> = table.key.iter().map(|column| format!("t.{column} = k.{column}")).collect();
    pairs.join(" AND ")
}
