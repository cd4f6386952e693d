//! Databases that were put back, copied, or run twice: nothing of any of them is lost, and nothing is doubled.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap in a test is a failed test")]

use std::collections::VecDeque;
use std::sync::Arc;

use sync::node::Beside;
use sync::store::memory::MemoryStore;
use sync::{Draft, Node, Peer, Store};
use sync_proto::engine::{Command, Input, Sender, SenderConfig};
use sync_proto::fact::{Line, Sold, Tender};
use sync_proto::ids::mint_sale_id;
use sync_proto::ledger::tables::Stock;
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::wire::{Fetch, Fetched, ListStreams, Message, Reply};
use sync_proto::{
    BusinessDay, Decoded, DeviceId, Envelope, Fact, FeedVersion, Money, Origin, ProductId, Quantity, Role,
    Seq, Stamp, StationCode, TerminalNo, Volume,
};

const NOW: Stamp = Stamp::at_wall_ms(1_795_478_400_000);
const UP: &str = "up";

fn origin(n: u8, role: Role) -> Origin {
    let station = if role == Role::Hq { "HQ" } else { "ST0001" };
    let terminal = (role == Role::Terminal).then_some(TerminalNo(u16::from(n)));
    Origin { station: StationCode::new(station).unwrap(), device: DeviceId([n; 16]), role, terminal }
}

fn open(store: MemoryStore, me: Origin) -> Node<MemoryStore> {
    let depth = if me.role == Role::Terminal { Depth::Till } else { Depth::Station };
    let books = All(vec![Box::new(Ledger::new(depth))]);
    let life = [me.device.0[0].wrapping_add(100); 16];
    Node::open(store, Arc::new(books), me, life, NOW).unwrap()
}

/// A device with the engine of its link, and entropy for the lives to come.
struct Device {
    node: Node<MemoryStore>,
    engine: Sender,
    next_life: u8,
    now_ms: i64,
    sold: Vec<String>,
}

impl Device {
    fn new(store: MemoryStore, me: Origin, next_life: u8) -> Self {
        let engine = Sender::new(SenderConfig::STANDARD, u64::from(next_life));
        Self { node: open(store, me), engine, next_life, now_ms: 0, sold: Vec::new() }
    }

    /// Sells; the receipt's counter goes on in its life, as the till's does.
    fn sell(&mut self, total: i64) {
        let me = self.node.me().clone();
        let life = self.node.own_stream().incarnation;
        let counter = self.node.own_head().unwrap().seq.0;
        let sale = mint_sale_id(&me.station, me.terminal.unwrap(), &life, counter).unwrap();
        let line = Line {
            product: ProductId::new("CD1001").unwrap(),
            quantity: Quantity::Volume(Volume(1_000)),
            unit_price: Money(total),
            amount: Money(total),
            tax: sync_proto::tax::TaxClass::Taxed,
            price_version: FeedVersion(1),
        };
        let tenders = vec![Tender::Cash { amount: Money(total) }];
        let sold =
            Sold { sale: sale.clone(), lines: vec![line], tenders, total: Money(total), vat: Money(0) };
        let day = BusinessDay::new("2026-11-23").unwrap();
        self.node.record(NOW, Some(&day), &[Draft::new(Fact::Sold(sold))], Beside::default()).unwrap();
        self.sold.push(format!("{sale} {total}"));
    }

    fn snapshot(&mut self) -> MemoryStore {
        self.node.store().clone()
    }

    /// Lets the engine talk to `upstream` until neither has anything to say; the lives that were begun.
    fn drain(&mut self, upstream: &mut Node<MemoryStore>) -> usize {
        let mut begun = 0;
        for _ in 0..1_000 {
            self.now_ms += 40_000;
            let mut todo = VecDeque::new();
            for each in self.node.outbox(UP).unwrap() {
                todo.extend(self.engine.handle(self.now_ms, each.input()));
            }
            todo.extend(self.engine.handle(self.now_ms, Input::Tick));
            while let Some(command) = todo.pop_front() {
                todo.extend(self.obey(command, upstream, &mut begun));
            }
            let quiet = self.node.outbox(UP).unwrap().iter().all(|each| each.head == each.acked);
            if quiet && !self.engine.pending() {
                return begun;
            }
        }
        panic!("it never drains: {:?}", self.node.outbox(UP));
    }

    fn obey(
        &mut self,
        command: Command,
        upstream: &mut Node<MemoryStore>,
        begun: &mut usize,
    ) -> Vec<Command> {
        match command {
            Command::Greet { stream, at } => {
                let hello = self.node.hello(stream, at).unwrap().unwrap();
                let Reply::Hello(answer) = self.ask(upstream, &Message::Hello(hello)) else { panic!() };
                let greeted = self.node.greeted(&answer).unwrap();
                self.engine.handle(self.now_ms, greeted)
            }
            Command::Send { stream, from, .. } => {
                let batch = self.node.batch(stream, from, &SenderConfig::STANDARD).unwrap().unwrap();
                let mut out = self.engine.handle(self.now_ms, Input::Sent { stream, to: batch.to(), len: 1 });
                let Reply::Receipt(receipt) = self.ask(upstream, &Message::Batch(batch)) else { panic!() };
                out.extend(self.engine.handle(self.now_ms, Input::Replied(receipt)));
                out
            }
            Command::Keep { stream, through } => {
                self.node.keep_ack(UP, stream, through, NOW.wall_ms).unwrap();
                Vec::new()
            }
            Command::UpstreamAhead { .. } | Command::Branch { .. } => {
                self.next_life += 1;
                *begun += usize::from(self.node.begin_life_for(&command, [self.next_life; 16], NOW).unwrap());
                Vec::new()
            }
            Command::Alarm { .. } => panic!("an alarm: {command:?}"),
        }
    }

    fn ask(&self, upstream: &mut Node<MemoryStore>, message: &Message) -> Reply {
        let me = self.node.me();
        let peer =
            Peer { station: me.station.clone(), device: me.device, role: me.role, terminal: me.terminal };
        Reply::decode(&upstream.receive(&peer, &message.encode(), "", NOW.wall_ms).unwrap()).unwrap()
    }
}

/// Receipt and total of every sale held, in the order in which they came, whichever stream they stand in.
fn sales(node: &mut Node<MemoryStore>) -> Vec<String> {
    let stored = node.store().all_entries().to_vec();
    let facts = stored.iter().filter_map(|stored| match Envelope::decode(&stored.entry.bytes) {
        Ok(Decoded::Known(envelope)) => Some(envelope.fact),
        _ => None,
    });
    let sold = facts.filter_map(|fact| match fact {
        Fact::Sold(sold) => Some(format!("{} {}", sold.sale, sold.total.0)),
        _ => None,
    });
    sold.collect()
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

fn till(store: MemoryStore, next_life: u8) -> Device {
    Device::new(store, origin(1, Role::Terminal), next_life)
}

#[test]
fn r4_a_till_put_back_three_days_sells_50_offline_and_all_of_them_arrive_beside_the_old_tail() {
    let mut agent = open(MemoryStore::default(), origin(9, Role::Agent));
    let mut before = till(MemoryStore::default(), 10);
    (0..20).for_each(|n| before.sell(1_000 + n));
    before.drain(&mut agent);
    let image = before.snapshot();
    (0..30).for_each(|n| before.sell(2_000 + n));
    before.drain(&mut agent);
    let old_tail = sales(&mut agent);
    assert_eq!(old_tail.len(), 50);

    let mut restored = till(image, 20);
    (0..50).for_each(|n| restored.sell(3_000 + n));
    assert_eq!(restored.drain(&mut agent), 1, "a new life was begun");
    let expected = sorted([before.sold, restored.sold].concat());
    assert_eq!(sorted(sales(&mut agent)), expected);
    // Numbers that both lives used are told: the money is set aside and counted, the entry is kept.
    let aside = agent.store().quarantined().unwrap();
    assert_eq!(aside.len(), 30);
    assert!(aside.iter().all(|row| row.amount.is_some() && row.reason.contains("used twice")));
}

#[test]
fn r4_a_till_put_back_that_has_not_sold_yet_begins_a_new_life_before_it_reuses_a_number() {
    let mut agent = open(MemoryStore::default(), origin(9, Role::Agent));
    let mut before = till(MemoryStore::default(), 10);
    before.sell(1_000);
    let image = before.snapshot();
    before.sell(2_000);
    before.drain(&mut agent);
    let mut restored = till(image, 20);
    assert_eq!(restored.drain(&mut agent), 1);
    restored.sell(3_000);
    restored.drain(&mut agent);
    assert_eq!(sorted(sales(&mut agent)), sorted([before.sold, restored.sold].concat()));
    assert_eq!(agent.store().quarantined().unwrap(), []);
}

#[test]
fn r4_what_a_till_put_back_sells_while_upstream_answers_is_carried_over() {
    let mut agent = open(MemoryStore::default(), origin(9, Role::Agent));
    let mut before = till(MemoryStore::default(), 10);
    before.sell(1_000);
    let image = before.snapshot();
    before.sell(2_000);
    before.sell(2_001);
    before.drain(&mut agent);

    let mut restored = till(image, 20);
    restored.sold.clear();
    let own = restored.node.own_stream();
    let head = restored.node.own_head().unwrap().seq;
    restored.engine.handle(0, Input::Head { stream: own, head, acked: Seq::NONE, own: true });
    let hello = restored.node.hello(own, head).unwrap().unwrap();
    let Reply::Hello(answer) = restored.ask(&mut agent, &Message::Hello(hello)) else { panic!() };
    // The answer is on its way: what is sold now takes a number that upstream knows for another sale.
    restored.sell(3_000);
    let greeted = restored.node.greeted(&answer).unwrap();
    let commands = restored.engine.handle(0, greeted);
    let mut begun = 0;
    for command in commands {
        restored.obey(command, &mut agent, &mut begun);
    }
    assert_eq!(begun, 1);
    restored.drain(&mut agent);
    assert_eq!(sorted(sales(&mut agent)), sorted([before.sold, restored.sold].concat()));
}

#[test]
fn r4_a_disk_cloned_to_two_machines_keeps_both_streams_apart() {
    let mut agent = open(MemoryStore::default(), origin(9, Role::Agent));
    let mut first = till(MemoryStore::default(), 10);
    first.sell(1_000);
    // The clone is taken while an entry is still pending, so that both send it.
    let mut second = till(first.snapshot(), 20);
    second.sold.clear();
    for n in 0..5 {
        first.sell(2_000 + n);
        second.sell(3_000 + n);
    }
    assert_eq!(first.drain(&mut agent), 0);
    assert_eq!(second.drain(&mut agent), 1);
    for n in 0..5 {
        first.sell(4_000 + n);
        second.sell(5_000 + n);
        assert_eq!(first.drain(&mut agent) + second.drain(&mut agent), 0);
    }
    assert_eq!(sorted(sales(&mut agent)), sorted([first.sold.clone(), second.sold.clone()].concat()));
    let streams: Vec<_> = agent.store().streams().unwrap().into_iter().filter(|row| !row.own).collect();
    assert_eq!(streams.len(), 2);
    assert_ne!(first.node.own_stream(), second.node.own_stream());
}

#[test]
fn r5_two_that_write_in_one_life_at_the_same_moment_are_told_apart_by_the_refused_batch() {
    let mut agent = open(MemoryStore::default(), origin(9, Role::Agent));
    let mut first = till(MemoryStore::default(), 10);
    first.drain(&mut agent);
    let mut second = till(first.snapshot(), 20);
    // Both have said hello and stand where the agent stands.
    second.drain(&mut agent);
    first.sell(1_000);
    second.sell(2_000);
    first.drain(&mut agent);
    assert_eq!(second.drain(&mut agent), 1);
    assert_eq!(sorted(sales(&mut agent)), sorted([first.sold, second.sold].concat()));
    assert!(agent.store().forks().iter().all(|fork| fork.key.seq >= Seq(2)), "what was refused is kept too");
}

#[test]
fn r11_a_head_office_put_back_gets_every_entry_again_and_none_twice() {
    let mut hq = open(MemoryStore::default(), origin(50, Role::Hq));
    let mut device = till(MemoryStore::default(), 10);
    (0..10).for_each(|n| device.sell(1_000 + n));
    device.drain(&mut hq);
    let backup = hq.store().clone();
    (0..10).for_each(|n| device.sell(2_000 + n));
    device.drain(&mut hq);
    let mut restored = open(backup, origin(50, Role::Hq));
    restored.reincarnate([77; 16], "restored", NOW).unwrap();
    assert_eq!(sales(&mut restored).len(), 10);
    // Nothing is pending: the comparison after the link came up finds it.
    device.engine.handle(device.now_ms, Input::LinkUp);
    for _ in 0..3 {
        device.now_ms += SenderConfig::STANDARD.verify_spread_ms;
        device.drain(&mut restored);
    }
    assert_eq!(sales(&mut restored), device.sold);
}

#[test]
fn a_carried_life_ends_for_upstream_where_it_was_common_also_after_a_restart_and_a_rewind() {
    let mut hq = open(MemoryStore::default(), origin(50, Role::Hq));
    let empty = hq.store().clone();
    let mut first = till(MemoryStore::default(), 10);
    first.sell(1_000);
    let mut second = till(first.snapshot(), 20);
    first.sell(2_000);
    second.sell(3_000);
    first.drain(&mut hq);
    assert_eq!(second.drain(&mut hq), 1);
    // Head office loses everything, and the two come back the other way round.
    let mut fresh = open(empty, origin(50, Role::Hq));
    let mut second = till(second.snapshot(), 30);
    assert_eq!(second.drain(&mut fresh), 0);
    let mut first = till(first.snapshot(), 40);
    assert_eq!(first.drain(&mut fresh), 0);
    let totals: Vec<String> =
        sales(&mut fresh).iter().filter_map(|line| line.split(' ').nth(1).map(str::to_owned)).collect();
    assert_eq!(sorted(totals), ["1000", "2000", "3000"]);
}

/// Everything that `from` may give back to `to`, taken.
fn rebuild(to: &mut Node<MemoryStore>, from: &mut Node<MemoryStore>) -> usize {
    let me = to.me().clone();
    let peer = Peer { station: me.station, device: me.device, role: me.role, terminal: me.terminal };
    let mut ask = |message: Message| {
        Reply::decode(&from.receive(&peer, &message.encode(), "", NOW.wall_ms).unwrap()).unwrap()
    };
    let Reply::Streams(list) = ask(Message::ListStreams(ListStreams { after: None })) else { panic!() };
    let mut streams = 0;
    for held in list.streams {
        while let Some(from) = to.wanted_from(&held).unwrap() {
            let Reply::Fetched(fetched) = ask(Message::Fetch(Fetch { stream: held.stream, from })) else {
                panic!()
            };
            to.take_back(&held, fetched.batch.unwrap(), UP, NOW.wall_ms).unwrap().unwrap();
            streams += 1;
        }
    }
    streams
}

#[test]
fn r38_an_agent_whose_box_was_replaced_is_rebuilt_from_head_office_with_the_same_books() {
    let mut hq = open(MemoryStore::default(), origin(50, Role::Hq));
    let mut agent = Device::new(MemoryStore::default(), origin(9, Role::Agent), 30);
    let mut device = till(MemoryStore::default(), 10);
    (0..20).for_each(|n| device.sell(1_000 + n));
    let moved = sync_proto::fact::StockMoved {
        product: ProductId::new("CD1001").unwrap(),
        quantity: Quantity::Volume(Volume(5_000)),
        reason: sync_proto::fact::StockMoveReason::Transfer,
    };
    let day = BusinessDay::new("2026-11-23").unwrap();
    agent.node.record(NOW, Some(&day), &[Draft::new(Fact::StockMoved(moved))], Beside::default()).unwrap();
    device.drain(&mut agent.node);
    agent.drain(&mut hq);
    let books = |node: &mut Node<MemoryStore>| {
        let stock: Option<Stock> = node.get(&Stock::key("ST0001", "CD1001")).unwrap();
        stock.map(|row| row.on_hand_milli)
    };

    let mut replaced = Device::new(MemoryStore::default(), origin(8, Role::Agent), 40);
    assert_eq!(rebuild(&mut replaced.node, &mut hq), 2, "the till's journal and the old agent's");
    assert_eq!(sales(&mut replaced.node), device.sold);
    assert_eq!(books(&mut replaced.node), books(&mut agent.node));
    assert_eq!(books(&mut replaced.node), Some(5_000 - 20_000));
    // What came from head office does not go there again, and the till finds nothing to send.
    assert!(replaced.node.outbox(UP).unwrap().iter().all(|each| each.own || each.head == each.acked));
    replaced.drain(&mut hq);
    assert_eq!(device.drain(&mut replaced.node), 0);
    assert_eq!(sales(&mut replaced.node), device.sold);
    assert_eq!(rebuild(&mut replaced.node, &mut hq), 0);
}

#[test]
fn r38_a_till_put_back_takes_its_lost_tail_back_from_its_agent_into_the_life_it_belongs_to() {
    let mut agent = open(MemoryStore::default(), origin(9, Role::Agent));
    let mut before = till(MemoryStore::default(), 10);
    before.sell(1_000);
    let image = before.snapshot();
    before.sell(2_000);
    before.drain(&mut agent);
    let mut restored = till(image, 20);
    assert_eq!(restored.drain(&mut agent), 1);
    assert_eq!(rebuild(&mut restored.node, &mut agent), 1);
    assert_eq!(sales(&mut restored.node), before.sold);
    restored.sell(3_000);
    assert_eq!(restored.drain(&mut agent), 0);
    assert_eq!(sorted(sales(&mut agent)), sorted([before.sold, restored.sold].concat()));
}

#[test]
fn r38_an_earlier_life_that_was_taken_back_is_not_written_on_after_a_restart() {
    let mut agent = open(MemoryStore::default(), origin(9, Role::Agent));
    let mut before = till(MemoryStore::default(), 10);
    before.sell(1_000);
    before.drain(&mut agent);
    // Printed, and never sent: its number must not come again.
    before.sell(2_000);
    let me = before.node.me().clone();
    let books = Arc::new(All(vec![Box::new(Ledger::new(Depth::Till))]));
    let mut fresh = Node::open_because(MemoryStore::default(), books, me, [77; 16], "damaged", NOW).unwrap();
    let life = fresh.own_stream();
    assert_eq!(rebuild(&mut fresh, &mut agent), 1);
    let store = std::mem::take(fresh.store());
    let mut again = till(store, 20);
    assert_eq!(again.node.own_stream(), life);
    again.sell(3_000);
    assert!(!before.sold.iter().any(|sold| sold.split(' ').next() == again.sold[0].split(' ').next()));
}

#[test]
fn r38_a_till_in_the_place_of_another_does_not_send_what_it_was_given_back() {
    let mut agent = open(MemoryStore::default(), origin(9, Role::Agent));
    let mut before = till(MemoryStore::default(), 10);
    before.sell(1_000);
    before.drain(&mut agent);
    let place = Origin { device: DeviceId([3; 16]), ..origin(1, Role::Terminal) };
    let mut replaced = Device::new(MemoryStore::default(), place, 20);
    assert_eq!(rebuild(&mut replaced.node, &mut agent), 1);
    replaced.sell(2_000);
    assert_eq!(replaced.drain(&mut agent), 0);
    assert_eq!(sorted(sales(&mut agent)), sorted([before.sold, replaced.sold].concat()));
}

#[test]
fn r38_nobody_gets_a_journal_of_another_station() {
    let mut hq = open(MemoryStore::default(), origin(50, Role::Hq));
    let mut device = till(MemoryStore::default(), 10);
    device.sell(1_000);
    device.drain(&mut hq);
    let mut elsewhere = origin(7, Role::Agent);
    elsewhere.station = StationCode::new("ST0002").unwrap();
    let mut stranger = open(MemoryStore::default(), elsewhere);
    assert_eq!(rebuild(&mut stranger, &mut hq), 0);
    let me = stranger.me().clone();
    let peer = Peer { station: me.station, device: me.device, role: me.role, terminal: me.terminal };
    let asked = Message::Fetch(Fetch { stream: device.node.own_stream(), from: Seq(1) }).encode();
    let reply = Reply::decode(&hq.receive(&peer, &asked, "", NOW.wall_ms).unwrap()).unwrap();
    assert!(matches!(reply, Reply::Fetched(Fetched { batch: None })));
    // Another till of the same station has no business with it either.
    let mut other = open(MemoryStore::default(), origin(2, Role::Terminal));
    assert_eq!(rebuild(&mut other, &mut hq), 0);
}
