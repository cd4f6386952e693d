//! I7: nothing pending, cursors equal.

use std::collections::BTreeMap;

use sync::Store as _;
use sync::store::memory::MemoryStore;
use sync_proto::StreamId;
use sync_proto::rows::Value;

use super::text_of;
use crate::station::{Process, UPSTREAM};

/// Every upstream holds every stream whole, and every feed is applied to its end if `feeds` is to be looked at.
pub fn nothing_pending(processes: &mut [Process], feeds: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut heads: BTreeMap<(usize, StreamId), u64> = BTreeMap::new();
    for process in processes.iter_mut() {
        let index = process.index;
        let Some(disk) = process.disk() else { continue };
        heads.extend(disk.durable.streams_held().map(|row| ((index, row.id), row.head.seq.0)));
    }
    for process in processes.iter_mut() {
        let (index, Some(upstream)) = (process.index, process.upstream) else { continue };
        let Some(disk) = process.disk() else { continue };
        let cuts = cuts(&disk.durable);
        let held: Vec<(StreamId, u64)> =
            disk.durable.streams_held().map(|row| (row.id, row.head.seq.0)).collect();
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
    if feeds {
        wrong.extend(feeds_behind(processes));
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
            let mut head = |of: usize| {
                let disk = processes.get_mut(of).and_then(Process::disk);
                disk.and_then(|disk| disk.durable.feed_head(&scope).ok().flatten())
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
