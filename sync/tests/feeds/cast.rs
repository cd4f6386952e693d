//! Head office, a station's agent and a till, in memory or on SQLite, and what they say to each other.

use std::path::Path;
use std::sync::Arc;

use sync::node::{Applied, Beside, FeedApply};
use sync::store::memory::MemoryStore;
use sync::{Draft, Node, Peer, SqliteStore, Store};
use sync_proto::catalogue::{Catalogue, Price, Product, price_feed_key, product_feed_key};
use sync_proto::fact::{FeedScope, PriceScheduled, PriceScope, ProductChanged, ProductKind};
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::{All, Projection};
use sync_proto::rows::{RowChange, Table};
use sync_proto::tax::TaxClass;
use sync_proto::wire::{Message, Reply};
use sync_proto::{DeviceId, Fact, Money, Origin, ProductId, Role, Stamp, StationCode, TerminalNo, Unit};

pub const NOW_MS: i64 = 1_795_478_400_000;
pub const DAY_MS: i64 = 24 * 3_600_000;
pub const CHAIN: FeedScope = FeedScope::Chain;
pub const AGENT: FeedApply = FeedApply { relay: true, report: true };
pub const TILL: FeedApply = FeedApply { relay: false, report: true };

pub const fn at(ms: i64) -> Stamp {
    Stamp::at_wall_ms(ms)
}

pub fn station() -> StationCode {
    StationCode::new("ST0001").unwrap()
}

pub fn here() -> FeedScope {
    FeedScope::Station(station())
}

pub fn hq_origin() -> Origin {
    origin("HQ", 50, Role::Hq)
}

pub fn agent_origin() -> Origin {
    origin("ST0001", 9, Role::Agent)
}

pub fn till_origin() -> Origin {
    origin("ST0001", 1, Role::Terminal)
}

fn origin(station: &str, n: u8, role: Role) -> Origin {
    let terminal = (role == Role::Terminal).then_some(TerminalNo(u16::from(n)));
    Origin { station: StationCode::new(station).unwrap(), device: DeviceId([n; 16]), role, terminal }
}

fn books(role: Role) -> Arc<dyn Projection> {
    let depth = if role == Role::Terminal { Depth::Till } else { Depth::Station };
    Arc::new(All(vec![Box::new(Catalogue), Box::new(Ledger::new(depth))]))
}

/// A node on a store: a new one, or what an earlier process left there.
pub fn open<S: Store>(store: S, me: Origin) -> Node<S> {
    let life = [me.device.0[0].wrapping_add(100); 16];
    let books = books(me.role);
    Node::open(store, books, me, life, at(NOW_MS)).unwrap()
}

pub fn in_memory(me: Origin) -> Node<MemoryStore> {
    open(MemoryStore::default(), me)
}

pub fn on_disk(path: &Path, me: Origin) -> Node<SqliteStore> {
    open(SqliteStore::open(path, &sync::migrations(&[]), &[Product::SPEC, Price::SPEC]).unwrap(), me)
}

pub fn product(n: u32, name: &str) -> Draft {
    let product = ProductChanged {
        product: ProductId::new(format!("PR{n:05}")).unwrap(),
        name_ko: format!("상품 {name} {n}"),
        name_en: format!("Product {name} {n}"),
        kind: ProductKind::Goods,
        unit: Unit::Piece,
        tax: TaxClass::Taxed,
        barcode: Some(format!("880{n:010}")),
    };
    let key = product_feed_key(&product);
    Draft::published(Fact::ProductChanged(product), CHAIN, key)
}

pub fn price_at(n: u32, scope: PriceScope, won: i64, effective_at_ms: i64) -> Draft {
    let feed = match &scope {
        PriceScope::Chain => CHAIN,
        PriceScope::Station(code) => FeedScope::Station(code.clone()),
    };
    let product = ProductId::new(format!("PR{n:05}")).unwrap();
    let price = PriceScheduled { product, scope, price: Money(won), effective_at_ms };
    let key = price_feed_key(&price);
    Draft::published(Fact::PriceScheduled(price), feed, key)
}

pub fn price(n: u32, won: i64) -> Draft {
    price_at(n, PriceScope::Chain, won, 0)
}

pub fn publish<S: Store>(hq: &mut Node<S>, at_ms: i64, drafts: &[Draft]) {
    hq.record(at(at_ms), None, drafts, Beside::default()).unwrap();
}

/// `count` products, each with its price.
pub fn publish_catalogue<S: Store>(hq: &mut Node<S>, count: u32) {
    let drafts: Vec<Draft> = (1..=count).flat_map(|n| [product(n, "first"), price(n, 1_000)]).collect();
    for chunk in drafts.chunks(400) {
        publish(hq, NOW_MS, chunk);
    }
}

pub fn peer<S: Store>(node: &Node<S>) -> Peer {
    let me = node.me();
    Peer { station: me.station.clone(), device: me.device, role: me.role, terminal: me.terminal }
}

/// One question of `puller` to `from`, over the wire.
pub fn ask<S: Store, U: Store>(puller: &mut Node<S>, from: &mut Node<U>, scope: &FeedScope) -> Reply {
    let message = puller.next_feed_message(scope).unwrap();
    answer(puller, from, &message)
}

pub fn answer<S: Store, U: Store>(puller: &Node<S>, from: &mut Node<U>, message: &Message) -> Reply {
    let bytes = from.receive(&peer(puller), &message.encode(), "", NOW_MS).unwrap();
    Reply::decode(&bytes).unwrap()
}

pub fn apply<S: Store>(puller: &mut Node<S>, reply: &Reply, how: FeedApply) -> Applied {
    match reply {
        Reply::Pull(answer) => puller.apply_pull(answer, how, at(NOW_MS)).unwrap(),
        Reply::Part(answer) => puller.apply_part(answer, how, at(NOW_MS)).unwrap(),
        other => panic!("not an answer about a feed: {other:?}"),
    }
}

/// Asks until there is no more; returns how many questions it took.
pub fn pull<S: Store, U: Store>(
    puller: &mut Node<S>,
    from: &mut Node<U>,
    scope: &FeedScope,
    how: FeedApply,
) -> usize {
    for asked in 1..1_000 {
        let reply = ask(puller, from, scope);
        match apply(puller, &reply, how) {
            Applied::Changed | Applied::Staged => {}
            Applied::UpToDate | Applied::Behind => return asked,
            Applied::Late => panic!("nothing came in between"),
        }
    }
    panic!("a pull does not end");
}

/// A checkpoint of `scope`; whether something differed.
pub fn differs<S: Store, U: Store>(
    puller: &mut Node<S>,
    from: &mut Node<U>,
    scope: &FeedScope,
    how: FeedApply,
) -> bool {
    let Some(scan) = puller.check(scope, how.relay).unwrap() else { return false };
    match answer(puller, from, &Message::Check(scan.message())) {
        Reply::Check(answer) => puller.apply_check(&scan, &answer).unwrap(),
        other => panic!("a check is answered, not {other:?}"),
    }
}

/// Every row of a table.
pub fn table<T: Table, S: Store>(node: &mut Node<S>) -> Vec<T> {
    let rows = node.store().scan(T::SPEC, None, 100_000).unwrap();
    rows.iter().map(|(key, cells)| T::from_parts(&key.key, cells).unwrap()).collect()
}

/// Products and prices of both are the same, to the last cell.
pub fn assert_same<S: Store, U: Store>(one: &mut Node<S>, other: &mut Node<U>) {
    assert_eq!(table::<Product, S>(one), table::<Product, U>(other));
    assert_eq!(table::<Price, S>(one), table::<Price, U>(other));
}

/// Changes a row behind the node's back.
pub fn tamper<S: Store>(node: &mut Node<S>, row: RowChange) {
    let commit = sync::store::Commit { rows: vec![row], ..Default::default() };
    node.store().commit(&commit).unwrap();
}
