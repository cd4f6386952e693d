//! R14: a bad entry never blocks the others. It steps aside with its reason and its money, and comes back.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap in a test is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sync::node::{Beside, FeedApply, PROGRAM, QuarantineError, Replay};
use sync::store::memory::MemoryStore;
use sync::store::{Commit, StreamRow};
use sync::{Draft, Node, NodeError, Peer, Store};
use sync_proto::catalogue::Catalogue;
use sync_proto::engine::SenderConfig;
use sync_proto::engine::receiver::Head;
use sync_proto::fact::{AsideKey, AsideMoney, FeedScope, Line, Sold, StreamOpened, Tender};
use sync_proto::ids::mint_sale_id;
use sync_proto::ledger::tables::{DayTotal, Stock};
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::{All, Posting, Projection, ProjectionError};
use sync_proto::quarantine::{Aside, Settled, SettlementBook, is_counted, settled_row};
use sync_proto::rows::{RowKey, Rows};
use sync_proto::wire::{Batch, CODEC_ZSTD, Message, Outcome, RefusalCode, Reply, frame_body};
use sync_proto::{
    BusinessDay, ChainHash, DeviceId, Entry, EntryKey, Envelope, Fact, FeedVersion, Incarnation, Money,
    Origin, ProductId, Quantity, Role, Seq, Stamp, StationCode, StreamId, TerminalNo, Volume,
};

const NOW: Stamp = Stamp::at_wall_ms(1_795_478_400_000);
const WON: i64 = 33_400;

fn origin(station: &str, n: u8, role: Role) -> Origin {
    let terminal = (role == Role::Terminal).then_some(TerminalNo(u16::from(n)));
    Origin { station: StationCode::new(station).unwrap(), device: DeviceId([n; 16]), role, terminal }
}

fn peer(me: &Origin) -> Peer {
    Peer { station: me.station.clone(), device: me.device, role: me.role, terminal: me.terminal }
}

/// Panics on sales as long as it is told to, as a program with a defect does.
#[derive(Debug)]
struct Defect(Arc<AtomicBool>);

impl Projection for Defect {
    fn wants(&self, _posting: &Posting, _rows: &Rows) -> Vec<RowKey> {
        Vec::new()
    }

    fn project(&self, posting: &Posting, _rows: &mut Rows) -> Result<(), ProjectionError> {
        let is_sale = matches!(posting.envelope.fact, Fact::Sold(_));
        assert!(!(is_sale && self.0.load(Ordering::Relaxed)), "a defect");
        Ok(())
    }
}

fn books(defect: &Arc<AtomicBool>) -> Arc<dyn Projection> {
    Arc::new(All(vec![
        Box::new(Catalogue),
        Box::new(Ledger::new(Depth::Station)),
        Box::new(SettlementBook),
        Box::new(Defect(Arc::clone(defect))),
    ]))
}

fn open(store: MemoryStore, me: Origin, defect: &Arc<AtomicBool>) -> Node<MemoryStore> {
    let life = [me.device.0[0].wrapping_add(100); 16];
    Node::open(store, books(defect), me, life, NOW).unwrap()
}

fn node(me: Origin) -> Node<MemoryStore> {
    open(MemoryStore::default(), me, &Arc::default())
}

/// A till's journal, written by hand: what no program of ours writes can stand in it.
struct Journal {
    me: Origin,
    stream: StreamId,
    entries: Vec<Entry>,
}

impl Journal {
    fn new(me: Origin) -> Self {
        let stream = StreamId { device: me.device, incarnation: Incarnation([me.device.0[0] + 100; 16]) };
        let opened = StreamOpened::new_device(me.station.clone(), me.role, me.terminal);
        let mut journal = Self { me, stream, entries: Vec::new() };
        journal.write(Fact::StreamOpened(opened));
        journal
    }

    fn head(&self) -> Head {
        let genesis = Head { seq: Seq::NONE, hash: ChainHash::genesis(&self.stream) };
        self.entries.last().map_or(genesis, |entry| Head { seq: entry.key.seq, hash: entry.hash })
    }

    fn raw(&mut self, bytes: &[u8]) -> AsideKey {
        let head = self.head();
        let key = EntryKey { stream: self.stream, seq: head.seq.next() };
        self.entries.push(Entry { key, bytes: bytes.to_vec(), hash: head.hash.chain(bytes) });
        AsideKey::of(key)
    }

    fn write(&mut self, fact: Fact) -> AsideKey {
        let day = BusinessDay::new("2026-11-23").unwrap();
        self.raw(&Envelope::new(NOW, Some(day), fact).encode().unwrap())
    }

    fn sell(&mut self, tendered: i64) -> AsideKey {
        let sold = self.sold(tendered);
        self.write(sold)
    }

    fn sold(&self, tendered: i64) -> Fact {
        let counter = self.head().seq.0;
        let line = Line {
            product: ProductId::new("CD1001").unwrap(),
            quantity: Quantity::Volume(Volume(20_000)),
            unit_price: Money(1_670),
            amount: Money(WON),
            tax: sync_proto::tax::TaxClass::Taxed,
            price_version: FeedVersion(1),
        };
        let life = &self.stream.incarnation;
        Fact::Sold(Sold {
            sale: mint_sale_id(&self.me.station, self.me.terminal.unwrap(), life, counter).unwrap(),
            lines: vec![line],
            tenders: vec![Tender::Cash { amount: Money(tendered) }],
            total: Money(WON),
            vat: Money(0),
        })
    }

    /// The bytes of a good sale with a part of them replaced.
    fn sell_spoilt(&mut self, part: &str, by: &str) -> AsideKey {
        let day = BusinessDay::new("2026-11-23").unwrap();
        let bytes = Envelope::new(NOW, Some(day), self.sold(WON)).encode().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(part), "{text}");
        self.raw(text.replacen(part, by, 1).as_bytes())
    }

    /// The whole journal as one batch.
    fn batch(&self) -> Message {
        let framed = frame_body(self.entries.iter().map(|entry| entry.bytes.as_slice()));
        Message::Batch(Batch {
            stream: self.stream,
            from: Seq(1),
            count: u32::try_from(self.entries.len()).unwrap(),
            prev_hash: ChainHash::genesis(&self.stream),
            last_hash: self.head().hash,
            codec: CODEC_ZSTD,
            dictionary: 0,
            schema: 1,
            body: zstd::bulk::compress(&framed, 1).unwrap(),
        })
    }

    fn send(&self, to: &mut Node<MemoryStore>) -> Outcome {
        outcome(to, &peer(&self.me), &self.batch())
    }
}

fn outcome(upstream: &mut Node<MemoryStore>, from: &Peer, message: &Message) -> Outcome {
    let reply = upstream.receive(from, &message.encode(), "hq", NOW.wall_ms).unwrap();
    match Reply::decode(&reply).unwrap() {
        Reply::Receipt(receipt) => receipt.outcome,
        other => panic!("a batch is answered by a receipt, not {other:?}"),
    }
}

fn till() -> Journal {
    Journal::new(origin("ST0001", 1, Role::Terminal))
}

fn agent() -> Node<MemoryStore> {
    node(origin("ST0001", 9, Role::Agent))
}

/// Sales in the books.
fn in_the_books(node: &mut Node<MemoryStore>) -> i64 {
    let row: Option<DayTotal> = node.get(&DayTotal::key("ST0001", "2026-11-23", 1)).unwrap();
    row.map_or(0, |row| row.amount)
}

/// Sales in the books and beside them: what a screen shows as the total.
fn shown_total(node: &mut Node<MemoryStore>) -> i64 {
    let mut total = in_the_books(node);
    for aside in node.store().quarantined().unwrap() {
        let key = settled_row(&aside.station, &aside.entry().unwrap());
        let settled = node.get::<Settled>(&key).unwrap();
        let money = settled.map(|row| AsideMoney::parse(&row.money).unwrap());
        if is_counted(&aside, money) {
            total += aside.sales;
        }
    }
    total
}

fn only_aside(node: &mut Node<MemoryStore>) -> Aside {
    let mut aside = node.store().quarantined().unwrap();
    assert_eq!(aside.len(), 1, "{aside:?}");
    aside.remove(0)
}

fn stock(node: &mut Node<MemoryStore>) -> i64 {
    let row: Option<Stock> = node.get(&Stock::key("ST0001", "CD1001")).unwrap();
    row.map_or(0, |row| row.on_hand_milli)
}

#[test]
fn r14_of_a_thousand_entries_with_one_poison_999_arrive_and_the_money_of_all() {
    for poison in [2u64, 500, 1_000] {
        let (mut till, mut agent) = (till(), agent());
        for seq in 2..=1_000u64 {
            till.sell(if seq == poison { 1 } else { WON });
        }
        assert_eq!(till.send(&mut agent), Outcome::Accepted { through: Seq(1_000) });
        let aside = only_aside(&mut agent);
        assert_eq!((aside.seq, aside.cause.as_str()), (i64::try_from(poison).unwrap(), "rejected"));
        assert!(aside.reason.contains("do not agree"), "{}", aside.reason);
        assert_eq!(in_the_books(&mut agent), 998 * WON);
        assert_eq!(shown_total(&mut agent), 999 * WON);
        assert_eq!(stock(&mut agent), -998 * 20_000);
    }
}

#[test]
fn r14_unknown_types_bad_enums_and_what_does_not_read_step_aside_each_with_its_cause() {
    let (mut till, mut agent) = (till(), agent());
    let good = |till: &mut Journal| till.sell(WON);
    good(&mut till);
    till.sell_spoilt("\"taxed\"", "\"half-taxed\"");
    till.raw(br#"{"v":1,"at":{"w":1,"m":0,"b":0},"day":"2026-11-23","t":"Levitated","d":{"m":3}}"#);
    till.sell_spoilt("\"v\":1,", "\"v\":9,");
    till.raw(b"\xff\x00 no json at all");
    good(&mut till);
    assert_eq!(till.send(&mut agent), Outcome::Accepted { through: Seq(7) });
    let aside = agent.store().quarantined().unwrap();
    let seen: Vec<(i64, &str, &str, Option<i64>)> =
        aside.iter().map(|row| (row.seq, row.cause.as_str(), row.kind.as_str(), row.amount)).collect();
    assert_eq!(
        seen,
        [
            (3, "unreadable", "Sold", Some(WON)),
            (4, "unknown", "Levitated", None),
            (5, "unknown", "Sold", Some(WON)),
            (6, "unreadable", "", None)
        ]
    );
    assert_eq!((in_the_books(&mut agent), shown_total(&mut agent)), (2 * WON, 4 * WON));
    assert_eq!(aside[0].receipt.as_deref(), Some("ST0001-01-5BSAP-000002"));
    assert_eq!((aside[0].terminal, aside[0].business_day.as_str()), (Some(1), "2026-11-23"));
}

#[test]
fn r14_an_entry_of_5_mb_is_never_recorded_and_never_taken_and_the_others_arrive() {
    let mut writer = node(origin("ST0001", 1, Role::Terminal));
    let huge = Fact::StreamOpened(
        StreamOpened::new_device(StationCode::new("ST0001").unwrap(), Role::Terminal, Some(TerminalNo(1)))
            .citing(Incarnation([1; 16]), Seq(1), ChainHash([0; 32]), &"x".repeat(5_000_000)),
    );
    let refused = writer.record(NOW, None, &[Draft::new(huge)], Beside::default());
    assert!(matches!(refused, Err(NodeError::Envelope(_))));
    let own = writer.own_stream();
    assert_eq!(writer.own_head().unwrap().seq, Seq(1), "nothing of it is recorded");
    let Some(batch) = writer.batch(own, Seq(1), &SenderConfig::STANDARD).unwrap() else { panic!("a batch") };
    let mut agent = agent();
    let from = peer(writer.me());
    assert_eq!(outcome(&mut agent, &from, &Message::Batch(batch)), Outcome::Accepted { through: Seq(1) });

    // A forged journal with such an entry: compressed it fits a message, plain it does not.
    let mut forger = Journal::new(origin("ST0001", 2, Role::Terminal));
    forger.raw(&vec![b' '; 5_000_000]);
    let refused = Outcome::TooLarge { len_max: u32::try_from(sync::codec::BODY_LEN_MAX).unwrap() };
    assert_eq!(forger.send(&mut agent), refused);
    let Message::Batch(mut plain) = forger.batch() else { panic!("a batch") };
    plain.codec = sync_proto::wire::CODEC_PLAIN;
    plain.body = frame_body(forger.entries.iter().map(|entry| entry.bytes.as_slice()));
    assert!(agent.receive(&peer(&forger.me), &Message::Batch(plain).encode(), "hq", 0).is_err());
    let mut honest = Journal::new(origin("ST0001", 3, Role::Terminal));
    for _ in 0..999 {
        honest.sell(WON);
    }
    assert_eq!(honest.send(&mut agent), Outcome::Accepted { through: Seq(1_000) });
    assert_eq!(agent.store().quarantined().unwrap(), []);
}

#[test]
fn r14_a_projector_that_panics_sets_its_entry_aside_and_a_mended_program_takes_it() {
    let defect = Arc::new(AtomicBool::new(true));
    let me = origin("ST0001", 9, Role::Agent);
    let mut agent = open(MemoryStore::default(), me.clone(), &defect);
    let mut till = till();
    till.sell(WON);
    assert_eq!(till.send(&mut agent), Outcome::Accepted { through: Seq(2) });
    let aside = only_aside(&mut agent);
    assert_eq!((aside.cause.as_str(), aside.tried_by.as_str()), ("failed", PROGRAM));
    assert_eq!((in_the_books(&mut agent), shown_total(&mut agent)), (0, WON));
    // The same program again: nothing is tried, it would fail in the same way.
    assert_eq!(agent.replay_after_upgrade(PROGRAM, NOW).unwrap(), Replay::default());
    // A newer one with the same defect: tried once, and noted.
    assert_eq!(agent.replay_after_upgrade("9.0.0", NOW).unwrap(), Replay { replayed: 0, still_aside: 1 });
    assert_eq!(only_aside(&mut agent).tried_by, "9.0.0");
    let store = agent.store().clone();
    defect.store(false, Ordering::Relaxed);
    let mut mended = open(store, me, &defect);
    let done = mended.replay_after_upgrade("9.0.1", NOW).unwrap();
    assert_eq!(done, Replay { replayed: 1, still_aside: 0 });
    assert_eq!((in_the_books(&mut mended), shown_total(&mut mended)), (WON, WON));
    assert_eq!(stock(&mut mended), -20_000);
}

#[test]
fn r14_an_entry_of_an_unknown_type_is_in_the_books_after_an_upgrade() {
    // As an older program leaves it: a sale that it did not know, stored and set aside.
    let mut till = till();
    let key = till.sell(WON);
    let id = till.stream;
    let empty = Head { seq: Seq::NONE, hash: ChainHash::genesis(&id) };
    let row = StreamRow { id, origin: till.me.clone(), own: false, head: empty, purged: empty };
    let trouble = sync_proto::quarantine::Trouble::new(sync_proto::quarantine::Cause::Unknown, "newer");
    let aside = Aside::new(&till.me, &key, &till.entries[1].bytes, trouble, "0.0.1", NOW.wall_ms);
    let mut agent = agent();
    let commit = Commit {
        streams: vec![row],
        append: till.entries.clone(),
        rows: vec![sync_proto::rows::RowChange {
            key: sync_proto::rows::Table::row_key(&aside),
            cells: Some(sync_proto::rows::Table::into_cells(aside)),
        }],
        ..Commit::default()
    };
    agent.store().commit(&commit).unwrap();
    assert_eq!((in_the_books(&mut agent), shown_total(&mut agent)), (0, WON));
    let done = agent.replay_after_upgrade(PROGRAM, NOW).unwrap();
    assert_eq!(done, Replay { replayed: 1, still_aside: 0 });
    assert_eq!((in_the_books(&mut agent), shown_total(&mut agent)), (WON, WON));
    let kept: Option<Aside> = agent.get(&sync_proto::quarantine::aside_row(&key)).unwrap();
    let kept = kept.unwrap();
    assert_eq!((kept.replayed_by.as_deref(), kept.replayed_at_ms), (Some("upgrade"), Some(NOW.wall_ms)));
    let journal = agent.store().all_entries();
    let said = journal
        .iter()
        .filter(|each| String::from_utf8_lossy(&each.entry.bytes).contains("\"t\":\"QuarantineReplayed\""));
    assert_eq!(said.count(), 1, "the audit finds it in the journal");
}

#[test]
fn r14_a_replay_on_demand_counts_once_and_what_still_fails_stays_with_its_new_reason() {
    let defect = Arc::new(AtomicBool::new(true));
    let mut agent = open(MemoryStore::default(), origin("ST0001", 9, Role::Agent), &defect);
    let mut till = till();
    let good = till.sell(WON);
    let bad = till.sell(1);
    assert_eq!(till.send(&mut agent), Outcome::Accepted { through: Seq(3) });
    defect.store(false, Ordering::Relaxed);
    let done = agent.replay_all(None, "console", NOW).unwrap();
    assert_eq!(done, Replay { replayed: 1, still_aside: 1 });
    assert!(matches!(agent.replay(&good, "console", NOW), Err(QuarantineError::AlreadyReplayed)));
    assert_eq!(agent.replay(&bad, "console", NOW).unwrap(), Replay { replayed: 0, still_aside: 1 });
    let aside = only_aside(&mut agent);
    assert_eq!(aside.cause, "rejected");
    assert!(aside.reason.contains("do not agree"), "{}", aside.reason);
    assert_eq!((in_the_books(&mut agent), shown_total(&mut agent)), (WON, 2 * WON));
    let strange = AsideKey { seq: Seq(77), ..bad };
    assert!(matches!(agent.replay(&strange, "console", NOW), Err(QuarantineError::UnknownEntry(_))));
}

#[test]
fn r14_more_entries_than_one_commit_takes_are_all_replayed() {
    let defect = Arc::new(AtomicBool::new(true));
    let mut agent = open(MemoryStore::default(), origin("ST0001", 9, Role::Agent), &defect);
    let mut till = till();
    for _ in 0..600 {
        till.sell(WON);
    }
    assert_eq!(till.send(&mut agent), Outcome::Accepted { through: Seq(601) });
    defect.store(false, Ordering::Relaxed);
    let other = StationCode::new("ST0002").unwrap();
    assert_eq!(agent.replay_all(Some(&other), "console", NOW).unwrap(), Replay::default());
    let done = agent.replay_all(None, "console", NOW).unwrap();
    assert_eq!(done, Replay { replayed: 600, still_aside: 0 });
    assert_eq!(in_the_books(&mut agent), 600 * WON);
}

#[test]
fn r14_head_office_settles_what_stays_aside_and_the_station_counts_the_same() {
    let mut till = till();
    let bad = till.sell(1);
    let mut agent = agent();
    let mut hq = node(origin("HQ", 50, Role::Hq));
    assert_eq!(till.send(&mut agent), Outcome::Accepted { through: Seq(2) });
    let through_agent = peer(agent.me());
    assert_eq!(outcome(&mut hq, &through_agent, &till.batch()), Outcome::Accepted { through: Seq(2) });
    assert_eq!((shown_total(&mut hq), shown_total(&mut agent)), (WON, WON));
    let left_out = AsideMoney::LeftOut;
    assert!(matches!(hq.settle_aside(&bad, left_out, "console", " ", NOW), Err(QuarantineError::BadReason)));
    hq.settle_aside(&bad, left_out, "console", "같은 판매가 두 번", NOW).unwrap();
    assert!(matches!(
        hq.settle_aside(&bad, AsideMoney::Counted, "console", "again", NOW),
        Err(QuarantineError::AlreadySettled(_))
    ));
    assert_eq!((shown_total(&mut hq), shown_total(&mut agent)), (0, WON));
    let scope = FeedScope::Station(StationCode::new("ST0001").unwrap());
    let pull = agent.next_feed_message(&scope).unwrap().encode();
    let reply = hq.receive(&through_agent, &pull, "", NOW.wall_ms).unwrap();
    let Ok(Reply::Pull(answer)) = Reply::decode(&reply) else { panic!("an answer to a pull") };
    agent.apply_pull(&answer, FeedApply { relay: true, report: false }, NOW).unwrap();
    assert_eq!(shown_total(&mut agent), 0);
    assert!(matches!(agent.replay(&bad, "back office", NOW), Err(QuarantineError::AlreadySettled(_))));
    assert_eq!(agent.replay_all(None, "back office", NOW).unwrap(), Replay::default());
}

#[test]
fn r16_two_settlements_of_one_entry_end_the_same_in_either_order() {
    let mut till = till();
    let bad = till.sell(1);
    let mut agent = agent();
    till.send(&mut agent);
    agent.settle_aside(&bad, AsideMoney::Counted, "back office", "the money is in the drawer", NOW).unwrap();
    let own = agent.own_stream();
    let agents = Message::Batch(agent.batch(own, Seq(1), &SenderConfig::STANDARD).unwrap().unwrap());
    let through_agent = peer(agent.me());
    let mut ends = Vec::new();
    for agent_first in [true, false] {
        let mut hq = node(origin("HQ", 50, Role::Hq));
        outcome(&mut hq, &through_agent, &till.batch());
        let settle = |hq: &mut Node<MemoryStore>| {
            hq.settle_aside(&bad, AsideMoney::LeftOut, "console", "counted elsewhere", NOW)
        };
        if agent_first {
            outcome(&mut hq, &through_agent, &agents);
            assert!(settle(&mut hq).is_err(), "it was settled before");
            ends.push(shown_total(&mut hq));
        } else {
            settle(&mut hq).unwrap();
            outcome(&mut hq, &through_agent, &agents);
            assert_eq!(shown_total(&mut hq), 0, "head office's word stands");
        }
    }
    assert_eq!(ends, [WON]);
}

#[test]
fn r14_another_station_settles_nothing_of_this_one() {
    let mut till = till();
    let bad = till.sell(1);
    let mut hq = node(origin("HQ", 50, Role::Hq));
    till.send(&mut hq);
    let mut stranger = Journal::new(origin("ST0002", 8, Role::Agent));
    for station in ["ST0001", "ST0002"] {
        let station = StationCode::new(station).unwrap();
        stranger.write(Fact::QuarantineSettled(sync_proto::fact::QuarantineSettled {
            station,
            entry: bad.clone(),
            money: AsideMoney::LeftOut,
            by: "back office".into(),
            why: "none of theirs".into(),
        }));
    }
    assert_eq!(stranger.send(&mut hq), Outcome::Accepted { through: Seq(3) });
    assert_eq!(shown_total(&mut hq), WON);
}

#[test]
fn r5_a_fork_is_listed_once_with_both_payloads_kept_and_its_money_is_not_counted_twice() {
    let mut agent = agent();
    let mut till = till();
    till.sell(WON);
    let shared = till.entries.len();
    till.sell(WON);
    assert_eq!(till.send(&mut agent), Outcome::Accepted { through: Seq(3) });
    let mut clone =
        Journal { me: till.me.clone(), stream: till.stream, entries: till.entries[..shared].to_vec() };
    clone.sell_spoilt("\"w\":", "\"w\":1");
    let refused = Outcome::Refused { code: RefusalCode::Forked };
    for _ in 0..3 {
        assert_eq!(clone.send(&mut agent), refused);
    }
    let fork = only_aside(&mut agent);
    assert_eq!((fork.cause.as_str(), fork.seq, fork.amount), ("fork", 3, Some(WON)));
    assert_eq!(agent.store().forks(), &clone.entries[shared..]);
    assert_eq!((in_the_books(&mut agent), shown_total(&mut agent)), (2 * WON, 2 * WON));
    let key = fork.entry().unwrap();
    assert_eq!(AsideKey::parse(&key.to_text()), Some(key.clone()));
    assert!(matches!(agent.replay(&key, "console", NOW), Err(QuarantineError::IsFork)));
    agent.settle_aside(&key, AsideMoney::Counted, "console", "sold on the cloned disk", NOW).unwrap();
    assert_eq!(shown_total(&mut agent), 3 * WON);
}
