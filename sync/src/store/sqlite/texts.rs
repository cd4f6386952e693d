//! The statements of each table, put together once.

use std::collections::HashMap;

use sync_proto::rows::TableSpec;

/// Statements of every table used so far, by its name.
#[derive(Debug, Default)]
pub(super) struct Texts(HashMap<&'static str, TableTexts>);

/// A table's statements. Parameters are the key's columns, then the cells.
#[derive(Debug)]
pub(super) struct TableTexts {
    pub(super) select: String,
    pub(super) upsert: String,
    pub(super) delete: String,
}

impl Texts {
    pub(super) fn of(&mut self, table: &'static TableSpec) -> &TableTexts {
        self.0.entry(table.name).or_insert_with(|| TableTexts {
            select: select(table),
            upsert: upsert(table),
            delete: format!("DELETE FROM {} WHERE {}", table.name, key_is(table)),
        })
    }
}

fn key_is(table: &TableSpec) -> String {
    let wanted: Vec<String> = (1..).zip(table.key).map(|(n, column)| format!("{column} = ${n}")).collect();
    wanted.join(" AND ")
}

fn select(table: &TableSpec) -> String {
    let cells = if table.cells.is_empty() { "1".to_owned() } else { table.cells.join(", ") };
    format!("SELECT {cells} FROM {} WHERE {}", table.name, key_is(table))
}

fn upsert(table: &TableSpec) -> String {
    let columns: Vec<&str> = table.key.iter().chain(table.cells).copied().collect();
    let places: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let update = if table.cells.is_empty() {
        "NOTHING".to_owned()
    } else {
        let cells: Vec<String> = table.cells.iter().map(|cell| format!("{cell} = excluded.{cell}")).collect();
        format!("UPDATE SET {}", cells.join(", "))
    };
    format!(
        "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO {update}",
        table.name,
        columns.join(", "),
        places.join(", "),
        table.key.join(", ")
    )
}
