//! The judge. It reads disks as bytes and rows, parses entries as plain JSON and hashes them itself: it
//! shares no code with the engine, the chain or the projections that it judges.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use sync::Store as _;
use sync::store::memory::MemoryStore;
use sync_proto::rows::Value;
use sync_proto::{Role, StreamId};

use crate::station::{Process, UPSTREAM};
use crate::world::Shown;

type Books = BTreeMap<(String, String), i64>;

/// Every invariant that does not hold, in words.
pub fn judge(processes: &mut [Process], shown: &[Shown]) -> Vec<String> {
    let mut wrong = nothing_pending(processes);
    let disks: Vec<(Role, String, MemoryStore)> = processes
        .iter_mut()
        .filter_map(|process| {
            let (role, station) = (process.me.role, process.me.station.to_string());
            process.disk().map(|disk| (role, station, disk.durable.clone()))
        })
        .collect();
    let Some((_, _, hq)) = disks.iter().find(|(role, _, _)| *role == Role::Hq) else {
        return vec!["there is no HQ".to_owned()];
    };
    wrong.extend(every_shown_sale_is_at_hq_once(hq, shown));
    wrong.extend(hq_holds_only_what_devices_wrote(hq, &disks));
    for (role, station, disk) in &disks {
        wrong.extend(chains_verify(disk));
        match role {
            Role::Hq => wrong.extend(books_agree(disk, disk, None, "HQ")),
            Role::Agent => wrong.extend(books_agree(disk, hq, Some(station), "the agent")),
            Role::Terminal => wrong.extend(prices_agree(disk, hq)),
            // It has no journal.
            Role::Office => {}
        }
        if disk.clone().quarantined().is_ok_and(|rows| !rows.is_empty()) {
            wrong.push(format!(
                "R14: something of {station} is in quarantine: {:?}",
                disk.clone().quarantined()
            ));
        }
        if !disk.forks().is_empty() {
            wrong.push(format!("R5: a fork at {station}, though nobody forged one"));
        }
    }
    wrong
}

/// I7: every upstream holds every stream whole, and every feed is applied to its end.
pub fn nothing_pending(processes: &mut [Process]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut heads: BTreeMap<(usize, StreamId), u64> = BTreeMap::new();
    for process in processes.iter_mut() {
        let index = process.index;
        let rows = process.disk().and_then(|disk| disk.streams().ok()).unwrap_or_default();
        heads.extend(rows.into_iter().map(|row| ((index, row.id), row.head.seq.0)));
    }
    for process in processes.iter_mut() {
        let (index, Some(upstream)) = (process.index, process.upstream) else { continue };
        let Some(disk) = process.disk() else { continue };
        for row in disk.streams().unwrap_or_default() {
            let acked = disk.ack(UPSTREAM, &row.id).unwrap_or_default().0;
            let there = heads.get(&(upstream, row.id)).copied().unwrap_or(0);
            if acked != row.head.seq.0 || there != row.head.seq.0 {
                wrong.push(format!(
                    "I7: process {index} holds {} of a stream, acknowledged {acked}, upstream holds {there}",
                    row.head.seq
                ));
            }
        }
    }
    wrong.extend(feeds_behind(processes));
    wrong
}

fn feeds_behind(processes: &mut [Process]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut versions = BTreeMap::new();
    for process in processes.iter_mut() {
        let scopes = process.scopes.clone();
        let (index, upstream) = (process.index, process.upstream);
        for scope in scopes {
            let head = process.disk().and_then(|disk| disk.feed_head(&scope).ok().flatten());
            versions.insert((index, scope.to_text()), (upstream, head));
        }
    }
    for ((index, scope), (upstream, head)) in &versions {
        let Some(upstream) = upstream else { continue };
        let there = match versions.get(&(*upstream, scope.clone())) {
            Some((_, there)) => *there,
            None => continue,
        };
        if there != *head {
            wrong.push(format!("I7: process {index} applied {scope} to {head:?}, upstream is at {there:?}"));
        }
    }
    // HQ pulls nothing, so its heads are not in the map: the agents are compared with its disk.
    let mut hq_heads = BTreeMap::new();
    for (_, scope) in versions.keys() {
        if let (Some(hq), Ok(parsed)) = (processes.first_mut(), sync_proto::fact::FeedScope::parse(scope)) {
            hq_heads.insert(scope.clone(), hq.disk().and_then(|disk| disk.feed_head(&parsed).ok().flatten()));
        }
    }
    for ((index, scope), (upstream, head)) in &versions {
        if *upstream == Some(0) && hq_heads.get(scope) != Some(head) {
            wrong.push(format!("I7: agent {index} has applied {scope} to {head:?}, HQ is further"));
        }
    }
    wrong
}

/// I1, and of I3 that no receipt number is used twice.
fn every_shown_sale_is_at_hq_once(hq: &MemoryStore, shown: &[Shown]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut sales: BTreeMap<String, usize> = BTreeMap::new();
    let mut cancels: BTreeMap<String, usize> = BTreeMap::new();
    for (kind, data) in facts(hq, None) {
        let id = text(&data, "sale");
        match kind.as_str() {
            "Sold" => *sales.entry(id).or_default() += 1,
            "SaleCancelled" => *cancels.entry(id).or_default() += 1,
            _ => {}
        }
    }
    for each in shown {
        let id = each.sold.sale.to_string();
        if sales.get(&id) != Some(&1) {
            wrong.push(format!("I1: sale {id} was shown done and is at HQ {:?} times", sales.get(&id)));
        }
        if each.cancelled && cancels.get(&id) != Some(&1) {
            wrong.push(format!("I1: the cancellation of {id} was shown done and is not at HQ once"));
        }
    }
    for (id, times) in sales.iter().filter(|(_, times)| **times != 1) {
        wrong.push(format!("I3: receipt number {id} is at HQ {times} times"));
    }
    wrong
}

/// I2, byte for byte.
fn hq_holds_only_what_devices_wrote(hq: &MemoryStore, disks: &[(Role, String, MemoryStore)]) -> Vec<String> {
    let mut written = BTreeSet::new();
    for (_, _, disk) in disks {
        let own: BTreeSet<StreamId> = disk
            .clone()
            .streams()
            .unwrap_or_default()
            .iter()
            .filter(|row| row.own)
            .map(|row| row.id)
            .collect();
        for stored in disk.all_entries().iter().filter(|stored| own.contains(&stored.entry.key.stream)) {
            written.insert((stored.entry.key, stored.entry.bytes.clone()));
        }
    }
    let held: BTreeSet<_> =
        hq.all_entries().iter().map(|stored| (stored.entry.key, stored.entry.bytes.clone())).collect();
    let mut wrong = Vec::new();
    if held.len() != hq.all_entries().len() {
        wrong.push("I1: HQ holds an entry twice".to_owned());
    }
    wrong.extend(
        held.difference(&written).map(|(key, _)| format!("I2: nobody wrote what HQ holds as {key:?}")),
    );
    wrong.extend(written.difference(&held).map(|(key, _)| format!("I1: HQ does not hold {key:?}")));
    wrong
}

/// I3 and I4: contiguous from 1, and every hash is that of the bytes and the one before.
fn chains_verify(disk: &MemoryStore) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut tails: BTreeMap<StreamId, (u64, [u8; 32])> = BTreeMap::new();
    for stored in disk.all_entries() {
        let key = stored.entry.key;
        let (seq, hash) = tails.entry(key.stream).or_insert_with(|| {
            let mut genesis = Sha256::new();
            genesis.update(b"juyu journal 1\n");
            genesis.update(key.stream.device.0);
            genesis.update(key.stream.incarnation.0);
            (0, genesis.finalize().into())
        });
        let mut link = Sha256::new();
        link.update(*hash);
        link.update(&stored.entry.bytes);
        *hash = link.finalize().into();
        *seq += 1;
        if *seq != key.seq.0 {
            wrong.push(format!("I3: entry {key:?} stands where {seq} should"));
        }
        if *hash != stored.entry.hash.0 {
            wrong.push(format!("I4: the chain breaks at {key:?}"));
        }
    }
    wrong
}

/// I5 and I6: stock, summary and tenders are what the entries at HQ add up to.
fn books_agree(disk: &MemoryStore, hq: &MemoryStore, station: Option<&String>, who: &str) -> Vec<String> {
    let mut stock: Books = BTreeMap::new();
    let mut sold: Books = BTreeMap::new();
    let mut money: Books = BTreeMap::new();
    for stored in hq.all_entries() {
        let of = stored.origin.station.to_string();
        if station.is_some_and(|station| *station != of) {
            continue;
        }
        let Some((kind, data)) = fact(&stored.entry.bytes) else { continue };
        let sign = match kind.as_str() {
            "Sold" => 1,
            "SaleCancelled" => -1,
            "StockMoved" => {
                *stock.entry((of.clone(), text(&data, "product"))).or_default() +=
                    milli(data.get("quantity"));
                continue;
            }
            "Received" => {
                *stock.entry((of.clone(), text(&data, "product"))).or_default() +=
                    milli(data.get("measured"));
                continue;
            }
            _ => continue,
        };
        for line in array(&data, "lines") {
            let key = (of.clone(), text(line, "p"));
            *stock.entry(key.clone()).or_default() -= sign * milli(line.get("q"));
            *sold.entry(key).or_default() += sign * int(line, "a");
        }
        for tender in array(&data, "tenders") {
            for (kind, body) in tender.as_object().into_iter().flatten() {
                *money.entry((of.clone(), kind.clone())).or_default() += sign * int(body, "amount");
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

/// The till's prices are HQ's.
fn prices_agree(till: &MemoryStore, hq: &MemoryStore) -> Vec<String> {
    let of = |disk: &MemoryStore| -> Vec<(Vec<Value>, Vec<Value>)> {
        disk.table("prices").map(|(key, cells)| (key.key.clone(), cells.clone())).collect()
    };
    if of(till) == of(hq) { Vec::new() } else { vec!["a till's prices are not HQ's".to_owned()] }
}

/// A delivery that a manager could confirm, read from the agent's rows.
pub fn first_expected_delivery(disk: &MemoryStore) -> Option<Expected> {
    disk.table("deliveries").find_map(|(key, cells)| {
        let text = |value: Option<&Value>| match value {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let (Some(Value::Int(quantity_milli)), Some(Value::Null)) = (cells.get(2), cells.get(6)) else {
            return None;
        };
        Some(Expected {
            order_id: text(key.key.get(1))?,
            ship_id: text(cells.first())?,
            product_id: text(cells.get(1))?,
            quantity_milli: *quantity_milli,
        })
    })
}

/// See [`first_expected_delivery`].
#[derive(Debug, Clone)]
pub struct Expected {
    /// The order.
    pub order_id: String,
    /// The shipment.
    pub ship_id: String,
    /// The product.
    pub product_id: String,
    /// What was shipped.
    pub quantity_milli: i64,
}

fn facts<'a>(disk: &'a MemoryStore, station: Option<&'a str>) -> impl Iterator<Item = (String, Json)> + 'a {
    disk.all_entries()
        .iter()
        .filter(move |stored| station.is_none_or(|station| stored.origin.station.as_str() == station))
        .filter_map(|stored| fact(&stored.entry.bytes))
}

fn fact(bytes: &[u8]) -> Option<(String, Json)> {
    let mut json: Json = serde_json::from_slice(bytes).ok()?;
    let kind = json.get("t")?.as_str()?.to_owned();
    Some((kind, json.get_mut("d")?.take()))
}

fn text(json: &Json, field: &str) -> String {
    json.get(field).and_then(Json::as_str).unwrap_or_default().to_owned()
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
