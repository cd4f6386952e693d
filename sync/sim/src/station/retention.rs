//! What a program of the simulated world deletes, and when (R33): as `sync::retention` decides it over SQLite, with
//! seconds for days. What is put back, or goes on as a clone, is younger than the ninety days of the product, or nobody
//! can compare it any more: in a world where that happens nobody purges.

use std::collections::{BTreeMap, VecDeque};

use sync::Store as _;
use sync_proto::rows::Value;
use sync_proto::{Seq, StreamId};

use crate::disk::Disk;

/// Between two nights.
const NIGHT_EVERY_MS: i64 = 1_000;

/// Entries stay for so long after head office acknowledged them.
const KEEP_MS: i64 = 3_000;

/// How far the durable upstream held everything, by night.
#[derive(Debug, Default)]
pub(super) struct Nights {
    noted: VecDeque<(i64, BTreeMap<StreamId, Seq>)>,
}

impl Nights {
    /// Notes the night if it is one, and purges what the durable upstream, the first of `upstreams`, has held for long
    /// enough and all of them hold now. How many entries went.
    pub(super) fn purge(&mut self, now_ms: i64, disk: &mut Disk, upstreams: &[&str]) -> u64 {
        if self.noted.back().is_some_and(|(at_ms, _)| now_ms.saturating_sub(*at_ms) < NIGHT_EVERY_MS) {
            return 0;
        }
        let Some((durable, _)) = upstreams.split_first() else { return 0 };
        let streams: Vec<StreamId> = disk.durable.streams_held().map(|row| row.id).collect();
        let mut held = |upstream: &str, stream: &StreamId| disk.ack(upstream, stream).unwrap_or_default();
        let tonight = streams.iter().map(|stream| (*stream, held(durable, stream))).collect();
        self.noted.push_back((now_ms, tonight));
        let mut old = None;
        while self.noted.front().is_some_and(|(at_ms, _)| now_ms.saturating_sub(*at_ms) >= KEEP_MS) {
            old = self.noted.pop_front();
        }
        let Some((_, old)) = old else { return 0 };
        let mut gone = 0;
        for (stream, mut through) in old {
            for upstream in upstreams {
                through = through.min(disk.ack(upstream, &stream).unwrap_or_default());
            }
            if let Some(aside) = first_aside(disk, &stream) {
                through = through.min(Seq(aside.saturating_sub(1)));
            }
            gone += disk.purge(&stream, through).unwrap_or(0);
        }
        gone
    }
}

/// The first entry of a stream that is in quarantine: its bytes are still needed (R14).
fn first_aside(disk: &Disk, stream: &StreamId) -> Option<u64> {
    let name = stream.to_text();
    let aside = disk.durable.table("set_aside").filter_map(|(key, _)| match key.key.as_slice() {
        [Value::Text(of), Value::Int(seq)] if *of == name => u64::try_from(*seq).ok(),
        _ => None,
    });
    aside.min()
}
