//! The judge. It reads disks as bytes and rows, parses entries as plain JSON and hashes them itself: it
//! shares no code with the engine, the chain or the projections that it judges.

mod books;
mod deliveries;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use sync::Store as _;
use sync::store::memory::MemoryStore;
use sync_proto::rows::Value;
use sync_proto::{DeviceId, Incarnation, Origin, Role, StreamId};

use crate::disk::Disk;
use crate::station::{Process, UPSTREAM};
use crate::world::Shown;

pub use deliveries::{Expected, first_expected_delivery};

/// Every invariant that does not hold, in words. The processes have ended then.
pub fn judge(processes: &mut [Process], shown: &[Shown]) -> Vec<String> {
    let mut wrong = nothing_pending(processes);
    let disks: Vec<(Origin, Disk)> = processes
        .iter_mut()
        .filter_map(|process| {
            let me = process.me.clone();
            process.retire().map(|disk| (me, disk))
        })
        .collect();
    let Some((_, hq)) = disks.iter().find(|(me, _)| me.role == Role::Hq) else {
        return vec!["there is no HQ".to_owned()];
    };
    let facts = Facts::of(&hq.durable);
    wrong.extend(every_shown_sale_is_at_hq_once(&facts, shown));
    wrong.extend(hq_holds_only_what_devices_wrote(&hq.durable, &disks));
    for (me, disk) in &disks {
        let station = me.station.as_str();
        wrong.extend(chains_verify(&disk.durable));
        match me.role {
            Role::Hq => wrong.extend(books::agree(&disk.durable, &facts, None, "HQ")),
            Role::Agent => wrong.extend(books::agree(&disk.durable, &facts, Some(station), "the agent")),
            Role::Terminal => wrong.extend(prices_agree(&disk.durable, &hq.durable)),
            // It has no journal.
            Role::Office => {}
        }
        let aside = disk.durable.clone().quarantined().unwrap_or_default();
        if !aside.is_empty() {
            wrong.push(format!("R14: something of {station} is in quarantine: {aside:?}"));
        }
        if !disk.durable.forks().is_empty() {
            wrong.push(format!("R5: a fork at {station}, though nobody forged one"));
        }
    }
    wrong
}

/// What HQ's entries say, parsed once.
struct Facts(Vec<FactOf>);

struct FactOf {
    station: String,
    kind: String,
    /// Schema version; those from the future are on record and in no book yet.
    version: u64,
    data: Json,
}

impl Facts {
    fn of(disk: &MemoryStore) -> Self {
        let read = |stored: &sync::store::StoredEntry| {
            let mut json: Json = serde_json::from_slice(&stored.entry.bytes).ok()?;
            let kind = json.get("t")?.as_str()?.to_owned();
            let version = json.get("v")?.as_u64()?;
            let station = stored.origin.station.to_string();
            Some(FactOf { station, kind, version, data: json.get_mut("d")?.take() })
        };
        Self(disk.all_entries().iter().filter_map(read).collect())
    }
}

/// R10, heard on the wire: an acknowledgement of what the receiver does not hold. Reads the bytes of the reply itself:
/// tag, device, incarnation, outcome, place.
pub fn acknowledged_too_early(reply: &[u8], disk: &MemoryStore) -> Option<String> {
    const RECEIPT: u8 = 0x82;
    let (tag, rest) = reply.split_first()?;
    let (device, rest) = rest.split_first_chunk::<16>()?;
    let (incarnation, rest) = rest.split_first_chunk::<16>()?;
    let (outcome, rest) = rest.split_first()?;
    if *tag != RECEIPT || *outcome > 1 {
        return None;
    }
    let through = u64::from_be_bytes(*rest.first_chunk::<8>()?);
    let stream = StreamId { device: DeviceId(*device), incarnation: Incarnation(*incarnation) };
    let held = disk.streams_held().find(|row| row.id == stream).map_or(0, |row| row.head.seq.0);
    (through > held).then(|| format!("R10: {through} was acknowledged when {held} was committed"))
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
fn every_shown_sale_is_at_hq_once(hq: &Facts, shown: &[Shown]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut sales: BTreeMap<String, usize> = BTreeMap::new();
    let mut cancels: BTreeMap<String, usize> = BTreeMap::new();
    for fact in &hq.0 {
        let id = text(&fact.data, "sale");
        match fact.kind.as_str() {
            "Sold" | "SoldByAttendant" => *sales.entry(id).or_default() += 1,
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
fn hq_holds_only_what_devices_wrote(hq: &MemoryStore, disks: &[(Origin, Disk)]) -> Vec<String> {
    let written: BTreeSet<_> = disks
        .iter()
        .flat_map(|(_, disk)| &disk.written)
        .map(|entry| (entry.key, entry.bytes.as_slice()))
        .collect();
    let held: BTreeSet<_> =
        hq.all_entries().iter().map(|stored| (stored.entry.key, stored.entry.bytes.as_slice())).collect();
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

/// The till's prices are HQ's.
fn prices_agree(till: &MemoryStore, hq: &MemoryStore) -> Vec<String> {
    let of = |disk: &MemoryStore| -> Vec<(Vec<Value>, Vec<Value>)> {
        disk.table("prices").map(|(key, cells)| (key.key.clone(), cells.clone())).collect()
    };
    if of(till) == of(hq) { Vec::new() } else { vec!["a till's prices are not HQ's".to_owned()] }
}

fn text(json: &Json, field: &str) -> String {
    json.get(field).and_then(Json::as_str).unwrap_or_default().to_owned()
}
