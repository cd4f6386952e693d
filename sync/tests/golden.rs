//! R34: entries of this version and of the next pass through an agent to head office byte for byte, whoever is newer.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap in a test is a failed test")]

use std::sync::Arc;

use sync::codec::pack;
use sync::store::memory::MemoryStore;
use sync::{Node, Peer, Store as _};
use sync_proto::catalogue::Catalogue;
use sync_proto::engine::SenderConfig;
use sync_proto::fact::StreamOpened;
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::wire::{Message, Outcome, Reply};
use sync_proto::{
    ChainHash, DeviceId, Entry, EntryKey, Envelope, Fact, Incarnation, Origin, Role, Seq, Stamp, StationCode,
    StreamId, TerminalNo,
};

const VERSION_1: &str = include_str!("../proto/tests/golden/v1.jsonl");
const NEXT: &str = include_str!("../proto/tests/golden/next.jsonl");
const NOW_MS: i64 = 1_795_500_000_000;

fn node(station: &str, device: u8, role: Role) -> Node<MemoryStore> {
    let me = Origin {
        station: StationCode::new(station).unwrap(),
        device: DeviceId([device; 16]),
        role,
        terminal: None,
    };
    let books = All(vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Station))]);
    Node::open(MemoryStore::default(), Arc::new(books), me, [device; 16], Stamp::at_wall_ms(NOW_MS)).unwrap()
}

fn accepted(reply: &[u8], through: Seq) {
    match Reply::decode(reply).unwrap() {
        Reply::Receipt(receipt) => assert_eq!(receipt.outcome, Outcome::Accepted { through }),
        other => panic!("a batch gets a receipt, not {other:?}"),
    }
}

#[test]
fn r34_bytes_of_this_version_and_the_next_are_stored_and_forwarded_as_they_came() {
    let till = StreamId { device: DeviceId([1; 16]), incarnation: Incarnation([2; 16]) };
    let station = StationCode::new("ST0001").unwrap();
    let opened = StreamOpened::new_device(station.clone(), Role::Terminal, Some(TerminalNo(1)));
    let opened = Envelope::new(Stamp::at_wall_ms(NOW_MS), None, Fact::StreamOpened(opened)).encode().unwrap();
    let lines = VERSION_1.lines().chain(NEXT.lines()).map(|line| line.as_bytes().to_vec());
    let mut hash = ChainHash::genesis(&till);
    let entries: Vec<Entry> = std::iter::once(opened)
        .chain(lines)
        .zip(1..)
        .map(|(bytes, seq)| {
            hash = hash.chain(&bytes);
            Entry { key: EntryKey { stream: till, seq: Seq(seq) }, bytes, hash }
        })
        .collect();
    let last = entries.last().unwrap().key.seq;
    let (mut agent, mut hq) = (node("ST0001", 9, Role::Agent), node("HQ", 50, Role::Hq));
    let of_till = Peer {
        station: station.clone(),
        device: till.device,
        role: Role::Terminal,
        terminal: Some(TerminalNo(1)),
    };
    let batch = pack(&entries, ChainHash::genesis(&till), 2).unwrap();
    accepted(&agent.receive(&of_till, &Message::Batch(batch).encode(), "hq", NOW_MS).unwrap(), last);
    let of_agent = Peer { station, device: DeviceId([9; 16]), role: Role::Agent, terminal: None };
    let forwarded = agent.batch(till, Seq(1), &SenderConfig::STANDARD).unwrap().unwrap();
    assert_eq!(forwarded.to(), last);
    accepted(&hq.receive(&of_agent, &Message::Batch(forwarded).encode(), "", NOW_MS).unwrap(), last);
    for holder in [&mut agent, &mut hq] {
        let held = holder.store().entries(&till, Seq(1), u32::MAX, usize::MAX).unwrap();
        assert_eq!(held, entries, "not one byte was written anew");
    }
}
