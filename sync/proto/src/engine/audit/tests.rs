use super::*;
use crate::entry::EntryKey;
use crate::ids::{DeviceId, Incarnation};

fn stream(n: u8) -> StreamId {
    StreamId { device: DeviceId([n; 16]), incarnation: Incarnation([2; 16]) }
}

fn entries(count: u64, said: &str) -> Vec<Entry> {
    let mut hash = ChainHash::genesis(&stream(1));
    (1..=count)
        .map(|seq| {
            let bytes = format!("entry {seq} {said}").into_bytes();
            hash = hash.chain(&bytes);
            Entry { key: EntryKey { stream: stream(1), seq: Seq(seq) }, bytes, hash }
        })
        .collect()
}

fn audit(of: &[Entry], from: u64, to: u64) -> Audit {
    let at = |seq: u64| match usize::try_from(seq).unwrap().checked_sub(1) {
        Some(index) => of[index].hash,
        None => ChainHash::genesis(&stream(1)),
    };
    Audit { stream: stream(1), from: Seq(from), to: Seq(to), prev_hash: at(from - 1), last_hash: at(to) }
}

#[test]
fn r29_a_range_that_is_there_is_whole() {
    let all = entries(9, "sold");
    assert_eq!(inspect(&audit(&all, 1, 9), &all), Finding::Whole);
    assert_eq!(inspect(&audit(&all, 4, 6), &all), Finding::Whole, "rows beside the range say nothing");
}

#[test]
fn r29_one_missing_row_is_found_wherever_it_is() {
    let all = entries(9, "sold");
    for gone in 1..=9u64 {
        let rows: Vec<Entry> = all.iter().filter(|row| row.key.seq.0 != gone).cloned().collect();
        let Finding::Bad { from, to } = inspect(&audit(&all, 1, 9), &rows) else { panic!("{gone} is gone") };
        assert_eq!(from, Seq(gone));
        // The one behind it cannot be judged without it.
        assert_eq!(to, Seq((gone + 1).min(9)));
    }
}

#[test]
fn r29_any_changed_byte_or_hash_is_found() {
    let all = entries(5, "sold");
    for changed in 0..5usize {
        for flip_hash in [false, true] {
            let mut rows = all.clone();
            if flip_hash {
                rows[changed].hash.0[7] ^= 1;
            } else {
                rows[changed].bytes[0] ^= 1;
            }
            let Finding::Bad { from, to } = inspect(&audit(&all, 1, 5), &rows) else { panic!("{changed}") };
            assert!(from.0 <= changed as u64 + 1 && to.0 > changed as u64);
        }
    }
}

#[test]
fn r29_the_last_of_several_holes_is_named_and_the_others_after_it() {
    let all = entries(20, "sold");
    let mut rows: Vec<Entry> =
        all.iter().filter(|row| ![3, 4, 11].contains(&row.key.seq.0)).cloned().collect();
    assert_eq!(inspect(&audit(&all, 1, 20), &rows), Finding::Bad { from: Seq(11), to: Seq(12) });
    rows.insert(8, all[10].clone());
    assert_eq!(inspect(&audit(&all, 1, 20), &rows), Finding::Bad { from: Seq(3), to: Seq(5) });
    assert_eq!(inspect(&audit(&all, 1, 20), &[]), Finding::Bad { from: Seq(1), to: Seq(20) });
}

#[test]
fn r29_another_chain_is_not_a_hole() {
    let (ours, theirs) = (entries(9, "sold"), entries(9, "sold for less"));
    assert_eq!(inspect(&audit(&ours, 1, 9), &theirs), Finding::Parted);
    let mut branch = ours.clone();
    branch.truncate(4);
    branch.extend(theirs[4..].iter().cloned());
    assert_eq!(inspect(&audit(&ours, 1, 9), &branch), Finding::Parted);
}

#[test]
fn r29_only_what_stood_there_is_proven() {
    let (ours, theirs) = (entries(6, "sold"), entries(6, "sold for less"));
    assert!(is_proven(ours[3].hash, Some(&ours[4]), None));
    assert!(!is_proven(theirs[3].hash, Some(&ours[4]), None));
    assert!(is_proven(ours[5].hash, None, Some(ours[5].hash)));
    assert!(!is_proven(theirs[5].hash, None, Some(ours[5].hash)));
    assert!(!is_proven(ours[3].hash, None, None), "nothing bears it out");
}

#[test]
fn r29_a_round_begins_with_the_newest_of_every_stream_and_covers_each_place_once() {
    let streams = [
        Audited { stream: stream(1), floor: Seq(0), acked: Seq(2_500) },
        Audited { stream: stream(2), floor: Seq(100), acked: Seq(1_200) },
        Audited { stream: stream(3), floor: Seq(7), acked: Seq(7) },
    ];
    let mut round = AuditRound::default();
    let ranges: Vec<(u8, u64, u64)> = std::iter::from_fn(|| round.next(&streams))
        .map(|range| (range.stream.device.0[0], range.from.0, range.to.0))
        .collect();
    assert_eq!(ranges, [(1, 1_501, 2_500), (2, 201, 1_200), (1, 501, 1_500), (2, 101, 200), (1, 1, 500)]);
    assert_eq!(round.next(&streams).map(|range| range.to), Some(Seq(2_500)), "and begins anew");
    round.restart();
    assert_eq!(round.next(&streams).map(|range| range.to), Some(Seq(2_500)), "after the link was down too");
}
