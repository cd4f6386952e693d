//! I7: nothing pending, cursors equal.

use std::collections::BTreeMap;

use sync::Store as _;
use sync::store::memory::MemoryStore;
use sync_proto::fact::FeedScope;
use sync_proto::rows::Value;
use sync_proto::{FeedVersion, Role, StreamId};

use super::text_of;
use crate::station::{Process, UPSTREAM};

/// What everybody has of the chain's feed.
const TABLES: [&str; 2] = ["products", "prices"];

/// Every upstream holds every stream whole, every feed is applied to its end, and what came of it is what head office
/// has.
pub fn nothing_pending(processes: &mut [Process]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut heads: BTreeMap<(usize, StreamId), u64> = BTreeMap::new();
    for process in processes.iter_mut() {
        let index = process.index;
        let Some(disk) = process.disk() else { continue };
        heads.extend(disk.durable.streams_held().map(|row| ((index, row.id), row.head.seq.0)));
    }
    for process in processes.iter_mut() {
        let (index, Some(upstream)) = (process.index, process.upstream) else { continue };
        let (role, device) = (process.me.role, process.me.device);
        let Some(disk) = process.disk() else { continue };
        let cuts = cuts(&disk.durable);
        // A till sends nobody's journal but its own.
        let sends = |stream: &StreamId| role != Role::Terminal || stream.device == device;
        let held = disk.durable.streams_held().filter(|row| sends(&row.id));
        let held: Vec<(StreamId, u64)> = held.map(|row| (row.id, row.head.seq.0)).collect();
        for (stream, head) in held {
            let cut = if cuts.is_empty() { None } else { cuts.get(&text_of(&stream)) };
            let end = cut.map_or(head, |cut| head.min(*cut));
            let acked = disk.durable.ack(UPSTREAM, &stream).unwrap_or_default().0;
            let there = heads.get(&(upstream, stream)).copied().unwrap_or(0);
            if acked < end || there < end {
                let name = stream.incarnation.series();
                wrong.push(format!(
                    "I7: process {index} has {end} of {name} to tell, acknowledged {acked}, upstream holds {there}"
                ));
            }
        }
    }
    wrong.extend(feeds_behind(processes));
    if wrong.is_empty() {
        // Dearer than the rest, and of no interest before.
        wrong.extend(feeds_differ(processes));
    }
    wrong
}

type Row = (Vec<Value>, Vec<Value>);

/// R20: products and prices are head office's everywhere, and so are the items that an agent passes on.
fn feeds_differ(processes: &mut [Process]) -> Vec<String> {
    let mut wrong = Vec::new();
    let rows = |disk: &MemoryStore, table: &str| -> Vec<Row> {
        disk.table(table).map(|(key, cells)| (key.key.clone(), cells.clone())).collect()
    };
    let items = |disk: &mut MemoryStore, scope: &FeedScope| {
        let mut items =
            disk.feed_items(scope, FeedVersion(0), usize::MAX).map(|found| found.0).unwrap_or_default();
        items.retain(|item| !item.bytes.is_empty());
        items
    };
    let Some((hq, others)) = processes.split_first_mut() else { return wrong };
    let Some(hq) = hq.disk() else { return wrong };
    let there = TABLES.map(|table| rows(&hq.durable, table));
    for process in others {
        let (index, scopes, relays) = (process.index, process.scopes.clone(), process.me.role == Role::Agent);
        let Some(disk) = process.disk() else { continue };
        for (table, there) in TABLES.iter().zip(&there) {
            if rows(&disk.durable, table) != *there {
                wrong.push(format!("I7: the {table} of process {index} are not head office's"));
            }
        }
        for scope in scopes.iter().filter(|_| relays) {
            if items(&mut disk.durable, scope) != items(&mut hq.durable, scope) {
                wrong.push(format!("I7: process {index} passes on other items of {}", scope.to_text()));
            }
        }
    }
    wrong
}

/// Lives whose last entries stand again in a later one, by the text of their stream.
fn cuts(disk: &MemoryStore) -> BTreeMap<String, u64> {
    disk.table("stream_cuts")
        .filter_map(|(key, cells)| match (key.key.first(), cells.first()) {
            (Some(Value::Text(stream)), Some(Value::Int(through))) => {
                Some((stream.clone(), u64::try_from(*through).ok()?))
            }
            _ => None,
        })
        .collect()
}

fn feeds_behind(processes: &mut [Process]) -> Vec<String> {
    let mut wrong = Vec::new();
    for at in 0..processes.len() {
        let Some((scopes, Some(upstream))) =
            processes.get(at).map(|process| (process.scopes.clone(), process.upstream))
        else {
            continue;
        };
        for scope in scopes {
            // An upstream that was put back to before its first word has no head, and who heard more has that of nothing.
            let mut head = |of: usize| {
                let disk = processes.get_mut(of).and_then(Process::disk);
                let head = disk.and_then(|disk| disk.durable.feed_head(&scope).ok().flatten());
                head.filter(|head| head.version > FeedVersion(0))
            };
            let (here, there) = (head(at), head(upstream));
            if here != there {
                let scope = scope.to_text();
                wrong.push(format!("I7: process {at} applied {scope} to {here:?}, upstream is at {there:?}"));
            }
        }
    }
    wrong
}
