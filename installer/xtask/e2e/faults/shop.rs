//! What stands in a drill's database, read without the product's code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::invariants::{Database, journals_are_whole, nothing_stepped_aside, tenders_add_up};

/// A till's sales and what belongs to them.
#[derive(Debug, PartialEq, Eq)]
pub struct Shop {
    /// Every sale.
    pub sales: BTreeSet<String>,
    /// Those taken back.
    pub cancelled: BTreeSet<String>,
    /// Journals that the device itself began.
    pub lives: i64,
    /// Entries of its own.
    pub recorded: i64,
    /// Entries of others.
    pub received: i64,
}

/// Reads it and checks what always holds: the file is sound, chains verify, each sale and each cancellation stands once in the journal and once in
/// the books, and receipts have no gap.
pub fn open(folder: &Path) -> (Database, Shop) {
    let database = Database::open("drill", folder);
    let text = |sql: &str| -> String { database.connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    journals_are_whole(&database);
    nothing_stepped_aside(&database);
    let sales = names(&database, "SELECT sale_id FROM sales");
    let cancelled = names(&database, "SELECT sale_id FROM sales WHERE cancelled_at_ms IS NOT NULL");
    let journal = journal(&database);
    let standing = |kind: &str| journal.get(kind).cloned().unwrap_or_default();
    assert_eq!(standing("Sold"), sales.iter().cloned().collect::<Vec<_>>(), "books and journal differ");
    assert_eq!(
        standing("SaleCancelled"),
        cancelled.iter().cloned().collect::<Vec<_>>(),
        "so do cancellations"
    );
    let unequal = "SELECT count(*) FROM sales s WHERE s.total <> \
                   (SELECT coalesce(sum(t.amount), 0) FROM sale_tenders t WHERE t.sale_id = s.sale_id)";
    assert_eq!(database.number(unequal), 0, "tenders that do not add up");
    receipts_have_no_gaps(&sales);
    let held = |own: u8| {
        database.number(&format!("SELECT coalesce(sum(head_seq), 0) FROM streams WHERE own = {own}"))
    };
    let (recorded, received) = (held(1), held(0));
    let lives = database.number("SELECT count(*) FROM streams WHERE own = 1");
    (database, Shop { sales, cancelled, lives, recorded, received })
}

/// The same for an agent or head office, whose days add up besides.
pub fn open_books(folder: &Path) -> (Database, Shop) {
    let (database, shop) = open(folder);
    tenders_add_up(&database);
    (database, shop)
}

impl Shop {
    /// I1: whatever was said is there, and at most one more, which was on its way when the end came.
    pub fn holds(&self, said: &[String], on_its_way_max: usize) {
        for sale in said {
            assert!(self.sales.contains(sale), "{sale} was shown as done and is lost");
        }
        assert!(
            self.sales.len() <= said.len() + on_its_way_max,
            "there are sales that nobody made: {:?}, said: {said:?}",
            self.sales
        );
    }
}

fn names(database: &Database, sql: &str) -> BTreeSet<String> {
    database
        .connection
        .prepare(sql)
        .and_then(|mut rows| rows.query_map([], |row| row.get(0))?.collect())
        .unwrap()
}

/// The sales that the journal names, sorted, by kind of entry.
fn journal(database: &Database) -> BTreeMap<String, Vec<String>> {
    let mut statement = database.connection.prepare("SELECT bytes FROM entries").unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut journal: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while let Some(row) = rows.next().unwrap() {
        let entry: Value = serde_json::from_slice(&row.get::<_, Vec<u8>>(0).unwrap()).unwrap();
        if let Some(sale) = entry["d"]["sale"].as_str() {
            journal.entry(entry["t"].as_str().unwrap().to_owned()).or_default().push(sale.to_owned());
        }
    }
    journal.values_mut().for_each(|sales| sales.sort());
    journal
}

fn receipts_have_no_gaps(sales: &BTreeSet<String>) {
    let mut series: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for sale in sales {
        let (name, counter) = sale.rsplit_once('-').unwrap();
        series.entry(name).or_default().push(counter.parse().unwrap());
    }
    for (name, mut counters) in series {
        counters.sort_unstable();
        assert_eq!(counters, (1..).take(counters.len()).collect::<Vec<u64>>(), "{name} has gaps");
    }
}
