//! What a batch is answered (R9), through the one way in.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap in a test is a failed test")]

use std::sync::Arc;

use sync::node::Beside;
use sync::store::memory::MemoryStore;
use sync::{Draft, Node, Peer, Store, codec};
use sync_proto::engine::SenderConfig;
use sync_proto::fact::{FeedApplied, FeedScope};
use sync_proto::project::All;
use sync_proto::wire::{Batch, CODEC_ZSTD, Credit, Message, Outcome, Receipt, RefusalCode, Reply};
use sync_proto::{
    DeviceId, Fact, FeedVersion, Incarnation, Origin, Role, Seq, Stamp, StationCode, StreamId, TerminalNo,
};

const NOW: Stamp = Stamp::at_wall_ms(1_795_478_400_000);
const LATER_LIFE: [u8; 16] = [200; 16];

type Memory = Node<MemoryStore>;

fn open(store: MemoryStore, number: u8, role: Role) -> Memory {
    let station = StationCode::new(if role == Role::Hq { "HQ" } else { "ST0001" }).unwrap();
    let terminal = (role == Role::Terminal).then_some(TerminalNo(number.into()));
    let me = Origin { station, device: DeviceId([number; 16]), role, terminal };
    Node::open(store, Arc::new(All(Vec::new())), me, [number + 100; 16], NOW).unwrap()
}

/// A till whose journal has five entries.
fn till() -> Memory {
    let mut till = open(MemoryStore::default(), 1, Role::Terminal);
    record(&mut till, 4, 1);
    till
}

fn record(node: &mut Memory, count: u64, mark: u64) {
    for version in 1..=count {
        let (writer, version) = (Incarnation([3; 16]), FeedVersion(100 * mark + version));
        let fact = Fact::FeedApplied(FeedApplied { scope: FeedScope::Chain, writer, version });
        node.record(NOW, None, &[Draft::new(fact)], Beside::default()).unwrap();
    }
}

fn hq() -> Memory {
    open(MemoryStore::default(), 9, Role::Hq)
}

fn copy(of: &mut Memory) -> Memory {
    open(of.store().clone(), 1, Role::Terminal)
}

fn peer(of: &Memory) -> Peer {
    let me = of.me().clone();
    Peer { station: me.station, device: me.device, role: me.role, terminal: me.terminal }
}

fn batch(of: &mut Memory, stream: StreamId, from: u64, count: u32) -> Batch {
    let limits = SenderConfig { batch_entries_max: count, ..SenderConfig::STANDARD };
    of.batch(stream, Seq(from), &limits).unwrap().unwrap()
}

fn receipt(hq: &mut Memory, from: &Peer, batch: Batch) -> Receipt {
    let bytes = hq.receive(from, &Message::Batch(batch).encode(), "", NOW.wall_ms).unwrap();
    let Reply::Receipt(receipt) = Reply::decode(&bytes).unwrap() else { panic!("a batch has a receipt") };
    receipt
}

/// What head office holds before, the batch that comes, and its reply.
struct Case {
    name: &'static str,
    expected: Outcome,
    scene: fn(&mut Memory, &mut Memory) -> Batch,
}

fn own(node: &mut Memory, from: u64, count: u32) -> Batch {
    let stream = node.own_stream();
    batch(node, stream, from, count)
}

fn send(hq: &mut Memory, till: &mut Memory, from: u64, count: u32) {
    let (peer, batch) = (peer(till), own(till, from, count));
    let outcome = receipt(hq, &peer, batch).outcome;
    assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
}

/// Head office holds the whole journal; a copy made after two entries went on with three others.
fn forked(hq: &mut Memory, till: &mut Memory) -> Batch {
    let mut older = open(MemoryStore::default(), 1, Role::Terminal);
    record(&mut older, 1, 1);
    record(&mut older, 3, 2);
    send(hq, till, 1, 5);
    own(&mut older, 3, 3)
}

const fn refused(code: RefusalCode) -> Outcome {
    Outcome::Refused { code }
}

fn cases() -> Vec<Case> {
    let case = |name, expected, scene| Case { name, expected, scene };
    let len_max = u32::try_from(codec::BODY_LEN_MAX).unwrap();
    vec![
        case("the first entries", Outcome::Accepted { through: Seq(3) }, |_, till| own(till, 1, 3)),
        case("some of them again", Outcome::Accepted { through: Seq(5) }, |hq, till| {
            send(hq, till, 1, 3);
            own(till, 2, 4)
        }),
        case("all of them again", Outcome::Duplicate { through: Seq(5) }, |hq, till| {
            send(hq, till, 1, 5);
            own(till, 2, 2)
        }),
        case("one is missing before", Outcome::Gap { expected: Seq(3) }, |hq, till| {
            send(hq, till, 1, 2);
            own(till, 4, 2)
        }),
        case("other entries under the same keys", refused(RefusalCode::Forked), forked),
        case(
            "the same of a life that another follows",
            Outcome::StaleIncarnation { current: Incarnation(LATER_LIFE) },
            |hq, till| {
                let others = forked(hq, till);
                till.reincarnate(LATER_LIFE, "restored", NOW).unwrap();
                send(hq, till, 1, 1);
                others
            },
        ),
        case("purged here", Outcome::BelowRetention { oldest: Seq(4) }, |hq, till| {
            send(hq, till, 1, 5);
            let stream = till.own_stream();
            hq.store().purge(&stream, Seq(3)).unwrap();
            own(till, 1, 2)
        }),
        case("a body beyond what is taken", Outcome::TooLarge { len_max }, |_, till| {
            let body = zstd::bulk::compress(&vec![0; codec::BODY_LEN_MAX + 1], 3).unwrap();
            Batch { codec: CODEC_ZSTD, dictionary: 0, body, ..own(till, 1, 3) }
        }),
        case("not what its hash says", refused(RefusalCode::Malformed), |_, till| {
            let last_hash = own(till, 1, 2).last_hash;
            Batch { last_hash, ..own(till, 1, 3) }
        }),
        case("somebody else's journal", refused(RefusalCode::Forbidden), |_, _| {
            let mut other = open(MemoryStore::default(), 2, Role::Terminal);
            own(&mut other, 1, 1)
        }),
    ]
}

#[test]
fn r9_each_reply_has_its_reason() {
    for Case { name, expected, scene } in cases() {
        let (mut hq, mut till) = (hq(), till());
        let batch = scene(&mut hq, &mut till);
        let from = peer(&till);
        let credit = if matches!(expected, Outcome::Gap { .. }) { Credit::ONE } else { Credit::FULL };
        let receipt = receipt(&mut hq, &from, batch);
        assert_eq!((receipt.outcome, receipt.credit), (expected, credit), "{name}");
    }
}

#[test]
fn r5_what_contradicts_an_earlier_life_is_kept_beside_it_too() {
    let (mut hq, mut till) = (hq(), till());
    let others = forked(&mut hq, &mut till);
    till.reincarnate(LATER_LIFE, "restored", NOW).unwrap();
    send(&mut hq, &mut till, 1, 1);
    let from = peer(&till);
    receipt(&mut hq, &from, others);
    assert_eq!(hq.store().quarantined().unwrap().len(), 3, "each of the three other entries is kept");
}

#[test]
fn r4_the_tail_of_an_earlier_life_is_taken_though_a_later_one_is_known() {
    let (mut hq, mut till) = (hq(), till());
    let earlier = till.own_stream();
    send(&mut hq, &mut till, 1, 2);
    // Another machine goes on in the earlier life.
    let mut twin = copy(&mut till);
    record(&mut twin, 2, 3);
    till.reincarnate(LATER_LIFE, "cloned", NOW).unwrap();
    send(&mut hq, &mut till, 1, 1);
    let from = peer(&till);
    let tail = batch(&mut till, earlier, 3, 3);
    assert_eq!(receipt(&mut hq, &from, tail).outcome, Outcome::Accepted { through: Seq(5) });
    let more = batch(&mut twin, earlier, 6, 2);
    assert_eq!(receipt(&mut hq, &from, more).outcome, Outcome::Accepted { through: Seq(7) });
}
