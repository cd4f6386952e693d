//! R21 and R22: whole or not at all, staged beside, resumed after a cut, swapped in.

use sync::node::Applied;
use sync::store::memory::MemoryStore;
use sync::store::{Commit, FeedHead, StoredEntry, StreamRow};
use sync::{Draft, Node, Store, StoreError};
use sync_proto::catalogue::Product;
use sync_proto::fact::{FeedScope, Shipped, SubjectNamed};
use sync_proto::ledger::{Delivery, Subject};
use sync_proto::rows::{RowKey, TableSpec, Value};
use sync_proto::wire::{FeedItem, MESSAGE_LEN_MAX, News, Reply};
use sync_proto::{
    AccountId, ChainHash, Entry, Fact, FeedVersion, Incarnation, OrderId, ProductId, Quantity, Seq, ShipId,
    StreamId, Volume,
};

use crate::cast::*;

/// Enough for several parts, few enough for a test without optimisation.
const PRODUCTS: u32 = 3_000;
/// What the largest chain has.
const WHOLE_CHAIN: u32 = 20_000;

#[test]
fn r22_a_first_fill_is_a_snapshot_in_parts_that_fit_a_message_and_deltas_follow_it() {
    let (mut hq, mut agent, mut till) =
        (in_memory(hq_origin()), in_memory(agent_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, WHOLE_CHAIN);
    let Reply::Pull(offer) = ask(&mut agent, &mut hq, &CHAIN) else { panic!("a pull is answered") };
    let News::Offer { parts, .. } = offer.news else { panic!("a snapshot is offered") };
    assert!(parts > 1 && offer.whole, "{parts} parts");
    let reply = Reply::Pull(offer);
    assert_eq!(apply(&mut agent, &reply, AGENT), Applied::Staged);
    for part in 0..parts {
        assert!(table::<Product, _>(&mut agent).is_empty(), "nothing of it shows before all of it is there");
        let reply = ask(&mut agent, &mut hq, &CHAIN);
        assert!(reply.encode().len() < MESSAGE_LEN_MAX / 2);
        let done = if part + 1 == parts { Applied::Changed } else { Applied::Staged };
        assert_eq!(apply(&mut agent, &reply, AGENT), done);
    }
    assert_same(&mut hq, &mut agent);
    assert_eq!(agent.store().feed_head(&CHAIN).unwrap(), hq.store().feed_head(&CHAIN).unwrap());
    publish(&mut hq, NOW_MS, &[price(7, 7_777)]);
    assert_eq!(
        pull(&mut agent, &mut hq, &CHAIN, AGENT),
        2,
        "one answer, and one that says that there is no more"
    );
    assert_same(&mut hq, &mut agent);
    // The agent fills its till from its own items, head office away.
    drop(hq);
    pull(&mut till, &mut agent, &CHAIN, TILL);
    assert_same(&mut agent, &mut till);
    assert!(!differs(&mut till, &mut agent, &CHAIN, TILL));
}

#[test]
fn r21_a_change_of_everything_is_applied_in_one_commit() {
    let (mut hq, mut till) = (in_memory(hq_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, PRODUCTS);
    pull(&mut till, &mut hq, &CHAIN, TILL);
    let drafts: Vec<Draft> = (1..=PRODUCTS).map(|n| price(n, 2_000)).collect();
    publish(&mut hq, NOW_MS, &drafts);
    let won = |till: &mut Node<MemoryStore>| -> Vec<i64> {
        let mut won: Vec<i64> =
            table::<sync_proto::catalogue::Price, _>(till).into_iter().map(|row| row.price).collect();
        won.dedup();
        won
    };
    let mut last = Applied::Staged;
    while last == Applied::Staged {
        assert_eq!(won(&mut till), [1_000], "no till sells half of a change");
        let reply = ask(&mut till, &mut hq, &CHAIN);
        if let Reply::Pull(answer) = &reply {
            assert!(!answer.whole, "the products did not change and are not sent again");
        }
        last = apply(&mut till, &reply, TILL);
    }
    assert_eq!(won(&mut till), [2_000]);
    assert_same(&mut hq, &mut till);
}

#[test]
fn r22_a_cut_or_a_restart_goes_on_with_the_next_part_from_whoever_has_the_same_items() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("till.db");
    let (mut hq, mut agent) = (in_memory(hq_origin()), in_memory(agent_origin()));
    publish_catalogue(&mut hq, PRODUCTS);
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    let mut till = on_disk(&path, till_origin());
    for _ in 0..2 {
        let reply = ask(&mut till, &mut agent, &CHAIN);
        assert_eq!(apply(&mut till, &reply, TILL), Applied::Staged);
    }
    drop(till);
    let mut till = on_disk(&path, till_origin());
    assert_eq!(till.store().feed_stage(&CHAIN).unwrap().unwrap().have, 1);
    // Another process of head office, which never built this snapshot, goes on with it.
    let mut hq = open(hq.store().clone(), hq_origin());
    let reply = ask(&mut till, &mut hq, &CHAIN);
    assert!(matches!(&reply, Reply::Part(part) if part.part == 1 && part.body.is_some()));
    apply(&mut till, &reply, TILL);
    pull(&mut till, &mut agent, &CHAIN, TILL);
    assert_same(&mut hq, &mut till);
}

#[test]
fn r22_a_snapshot_that_is_gone_is_replaced_by_the_next_one() {
    let (mut hq, mut till) = (in_memory(hq_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, PRODUCTS);
    for _ in 0..2 {
        let reply = ask(&mut till, &mut hq, &CHAIN);
        apply(&mut till, &reply, TILL);
    }
    publish(&mut hq, NOW_MS, &[price(1, 9_999)]);
    // A restart forgets what was built, and the items have moved on.
    let mut hq = open(hq.store().clone(), hq_origin());
    let reply = ask(&mut till, &mut hq, &CHAIN);
    assert!(matches!(&reply, Reply::Part(part) if part.body.is_none()));
    assert_eq!(apply(&mut till, &reply, TILL), Applied::Late);
    assert_eq!(till.store().feed_stage(&CHAIN).unwrap(), None);
    pull(&mut till, &mut hq, &CHAIN, TILL);
    assert_same(&mut hq, &mut till);
}

#[test]
fn r22_a_part_that_is_not_what_was_offered_is_never_swapped_in() {
    let (mut hq, mut till) = (in_memory(hq_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, PRODUCTS);
    let mut forged = in_memory(hq_origin());
    let drafts: Vec<Draft> = (1..=PRODUCTS).flat_map(|n| [product(n, "forge"), price(n, 1_000)]).collect();
    drafts.chunks(400).for_each(|chunk| publish(&mut forged, NOW_MS, chunk));
    let mut other = in_memory(till_origin());
    for _ in 0..2 {
        let reply = ask(&mut other, &mut forged, &CHAIN);
        apply(&mut other, &reply, TILL);
    }
    let offer = ask(&mut till, &mut hq, &CHAIN);
    apply(&mut till, &offer, TILL);
    loop {
        let mut reply = ask(&mut till, &mut hq, &CHAIN);
        if let Reply::Part(part) = &mut reply
            && part.part == 1
            && let Reply::Part(theirs) = ask(&mut other, &mut forged, &CHAIN)
        {
            part.body = theirs.body;
        }
        match apply(&mut till, &reply, TILL) {
            Applied::Staged => {}
            Applied::Late => break,
            applied => panic!("a forged part was taken: {applied:?}"),
        }
    }
    assert!(table::<Product, _>(&mut till).is_empty());
    pull(&mut till, &mut hq, &CHAIN, TILL);
    assert_same(&mut hq, &mut till);
}

#[test]
fn r22_what_is_no_longer_live_goes_and_what_stands_on_the_ground_stays() {
    let (mut hq, mut agent) = (in_memory(hq_origin()), in_memory(agent_origin()));
    publish(&mut hq, NOW_MS, &[product(1, "kept"), product(2, "retired"), price(1, 500)]);
    let shipped = Shipped {
        ship: ShipId::new("SH-1").unwrap(),
        order: OrderId::new("OR-1").unwrap(),
        station: station(),
        product: ProductId::new("PR00001").unwrap(),
        quantity: Quantity::Volume(Volume(1_000)),
        car_number: "12가3456".into(),
        dest_addr: String::new(),
    };
    publish(&mut hq, NOW_MS, &[Draft::published(Fact::Shipped(shipped), here(), "shipped/OR-1")]);
    for scope in [CHAIN, here()] {
        pull(&mut agent, &mut hq, &scope, AGENT);
    }
    // Another life of head office, which has neither the second product nor the shipment.
    let mut hq = in_memory(hq_origin());
    hq.reincarnate([77; 16], "restored", at(NOW_MS)).unwrap();
    publish(&mut hq, NOW_MS, &[product(1, "kept"), price(1, 500)]);
    publish(&mut hq, NOW_MS, &[price_at(1, sync_proto::fact::PriceScope::Station(station()), 600, 0)]);
    for scope in [CHAIN, here()] {
        pull(&mut agent, &mut hq, &scope, AGENT);
    }
    assert_same(&mut hq, &mut agent);
    assert_eq!(table::<Product, _>(&mut agent).len(), 1);
    assert_eq!(table::<Delivery, _>(&mut agent).len(), 1, "a tanker is on its way, whatever a feed says");
}

#[test]
fn r39_a_name_that_was_erased_goes_from_a_till_that_was_away() {
    let (mut agent, mut till) = (in_memory(agent_origin()), in_memory(till_origin()));
    let local = FeedScope::Local(station());
    let named = |id: &str| {
        let fact = SubjectNamed { account: AccountId::new(id).unwrap(), name: format!("홍길동 {id}") };
        Draft::published(Fact::SubjectNamed(fact), local.clone(), format!("subject/{id}"))
    };
    publish(&mut agent, NOW_MS, &[named("AC-1"), named("AC-2")]);
    pull(&mut till, &mut agent, &local, TILL);
    assert_eq!(table::<Subject, _>(&mut till).len(), 2);
    publish(&mut agent, NOW_MS, &[Draft::withdrawal(local.clone(), "subject/AC-1")]);
    assert_eq!(table::<Subject, _>(&mut agent).len(), 1);
    agent.keep_feeds(NOW_MS + 91 * DAY_MS).unwrap();
    pull(&mut till, &mut agent, &local, TILL);
    let left: Vec<String> = table::<Subject, _>(&mut till).into_iter().map(|row| row.subject_id).collect();
    assert_eq!(left, ["AC-2"]);
}

/// A disk that ends the process before the commit of its choice, or right after it.
#[derive(Debug, Default)]
struct Dying {
    durable: MemoryStore,
    left: u32,
    after: bool,
}

impl Dying {
    fn dead() -> StoreError {
        StoreError::Refused("the process was killed here".to_owned())
    }
}

impl Store for Dying {
    fn commit(&mut self, commit: &Commit) -> Result<(), StoreError> {
        if self.left == 0 {
            if self.after {
                self.durable.commit(commit)?;
            }
            return Err(Self::dead());
        }
        self.left -= 1;
        self.durable.commit(commit)
    }

    fn stream(&mut self, id: &StreamId) -> Result<Option<StreamRow>, StoreError> {
        self.durable.stream(id)
    }
    fn streams(&mut self) -> Result<Vec<StreamRow>, StoreError> {
        self.durable.streams()
    }
    fn hash_at(&mut self, id: &StreamId, seq: Seq) -> Result<Option<ChainHash>, StoreError> {
        self.durable.hash_at(id, seq)
    }
    fn entries(
        &mut self,
        id: &StreamId,
        from: Seq,
        max: u32,
        len_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.durable.entries(id, from, max, len_max)
    }
    fn entries_after(&mut self, pos: i64, max: u32) -> Result<Vec<StoredEntry>, StoreError> {
        self.durable.entries_after(pos, max)
    }
    fn rows(&mut self, keys: &[RowKey]) -> Result<Vec<Option<Vec<Value>>>, StoreError> {
        self.durable.rows(keys)
    }
    fn ack(&mut self, upstream: &str, id: &StreamId) -> Result<Seq, StoreError> {
        self.durable.ack(upstream, id)
    }
    fn feed_head(&mut self, scope: &FeedScope) -> Result<Option<FeedHead>, StoreError> {
        self.durable.feed_head(scope)
    }
    fn feed_items(
        &mut self,
        scope: &FeedScope,
        after: FeedVersion,
        len_max: usize,
    ) -> Result<(Vec<FeedItem>, bool), StoreError> {
        self.durable.feed_items(scope, after, len_max)
    }
    fn feeds(&mut self) -> Result<Vec<(FeedScope, FeedHead)>, StoreError> {
        self.durable.feeds()
    }
    fn feed_horizon(&mut self, scope: &FeedScope) -> Result<FeedVersion, StoreError> {
        self.durable.feed_horizon(scope)
    }
    fn feed_version_at(&mut self, scope: &FeedScope, at_ms: i64) -> Result<FeedVersion, StoreError> {
        self.durable.feed_version_at(scope, at_ms)
    }
    fn feed_writer_left(&mut self, scope: &FeedScope, writer: Incarnation) -> Result<bool, StoreError> {
        self.durable.feed_writer_left(scope, writer)
    }
    fn feed_stage(&mut self, scope: &FeedScope) -> Result<Option<sync::store::FeedStage>, StoreError> {
        self.durable.feed_stage(scope)
    }
    fn feed_stage_part(&mut self, scope: &FeedScope, part: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.durable.feed_stage_part(scope, part)
    }
    fn scan(
        &mut self,
        table: &'static TableSpec,
        after: Option<&RowKey>,
        rows_max: usize,
    ) -> Result<Vec<(RowKey, Vec<Value>)>, StoreError> {
        self.durable.scan(table, after, rows_max)
    }
    fn cursor(&mut self, name: &str) -> Result<i64, StoreError> {
        self.durable.cursor(name)
    }
    fn purge(&mut self, id: &StreamId, through: Seq) -> Result<u64, StoreError> {
        self.durable.purge(id, through)
    }
}

#[test]
fn r22_killed_at_every_commit_of_a_swap_nothing_is_half_there_and_unsent_sales_survive() {
    let mut before = in_memory(hq_origin());
    publish(&mut before, NOW_MS, &[product(1, "old"), product(9_999, "gone"), price(1, 1)]);
    let mut after = in_memory(hq_origin());
    after.reincarnate([77; 16], "restored", at(NOW_MS)).unwrap();
    publish_catalogue(&mut after, 1_500);
    let mut till = in_memory(till_origin());
    pull(&mut till, &mut before, &CHAIN, TILL);
    let unsent = till.outbox("agent").unwrap();
    let mut kills = 0;
    for killed_after in [false, true] {
        for commits in 0.. {
            let disk = Dying { durable: till.store().clone(), left: commits, after: killed_after };
            let mut dying = open(disk, till_origin());
            let survived = refill(&mut dying, &mut after);
            let durable = std::mem::take(&mut dying.store().durable);
            let mut again = open(durable, till_origin());
            let head = again.store().feed_head(&CHAIN).unwrap();
            // Whichever cursor the disk has, the rows are exactly those of that cursor.
            let as_before = head == before.store().feed_head(&CHAIN).unwrap();
            if as_before {
                assert_same(&mut before, &mut again);
            } else {
                assert_same(&mut after, &mut again);
            }
            for (was, is) in unsent.iter().zip(again.outbox("agent").unwrap()) {
                assert!(is.stream == was.stream && is.head >= was.head, "a reset never touches the journal");
            }
            pull(&mut again, &mut after, &CHAIN, TILL);
            assert_same(&mut after, &mut again);
            assert_eq!(again.store().feed_stage(&CHAIN).unwrap(), None);
            if survived {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills >= 6, "begin, parts and swap, before and after: {kills}");
}

/// Pulls until it is done, `true`, or killed.
fn refill(till: &mut Node<Dying>, hq: &mut Node<MemoryStore>) -> bool {
    loop {
        let Ok(message) = till.next_feed_message(&CHAIN) else { return false };
        let applied = match answer(till, hq, &message) {
            Reply::Pull(answer) => till.apply_pull(&answer, TILL, at(NOW_MS)),
            Reply::Part(answer) => till.apply_part(&answer, TILL, at(NOW_MS)),
            other => panic!("not an answer about a feed: {other:?}"),
        };
        match applied {
            Err(_) => return false,
            Ok(Applied::UpToDate) => return true,
            Ok(_) => {}
        }
    }
}
