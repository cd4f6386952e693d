//! I1, I2 and the receipt numbers of I3.

use std::collections::{BTreeMap, HashMap, HashSet};

use sync::store::memory::MemoryStore;
use sync_proto::Origin;

use super::{Known, Sayings, text};
use crate::disk::Disk;

/// Everything that HQ holds, told apart byte for byte: how often, forks that are kept aside included.
fn held(hq: &MemoryStore) -> HashMap<&[u8], usize> {
    let mut held = HashMap::new();
    let entries = hq.all_entries().iter().map(|stored| stored.entry.bytes.as_slice());
    for bytes in entries {
        *held.entry(bytes).or_default() += 1;
    }
    for fork in hq.forks() {
        held.entry(fork.bytes.as_slice()).or_insert(1);
    }
    held
}

/// I1, and of I3 that no receipt number is used twice.
pub(super) fn everything_shown_is_at_hq_once(
    hq: &MemoryStore,
    known: &Known<'_>,
    sayings: &Sayings<'_>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let held = held(hq);
    for each in known.shown {
        let id = &each.sold.sale;
        for (what, bytes) in std::iter::once(("sale", &each.entry))
            .chain(each.cancellation.iter().map(|bytes| ("the cancellation of", bytes)))
        {
            let times = held.get(bytes.as_slice()).copied().unwrap_or(0);
            let lost = times == 0 && known.destroyed.contains(bytes);
            if times != 1 && !lost {
                wrong.push(format!(
                    "I1: {what} {id} was shown done by {} and is at HQ {times} times",
                    each.till
                ));
            }
        }
    }
    if known.doubtful {
        return wrong;
    }
    let mut printed = HashSet::new();
    for each in known.shown.iter().filter(|each| !printed.insert(&each.sold.sale)) {
        wrong.push(format!("R6: receipt number {} was printed twice", each.sold.sale));
    }
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for stored in hq.all_entries() {
        let Some(said) = sayings.get(&stored.entry.bytes) else { continue };
        if matches!(said.kind.as_str(), "Sold" | "SoldByAttendant") {
            *numbers.entry(text(&said.data, "sale")).or_default() += 1;
        }
    }
    for (id, times) in numbers.into_iter().filter(|(_, times)| *times != 1) {
        wrong.push(format!("I3: receipt number {id} is at HQ {times} times"));
    }
    wrong
}

/// I2: under the key under which it was written, byte for byte; and of I1 that nothing written is missing.
pub(super) fn hq_holds_what_devices_wrote(
    hq: &MemoryStore,
    disks: &[(Origin, Disk)],
    known: &Known<'_>,
) -> Vec<String> {
    let written: HashSet<_> = disks
        .iter()
        .flat_map(|(_, disk)| &disk.written)
        .map(|entry| (entry.key, entry.bytes.as_slice()))
        .collect();
    let entries = hq.all_entries().iter().map(|stored| &stored.entry).chain(hq.forks());
    let mut wrong: Vec<String> = entries
        .filter(|entry| !written.contains(&(entry.key, entry.bytes.as_slice())))
        .map(|entry| format!("I2: nobody wrote what HQ holds as {}", entry.key.to_text()))
        .collect();
    let held = held(hq);
    let missing =
        written.iter().filter(|(_, bytes)| !held.contains_key(bytes) && !known.destroyed.contains(*bytes));
    wrong.extend(
        missing.map(|(key, _)| format!("I1: HQ does not hold what was written as {}", key.to_text())),
    );
    wrong
}
