//! The judge. It reads disks as bytes and rows, parses entries as plain JSON and hashes them itself: it
//! shares no code with the engine, the chain or the projections that it judges.

mod books;
mod deliveries;
mod pending;
mod sales;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use sync::store::StoredEntry;
use sync::store::memory::MemoryStore;
use sync_proto::rows::{RowKey, Value};
use sync_proto::{DeviceId, EntryKey, Incarnation, Origin, Role, StreamId};

use crate::disk::Disk;
use crate::station::Process;
use crate::world::Shown;

pub use deliveries::{Expected, first_expected_delivery};
pub use pending::nothing_pending;

/// What is known outside the product.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What tills showed as done.
    pub shown: &'a [Shown],
    /// Entries that stood on one disk alone, which then lost them.
    pub destroyed: &'a BTreeSet<Vec<u8>>,
    /// Two lives wrote under one name for a while, and nothing but an upstream could tell: forks are kept, and receipt
    /// numbers that were given twice stand in quarantine.
    pub doubtful: bool,
    /// An agent was put back and its manager did once more what it had forgotten.
    pub forgetful: bool,
}

/// Every invariant that does not hold, in words. The processes have ended then.
pub fn judge(processes: &mut [Process], known: &Known<'_>) -> Vec<String> {
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
    let sayings = Sayings::of(disks.iter().map(|(_, disk)| &disk.durable));
    wrong.extend(sales::everything_shown_is_at_hq_once(&hq.durable, known, &sayings));
    wrong.extend(sales::hq_holds_what_devices_wrote(&hq.durable, &disks, known));
    for (me, disk) in &disks {
        let station = me.station.as_str();
        wrong.extend(chains_verify(&disk.durable));
        let aside = set_aside(&disk.durable);
        match me.role {
            Role::Hq | Role::Agent => {
                let who = format!("{} of {station}", me.role.as_str());
                let facts = Facts::of(&disk.durable, &hq.durable, &aside, &sayings);
                wrong.extend(books::agree(&disk.durable, &facts, &who));
            }
            // What it has of feeds was looked at with what is pending; an office has no journal.
            Role::Terminal | Role::Office => {}
        }
        let strange = aside.iter().find(|each| !known.explains(each));
        wrong.extend(strange.map(|each| format!("R14: something of {station} is in quarantine: {each:?}")));
        if !known.doubtful && !disk.durable.forks().is_empty() {
            wrong.push(format!("R5: a fork at {station}, though nobody forged one"));
        }
    }
    wrong
}

/// An entry that is not in the books.
#[derive(Debug)]
struct SetAside {
    stream: String,
    seq: i64,
    cause: String,
    reason: String,
}

/// What stands aside on a disk, read from its rows.
fn set_aside(disk: &MemoryStore) -> Vec<SetAside> {
    let text = |value: Option<&Value>| match value {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let read = |(key, cells): (&RowKey, &Vec<Value>)| {
        let Some(Value::Int(seq)) = key.key.get(1) else { return None };
        let (stream, cause, reason) = (text(key.key.first()), text(cells.get(2)), text(cells.get(3)));
        Some(SetAside { stream, seq: *seq, cause, reason })
    };
    disk.table("set_aside").filter_map(read).collect()
}

impl Known<'_> {
    /// Whether an entry may stand aside for this: a newer version wrote it, or another life wrote under the same name
    /// or did the same.
    fn explains(&self, aside: &SetAside) -> bool {
        let reason = &aside.reason;
        match aside.cause.as_str() {
            "unknown" => true,
            "fork" => self.doubtful,
            "rejected" => {
                self.doubtful && (reason.contains("is used twice") || reason.contains("was cancelled before"))
                    || self.forgetful && reason.contains("was received before")
            }
            _ => false,
        }
    }
}

/// What an entry says, in plain JSON.
struct Said {
    kind: String,
    /// Schema version; those from the future are on record and in no book yet.
    version: u64,
    data: Json,
}

/// What every entry on these disks says, parsed once however many disks hold it; nothing for what is no JSON.
struct Sayings<'a>(HashMap<&'a [u8], Option<Said>>);

impl<'a> Sayings<'a> {
    fn of(disks: impl Iterator<Item = &'a MemoryStore>) -> Self {
        let mut sayings = HashMap::new();
        for stored in disks.flat_map(MemoryStore::all_entries) {
            let bytes = stored.entry.bytes.as_slice();
            sayings.entry(bytes).or_insert_with(|| parsed(bytes));
        }
        Self(sayings)
    }

    fn get(&self, bytes: &[u8]) -> Option<&Said> {
        self.0.get(bytes).and_then(Option::as_ref)
    }
}

fn parsed(bytes: &[u8]) -> Option<Said> {
    let mut json: Json = serde_json::from_slice(bytes).ok()?;
    let kind = json.get("t")?.as_str()?.to_owned();
    let version = json.get("v")?.as_u64()?;
    Some(Said { kind, version, data: json.get_mut("d")?.take() })
}

/// What a disk's entries say, and of which station. What stands in quarantine says nothing yet, and what a device
/// carried over into a new life says it once.
struct Facts<'a>(Vec<(&'a str, &'a Said)>);

impl<'a> Facts<'a> {
    fn of(disk: &'a MemoryStore, hq: &'a MemoryStore, aside: &[SetAside], sayings: &'a Sayings<'_>) -> Self {
        let rejected: BTreeSet<(&str, i64)> = aside
            .iter()
            .filter(|each| each.cause == "rejected")
            .map(|each| (each.stream.as_str(), each.seq))
            .collect();
        let is_rejected = |key: &EntryKey| {
            let seq = i64::try_from(key.seq.0).unwrap_or(i64::MAX);
            !rejected.is_empty() && rejected.contains(&(text_of(&key.stream).as_str(), seq))
        };
        let mut heard = HashSet::new();
        let read = |stored: &'a StoredEntry| {
            let (key, bytes) = (&stored.entry.key, stored.entry.bytes.as_slice());
            let counts = heard.insert((key.stream.device, bytes)) && !is_rejected(key);
            if counts { Some((stored.origin.station.as_str(), sayings.get(bytes)?)) } else { None }
        };
        // What was purged here is read at HQ, which holds the same: the chain here goes on from there.
        let purged: BTreeMap<StreamId, u64> =
            disk.streams_held().map(|row| (row.id, row.purged.seq.0)).filter(|(_, seq)| *seq > 0).collect();
        let is_purged = |stored: &&StoredEntry| {
            let key = stored.entry.key;
            !purged.is_empty() && purged.get(&key.stream).is_some_and(|through| key.seq.0 <= *through)
        };
        let elsewhere = hq.all_entries().iter().filter(is_purged);
        Self(elsewhere.chain(disk.all_entries()).filter_map(read).collect())
    }
}

/// A stream as rows name it: device and incarnation in hexadecimal digits.
fn text_of(stream: &StreamId) -> String {
    stream.device.0.iter().chain(&stream.incarnation.0).map(|byte| format!("{byte:02x}")).collect()
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

/// I3 and I4: contiguous from 1, or from where it was purged, and every hash is that of the bytes and the one before.
fn chains_verify(disk: &MemoryStore) -> Vec<String> {
    let mut wrong = Vec::new();
    let purged = disk.streams_held().filter(|row| row.purged.seq.0 > 0);
    let mut tails: BTreeMap<StreamId, (u64, [u8; 32])> =
        purged.map(|row| (row.id, (row.purged.seq.0, row.purged.hash.0))).collect();
    // An entry that was lost and put back may stand behind later ones of its stream.
    let mut in_order: Vec<_> = disk.all_entries().iter().collect();
    in_order.sort_by_key(|stored| stored.entry.key);
    for stored in in_order {
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

fn text(json: &Json, field: &str) -> String {
    json.get(field).and_then(Json::as_str).unwrap_or_default().to_owned()
}
