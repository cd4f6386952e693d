//! A node that hears anything, from anybody, in any order.

use std::sync::Arc;

use sync::store::memory::MemoryStore;
use sync::{Node, Peer, Store as _, codec};
use sync_proto::catalogue::Catalogue;
use sync_proto::engine::receiver::Head;
use sync_proto::fact::{FeedScope, StreamOpened};
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::wire::{FeedCursor, Hello, Message, Outcome, Progress, Pull, Receipt, Reply};
use sync_proto::{
    ChainHash, DeviceId, Entry, EntryKey, Envelope, Fact, FeedVersion, Incarnation, Origin, Role, Seq, Stamp,
    StationCode, StreamId, TerminalNo,
};

const NOW: Stamp = Stamp::at_wall_ms(1_795_478_400_000);

/// Steps of one run at most, so that a run stays short.
const STEPS_MAX: usize = 64;

/// Each step: what to do, who does it, one more byte, a length, and that many bytes.
///
/// Bytes alone would hardly ever make a batch whose hashes fit, so some steps build one around the bytes.
pub fn receive(data: &[u8]) {
    let Some(mut world) = World::new() else { return };
    let mut rest = data;
    for _ in 0..STEPS_MAX {
        let Some((&[what, who, more, len], after)) = rest.split_first_chunk::<4>() else { break };
        let (bytes, after) = after.split_at(usize::from(len).min(after.len()));
        rest = after;
        world.step(what, who % 3, more, bytes);
    }
    world.check();
}

struct World {
    node: Node<MemoryStore>,
    /// The last batch, to come again.
    last: Vec<u8>,
}

impl World {
    fn new() -> Option<Self> {
        let me = Origin {
            station: StationCode::new("HQ").ok()?,
            device: DeviceId([9; 16]),
            role: Role::Hq,
            terminal: None,
        };
        let books = All(vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Station))]);
        let node = Node::open(MemoryStore::default(), Arc::new(books), me, [8; 16], NOW).ok()?;
        Some(Self { node, last: Vec::new() })
    }

    fn step(&mut self, what: u8, who: u8, more: u8, bytes: &[u8]) {
        let Some(peer) = peer(who) else { return };
        let stream = stream(more / 2 % 3, more % 2);
        let message = match what % 8 {
            0 => bytes.to_vec(),
            1 | 2 => self.batch(stream, bytes, what / 8),
            3 => self.last.clone(),
            4 => Message::Hello(Hello {
                stream,
                last: Seq(u64::from(more)),
                last_hash: ChainHash::genesis(&stream),
            })
            .encode(),
            5 => Message::Progress(Progress { stream }).encode(),
            6 => {
                let scope = std::str::from_utf8(bytes).ok().and_then(|text| FeedScope::parse(text).ok());
                let scope = scope.unwrap_or(FeedScope::Chain);
                let writer = Incarnation([more; 16]);
                let cursor = FeedCursor { writer, version: FeedVersion(u64::from(what)) };
                Message::Pull(Pull { scope, cursor, whole: what & 0x80 != 0 }).encode()
            }
            _ => {
                // A message that was good, with some bytes changed.
                let mut message = self.last.clone();
                for (slot, byte) in message.iter_mut().skip(usize::from(more)).zip(bytes) {
                    *slot ^= byte;
                }
                message
            }
        };
        let before = self.head(stream);
        if let Ok(answer) = self.node.receive(&peer, &message, "up", NOW.wall_ms) {
            let reply = Reply::decode(&answer);
            assert!(reply.is_ok());
            if let Ok(Reply::Receipt(Receipt { stream, outcome, .. })) = reply
                && let Outcome::Accepted { through } | Outcome::Duplicate { through } = outcome
            {
                assert_eq!(self.head(stream), through, "what is acknowledged is what is stored");
            }
        }
        assert!(self.head(stream) >= before, "a head went back");
    }

    /// Entries out of `bytes`, cut at each zero, that continue what is stored; `skew` shifts them.
    fn batch(&mut self, stream: StreamId, bytes: &[u8], skew: u8) -> Vec<u8> {
        let head = self.store_head(stream);
        let [writer, ..] = stream.device.0;
        let Some(writer) = peer(writer) else { return Vec::new() };
        let mut entries = Vec::new();
        let (mut seq, mut hash) = (Seq(head.seq.0.wrapping_add(u64::from(skew % 4))), head.hash);
        let opened = StreamOpened::new_device(writer.station, writer.role, writer.terminal);
        let first = Envelope::new(NOW, None, Fact::StreamOpened(opened)).encode().unwrap_or_default();
        let start = if head.seq == Seq::NONE { vec![first.as_slice()] } else { Vec::new() };
        for payload in start.into_iter().chain(bytes.split(|byte| *byte == 0)) {
            seq = seq.next();
            hash = hash.chain(payload);
            entries.push(Entry { key: EntryKey { stream, seq }, bytes: payload.to_vec(), hash });
        }
        let prev = if skew & 16 == 0 { head.hash } else { ChainHash([skew; 32]) };
        if let Some(batch) = codec::pack(&entries, prev, 1) {
            self.last = Message::Batch(batch).encode();
        }
        self.last.clone()
    }

    fn store_head(&mut self, stream: StreamId) -> Head {
        let row = self.node.store().stream(&stream).ok().flatten();
        row.map_or(Head { seq: Seq::NONE, hash: ChainHash::genesis(&stream) }, |row| row.head)
    }

    fn head(&mut self, stream: StreamId) -> Seq {
        self.store_head(stream).seq
    }

    /// Chains verify from their beginning, without a hole.
    fn check(&mut self) {
        for row in self.node.store().streams().unwrap_or_default() {
            let mut hash = ChainHash::genesis(&row.id);
            let mut seq = Seq::NONE;
            let entries = self.node.store().entries(&row.id, Seq(1), u32::MAX, usize::MAX);
            for entry in entries.unwrap_or_default() {
                seq = seq.next();
                hash = hash.chain(&entry.bytes);
                assert_eq!((entry.key.seq, entry.hash), (seq, hash));
            }
            assert_eq!((row.head.seq, row.head.hash), (seq, hash));
        }
    }
}

/// A till and an agent of one station, and an agent of another.
fn peer(who: u8) -> Option<Peer> {
    let (station, role) = match who {
        0 => ("ST0001", Role::Terminal),
        1 => ("ST0001", Role::Agent),
        _ => ("ST0002", Role::Agent),
    };
    Some(Peer {
        station: StationCode::new(station).ok()?,
        device: DeviceId([who; 16]),
        role,
        terminal: (role == Role::Terminal).then_some(TerminalNo(1)),
    })
}

fn stream(who: u8, life: u8) -> StreamId {
    StreamId { device: DeviceId([who; 16]), incarnation: Incarnation([life.wrapping_add(50); 16]) }
}
