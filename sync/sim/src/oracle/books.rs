//! I5 and I6: what the books say against what the entries add up to.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use sync::store::memory::MemoryStore;
use sync_proto::rows::Value;

use super::{Facts, Said, text};

type Books = BTreeMap<(String, String), i64>;

/// The schema version whose facts are in the books.
const KNOWN_VERSION: u64 = 1;

/// I5 and I6: stock, summary and tenders are what the entries at HQ add up to.
pub(super) fn agree(disk: &MemoryStore, facts: &Facts<'_>, who: &str) -> Vec<String> {
    let mut stock: Books = BTreeMap::new();
    let mut sold: Books = BTreeMap::new();
    let mut money: Books = BTreeMap::new();
    for (of, Said { kind, version, data }) in &facts.0 {
        if *version != KNOWN_VERSION {
            continue;
        }
        let sign = match kind.as_str() {
            "Sold" => 1,
            "SaleCancelled" => -1,
            "StockMoved" => {
                *stock.entry(((*of).to_owned(), text(data, "product"))).or_default() +=
                    milli(data.get("quantity"));
                continue;
            }
            "Received" => {
                *stock.entry(((*of).to_owned(), text(data, "product"))).or_default() +=
                    milli(data.get("measured"));
                continue;
            }
            _ => continue,
        };
        for line in array(data, "lines") {
            let key = ((*of).to_owned(), text(line, "p"));
            *stock.entry(key.clone()).or_default() -= sign * milli(line.get("q"));
            *sold.entry(key).or_default() += sign * int(line, "a");
        }
        for tender in array(data, "tenders") {
            for (kind, body) in tender.as_object().into_iter().flatten() {
                *money.entry(((*of).to_owned(), kind.clone())).or_default() += sign * int(body, "amount");
            }
        }
    }
    let mut wrong = Vec::new();
    let mut compare = |what: &str, expected: Books, found: Books| {
        let live = |books: Books| books.into_iter().filter(|(_, n)| *n != 0).collect::<Books>();
        let (expected, found) = (live(expected), live(found));
        if expected != found {
            wrong.push(format!(
                "{what} at {who}: the entries add up to {expected:?}, the books say {found:?}"
            ));
        }
    };
    compare("I6 stock", stock, sums(disk, "stock", 1, 0));
    compare("I5 sales", sold, sums(disk, "sales_summaries", 2, 1));
    let mut tenders = Books::new();
    for (kind, cell) in [("cash", 3), ("card", 4), ("account", 5)] {
        for ((of, _), amount) in sums(disk, "day_totals", 0, cell) {
            *tenders.entry((of, kind.to_owned())).or_default() += amount;
        }
    }
    compare("I5 tenders", money, tenders);
    wrong
}

/// Sums of one cell of a table by station and by key column `by`.
fn sums(disk: &MemoryStore, table: &str, by: usize, cell: usize) -> Books {
    let mut books = Books::new();
    for (key, cells) in disk.table(table) {
        let column = |at: usize| match key.key.get(at) {
            Some(Value::Text(text)) => text.clone(),
            other => format!("{other:?}"),
        };
        if let Some(Value::Int(n)) = cells.get(cell) {
            *books.entry((column(0), column(by))).or_default() += n;
        }
    }
    books
}

fn int(json: &Json, field: &str) -> i64 {
    json.get(field).and_then(Json::as_i64).unwrap_or_default()
}

fn array<'a>(json: &'a Json, field: &str) -> impl Iterator<Item = &'a Json> {
    json.get(field).and_then(Json::as_array).into_iter().flatten()
}

fn milli(quantity: Option<&Json>) -> i64 {
    let Some(quantity) = quantity else { return 0 };
    int(quantity, "ml") + int(quantity, "pc") * 1_000
}
