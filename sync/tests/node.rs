//! A node among peers: who may send what, what steps aside, what personal data may do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap in a test is a failed test")]

use std::sync::Arc;

use sync::node::{Applied, Beside, FeedApply};
use sync::store::memory::MemoryStore;
use sync::{Draft, Node, NodeError, Peer, Store, codec};
use sync_proto::catalogue::Catalogue;
use sync_proto::engine::SenderConfig;
use sync_proto::fact::{AccountOpened, FeedScope, Line, Sold, SubjectNamed, Tender};
use sync_proto::ids::mint_sale_id;
use sync_proto::ledger::tables::Stock;
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::wire::{FeedCursor, Message, Outcome, Pull, RefusalCode, Reply};
use sync_proto::{
    AccountId, BusinessDay, DeviceId, Fact, FeedVersion, Money, Origin, ProductId, Quantity, Role, Seq,
    Stamp, StationCode, TerminalNo, Volume,
};

const NOW: Stamp = Stamp::at_wall_ms(1_795_478_400_000);

fn origin(station: &str, n: u8, role: Role) -> Origin {
    let terminal = (role == Role::Terminal).then_some(TerminalNo(u16::from(n)));
    Origin { station: StationCode::new(station).unwrap(), device: DeviceId([n; 16]), role, terminal }
}

fn node(me: Origin) -> Node<MemoryStore> {
    let books = All(vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Station))]);
    let life = [me.device.0[0].wrapping_add(100); 16];
    Node::open(MemoryStore::default(), Arc::new(books), me, life, NOW).unwrap()
}

fn peer(me: &Origin) -> Peer {
    Peer { station: me.station.clone(), device: me.device, role: me.role, terminal: me.terminal }
}

fn sold(node: &Node<MemoryStore>, counter: u64, total: i64, tendered: i64) -> Draft {
    let me = node.me();
    let life = node.own_stream().incarnation;
    let line = Line {
        product: ProductId::new("CD1001").unwrap(),
        quantity: Quantity::Volume(Volume(20_000)),
        unit_price: Money(total / 20),
        amount: Money(total),
        tax: sync_proto::tax::TaxClass::Taxed,
        price_version: FeedVersion(1),
    };
    Draft::new(Fact::Sold(Sold {
        sale: mint_sale_id(&me.station, me.terminal.unwrap(), &life, counter).unwrap(),
        lines: vec![line],
        tenders: vec![Tender::Cash { amount: Money(tendered) }],
        total: Money(total),
        vat: Money(0),
    }))
}

fn record(node: &mut Node<MemoryStore>, draft: Draft) -> Result<(), NodeError> {
    let day = BusinessDay::new("2026-11-23").unwrap();
    node.record(NOW, Some(&day), &[draft], Beside::default()).map(drop)
}

fn outcome(upstream: &mut Node<MemoryStore>, from: &Peer, message: &Message) -> Outcome {
    let reply = upstream.receive(from, &message.encode(), "hq", NOW.wall_ms).unwrap();
    match Reply::decode(&reply).unwrap() {
        Reply::Receipt(receipt) => receipt.outcome,
        other => panic!("a batch is answered by a receipt, not {other:?}"),
    }
}

fn whole_journal(node: &mut Node<MemoryStore>) -> Message {
    let own = node.own_stream();
    Message::Batch(node.batch(own, Seq(1), &SenderConfig::STANDARD).unwrap().unwrap())
}

fn stock(node: &mut Node<MemoryStore>) -> i64 {
    let row: Option<Stock> = node.get(&Stock::key("ST0001", "CD1001")).unwrap();
    row.map_or(0, |row| row.on_hand_milli)
}

#[test]
fn a_batch_delivered_twice_counts_once() {
    let mut till = node(origin("ST0001", 1, Role::Terminal));
    let mut agent = node(origin("ST0001", 9, Role::Agent));
    let sale = sold(&till, 1, 33_400, 33_400);
    record(&mut till, sale).unwrap();
    let (from, batch) = (peer(till.me()), whole_journal(&mut till));
    assert_eq!(outcome(&mut agent, &from, &batch), Outcome::Accepted { through: Seq(2) });
    assert_eq!(outcome(&mut agent, &from, &batch), Outcome::Duplicate { through: Seq(2) });
    assert_eq!(stock(&mut agent), -20_000);
}

#[test]
fn a_till_sends_only_its_own_stream_and_an_agent_only_those_of_its_station() {
    let mut till = node(origin("ST0001", 1, Role::Terminal));
    let batch = whole_journal(&mut till);
    let refused = Outcome::Refused { code: RefusalCode::Forbidden };
    let mut agent = node(origin("ST0001", 9, Role::Agent));
    let other_till = peer(&origin("ST0001", 2, Role::Terminal));
    assert_eq!(outcome(&mut agent, &other_till, &batch), refused);
    let mut hq = node(origin("HQ", 50, Role::Hq));
    let other_station = peer(&origin("ST0002", 8, Role::Agent));
    assert_eq!(outcome(&mut hq, &other_station, &batch), refused);
    let own_station = peer(agent.me());
    assert_eq!(outcome(&mut hq, &own_station, &batch), Outcome::Accepted { through: Seq(1) });
    // Known by now, and still not the other station's to continue.
    let sale = sold(&till, 1, 33_400, 33_400);
    record(&mut till, sale).unwrap();
    assert_eq!(outcome(&mut hq, &other_station, &whole_journal(&mut till)), refused);
    assert_eq!(hq.store().quarantined().unwrap(), []);
}

#[test]
fn another_station_learns_nothing_of_a_stream_and_leaves_no_fork_in_it() {
    let mut hq = node(origin("HQ", 50, Role::Hq));
    let (own_station, other_station) =
        (peer(&origin("ST0001", 9, Role::Agent)), peer(&origin("ST0002", 8, Role::Agent)));
    let [true_journal, forged] = [33_400, 35_000].map(|total| {
        let mut till = node(origin("ST0001", 1, Role::Terminal));
        let sale = sold(&till, 1, total, total);
        record(&mut till, sale).unwrap();
        whole_journal(&mut till)
    });
    assert_eq!(outcome(&mut hq, &own_station, &true_journal), Outcome::Accepted { through: Seq(2) });
    for theirs in [&true_journal, &forged] {
        let refused = Outcome::Refused { code: RefusalCode::Forbidden };
        assert_eq!(outcome(&mut hq, &other_station, theirs), refused);
    }
    assert_eq!(hq.store().forks(), []);
}

#[test]
fn an_agent_opens_no_journal_of_head_office() {
    let mut hq = node(origin("HQ", 9, Role::Hq));
    let agent = peer(&origin("ST0001", 7, Role::Agent));
    for (n, role) in [(30, Role::Hq), (31, Role::Agent), (32, Role::Office)] {
        let mut made_up = node(origin("ST0001", n, role));
        let message = whole_journal(&mut made_up);
        assert_eq!(
            outcome(&mut hq, &agent, &message),
            Outcome::Refused { code: RefusalCode::Forbidden },
            "{role:?}"
        );
    }
    let mut till = node(origin("ST0001", 33, Role::Terminal));
    assert!(matches!(outcome(&mut hq, &agent, &whole_journal(&mut till)), Outcome::Accepted { .. }));
}

#[test]
fn what_head_office_decides_counts_from_its_own_journal_only() {
    let mut hq = node(origin("HQ", 9, Role::Hq));
    let mut till = node(origin("ST0001", 1, Role::Terminal));
    let me = till.me().clone();
    publish_price(&mut till, 1, 0);
    assert!(matches!(outcome(&mut hq, &peer(&me), &whole_journal(&mut till)), Outcome::Accepted { .. }));
    let aside = hq.store().quarantined().unwrap();
    assert_eq!(aside.len(), 1);
    assert!(aside[0].reason.contains("PriceScheduled"), "{}", aside[0].reason);
}

#[test]
fn a_station_feed_is_not_told_to_another_station() {
    let mut hq = node(origin("HQ", 50, Role::Hq));
    let scope = FeedScope::Station(StationCode::new("ST0001").unwrap());
    let pull = Message::Pull(Pull { scope, cursor: FeedCursor::START, whole: false }).encode();
    assert!(hq.receive(&peer(&origin("ST0001", 9, Role::Agent)), &pull, "", 0).is_ok());
    assert!(hq.receive(&peer(&origin("ST0002", 8, Role::Agent)), &pull, "", 0).is_err());
}

#[test]
fn a_fact_that_contradicts_itself_is_refused_where_it_is_written_and_nothing_is_recorded() {
    let mut till = node(origin("ST0001", 1, Role::Terminal));
    let sale = sold(&till, 1, 33_400, 33_000);
    assert!(matches!(record(&mut till, sale), Err(NodeError::Rejected(_))));
    assert_eq!(till.outbox("agent").unwrap()[0].head, Seq(1));
    let once = sold(&till, 1, 33_400, 33_400);
    record(&mut till, once.clone()).unwrap();
    assert!(matches!(record(&mut till, once), Err(NodeError::Rejected(_))), "a receipt number is used once");
}

#[test]
fn r39_a_name_travels_in_a_feed_and_never_enters_a_journal() {
    let mut agent = node(origin("ST0001", 9, Role::Agent));
    let account = AccountId::new("AC-1").unwrap();
    let named =
        Fact::SubjectNamed(SubjectNamed { account: account.clone(), name: "홍길동 물류".into() });
    assert!(matches!(record(&mut agent, Draft::new(named.clone())), Err(NodeError::Personal(_))));
    let scope = FeedScope::Local(StationCode::new("ST0001").unwrap());
    let opened = Fact::AccountOpened(AccountOpened { account, limit: None });
    let drafts = [
        Draft::published(opened, scope.clone(), "account/AC-1"),
        Draft::published(named, scope, "subject/AC-1"),
    ];
    let recorded = agent.record(NOW, None, &drafts, Beside::default()).unwrap();
    assert_eq!(recorded.entries.len(), 1);
    let journal = agent.store().all_entries();
    let spoken = journal.iter().filter(|each| String::from_utf8_lossy(&each.entry.bytes).contains("홍길동"));
    assert_eq!(spoken.count(), 0);
}

#[test]
fn r21_a_feed_is_applied_with_its_cursor_and_reported_in_one_commit() {
    let mut hq = node(origin("HQ", 50, Role::Hq));
    let price = sync_proto::fact::PriceScheduled {
        product: ProductId::new("CD1001").unwrap(),
        scope: sync_proto::fact::PriceScope::Chain,
        price: Money(1_670),
        effective_at_ms: 0,
    };
    let key = sync_proto::catalogue::price_feed_key(&price);
    record(&mut hq, Draft::published(Fact::PriceScheduled(price), FeedScope::Chain, key)).unwrap();
    let mut agent = node(origin("ST0001", 9, Role::Agent));
    let pull = agent.next_feed_message(&FeedScope::Chain).unwrap();
    let reply = hq.receive(&peer(agent.me()), &pull.encode(), "", NOW.wall_ms).unwrap();
    let Ok(Reply::Pull(answer)) = Reply::decode(&reply) else { panic!("a pull is answered by a pull") };
    let how = FeedApply { relay: true, report: true };
    let before = agent.commits();
    assert_eq!(agent.apply_pull(&answer, how, NOW).unwrap(), Applied::Changed);
    assert_eq!(agent.commits(), before + 1);
    assert_eq!(
        agent.apply_pull(&answer, how, NOW).unwrap(),
        Applied::Late,
        "the same answer again changes nothing"
    );
    let found: Option<sync_proto::catalogue::Price> =
        agent.get(&sync_proto::catalogue::Price::key("CD1001", "", 0)).unwrap();
    assert_eq!(found.unwrap().price, 1_670);
    assert_eq!(agent.outbox("hq").unwrap()[0].head, Seq(2), "StreamOpened, then FeedApplied");
}

#[test]
fn a_compression_bomb_and_garbage_are_refused_and_nothing_is_stored() {
    let mut till = node(origin("ST0001", 1, Role::Terminal));
    let from = peer(till.me());
    let mut agent = node(origin("ST0001", 9, Role::Agent));
    let Message::Batch(mut batch) = whole_journal(&mut till) else { panic!("a journal is sent as a batch") };
    batch.codec = sync_proto::wire::CODEC_ZSTD;
    batch.body = zstd::bulk::compress(&vec![0u8; codec::BODY_LEN_MAX + 1], 3).unwrap();
    let len_max = u32::try_from(codec::BODY_LEN_MAX).unwrap();
    let too_large = Outcome::TooLarge { len_max };
    assert_eq!(outcome(&mut agent, &from, &Message::Batch(batch.clone())), too_large);
    let refused = Outcome::Refused { code: RefusalCode::Malformed };
    batch.body.truncate(9);
    batch.codec = 77;
    assert_eq!(outcome(&mut agent, &from, &Message::Batch(batch)), refused);
    assert!(agent.receive(&from, b"GET / HTTP/1.1\r\n\r\n", "hq", 0).is_err());
    assert!(agent.receive(&from, b"", "hq", 0).is_err());
    assert_eq!(agent.store().streams().unwrap().len(), 1, "only its own");
}

#[test]
fn r4_a_new_life_cites_the_one_before_and_both_arrive() {
    let mut till = node(origin("ST0001", 1, Role::Terminal));
    let sale = sold(&till, 1, 33_400, 33_400);
    record(&mut till, sale).unwrap();
    let first = whole_journal(&mut till);
    till.reincarnate([77; 16], "restored", NOW).unwrap();
    let sale = sold(&till, 1, 50_000, 50_000);
    record(&mut till, sale).unwrap();
    let second = whole_journal(&mut till);
    let mut agent = node(origin("ST0001", 9, Role::Agent));
    let from = peer(till.me());
    assert_eq!(outcome(&mut agent, &from, &second), Outcome::Accepted { through: Seq(2) });
    assert_eq!(outcome(&mut agent, &from, &first), Outcome::Accepted { through: Seq(2) });
    assert_eq!(stock(&mut agent), -40_000);
}

#[test]
fn r18_versions_follow_the_commits_and_a_polling_reader_misses_nothing() {
    let mut hq = node(origin("HQ", 50, Role::Hq));
    let mut agent = node(origin("ST0001", 9, Role::Agent));
    let from = peer(agent.me());
    let how = FeedApply { relay: true, report: false };
    for round in 0..30i64 {
        let price = sync_proto::fact::PriceScheduled {
            product: ProductId::new("CD1001").unwrap(),
            scope: sync_proto::fact::PriceScope::Chain,
            price: Money(1_600 + round),
            effective_at_ms: round,
        };
        let key = sync_proto::catalogue::price_feed_key(&price);
        let draft = Draft::published(Fact::PriceScheduled(price), FeedScope::Chain, key);
        let versions = hq.record(NOW, None, &[draft], Beside::default()).unwrap().versions;
        assert_eq!(versions, [FeedVersion(u64::try_from(round).unwrap() + 1)]);
        if round % 3 == 0 {
            let pull = agent.next_feed_message(&FeedScope::Chain).unwrap().encode();
            let reply = hq.receive(&from, &pull, "", 0).unwrap();
            let Ok(Reply::Pull(answer)) = Reply::decode(&reply) else { panic!("an answer to a pull") };
            agent.apply_pull(&answer, how, NOW).unwrap();
        }
    }
    for round in 0..=27i64 {
        let key = sync_proto::catalogue::Price::key("CD1001", "", round);
        let row: Option<sync_proto::catalogue::Price> = agent.get(&key).unwrap();
        assert_eq!(row.unwrap().price, 1_600 + round);
    }
}

fn publish_price(hq: &mut Node<MemoryStore>, price: i64, effective_at_ms: i64) {
    let price = sync_proto::fact::PriceScheduled {
        product: ProductId::new("CD1001").unwrap(),
        scope: sync_proto::fact::PriceScope::Chain,
        price: Money(price),
        effective_at_ms,
    };
    let key = sync_proto::catalogue::price_feed_key(&price);
    record(hq, Draft::published(Fact::PriceScheduled(price), FeedScope::Chain, key)).unwrap();
}

fn pull_all(hq: &mut Node<MemoryStore>, agent: &mut Node<MemoryStore>) {
    let from = peer(agent.me());
    for _ in 0..4 {
        let pull = agent.next_feed_message(&FeedScope::Chain).unwrap().encode();
        let reply = hq.receive(&from, &pull, "", 0).unwrap();
        let Ok(Reply::Pull(answer)) = Reply::decode(&reply) else { panic!("an answer to a pull") };
        agent.apply_pull(&answer, FeedApply { relay: true, report: false }, NOW).unwrap();
    }
}

#[test]
fn r11_prices_arrive_again_after_hq_was_put_back_to_an_older_copy() {
    let mut hq = node(origin("HQ", 50, Role::Hq));
    let mut agent = node(origin("ST0001", 9, Role::Agent));
    publish_price(&mut hq, 1_600, 0);
    let backup = hq.store().clone();
    publish_price(&mut hq, 1_700, 10);
    publish_price(&mut hq, 1_800, 20);
    pull_all(&mut hq, &mut agent);
    let books = All(vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Station))]);
    let mut hq = Node::open(backup, Arc::new(books), origin("HQ", 50, Role::Hq), [1; 16], NOW).unwrap();
    publish_price(&mut hq, 1_650, 30);
    pull_all(&mut hq, &mut agent);
    let key = sync_proto::catalogue::Price::key("CD1001", "", 30);
    let row: Option<sync_proto::catalogue::Price> = agent.get(&key).unwrap();
    assert_eq!(row.unwrap().price, 1_650);
    assert_eq!(
        agent.store().feed_head(&FeedScope::Chain).unwrap(),
        hq.store().feed_head(&FeedScope::Chain).unwrap()
    );
}

#[test]
fn r20_an_answer_that_continues_another_cursor_is_left_alone() {
    let mut hq = node(origin("HQ", 50, Role::Hq));
    let mut agent = node(origin("ST0001", 9, Role::Agent));
    let from = peer(agent.me());
    let how = FeedApply { relay: true, report: false };
    publish_price(&mut hq, 1_600, 0);
    let ask = |hq: &mut Node<MemoryStore>, agent: &mut Node<MemoryStore>| {
        let pull = agent.next_feed_message(&FeedScope::Chain).unwrap().encode();
        match Reply::decode(&hq.receive(&from, &pull, "", 0).unwrap()).unwrap() {
            Reply::Pull(answer) => answer,
            other => panic!("an answer to a pull, not {other:?}"),
        }
    };
    let first = ask(&mut hq, &mut agent);
    agent.apply_pull(&first, how, NOW).unwrap();
    publish_price(&mut hq, 1_700, 10);
    let second = ask(&mut hq, &mut agent);
    // The second comes twice and the first once more, late: a network may do that.
    assert_eq!(agent.apply_pull(&second, how, NOW).unwrap(), Applied::Changed);
    assert_eq!(agent.apply_pull(&first, how, NOW).unwrap(), Applied::Late);
    assert_eq!(agent.apply_pull(&second, how, NOW).unwrap(), Applied::Late);
    let mut fresh = node(origin("ST0002", 8, Role::Agent));
    assert_eq!(
        fresh.apply_pull(&second, how, NOW).unwrap(),
        Applied::Late,
        "it would leave a hole before it"
    );
    assert_eq!(fresh.store().feed_head(&FeedScope::Chain).unwrap(), None);
}
