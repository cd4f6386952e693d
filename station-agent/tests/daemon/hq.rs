//! Head office as far as a station's feeds go: a real node in memory that answers pulls.

use std::sync::Arc;

use sync::node::{Beside, FeedApply};
use sync::store::memory::MemoryStore;
use sync::{Clock, Draft, Node, Peer};
use sync_proto::catalogue::{Catalogue, price_feed_key, product_feed_key};
use sync_proto::fact::{
    Fact, FeedScope, OrderCancelled, Ordered, PriceScheduled, PriceScope, ProductChanged, ProductKind,
    Shipped,
};
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::tax::TaxClass;
use sync_proto::wire::{PullAnswer, Reply};
use sync_proto::{
    DeviceId, Money, OrderId, Origin, ProductId, Quantity, RequestId, Role, ShipId, StationCode, Unit,
};

use crate::station::{AGENT, Agent};

pub struct Hq {
    node: Node<MemoryStore>,
    clock: Clock,
}

pub fn here() -> StationCode {
    StationCode::new("ST0001").unwrap()
}

impl Hq {
    /// Sells gasoline at 1,670 won and engine oil at 9,900 won.
    pub fn new() -> Self {
        let clock = Clock::system();
        let me = Origin {
            station: StationCode::new("HQ").unwrap(),
            device: DeviceId([9; 16]),
            role: Role::Hq,
            terminal: None,
        };
        let books = All(vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Station))]);
        let node = Node::open(MemoryStore::default(), Arc::new(books), me, [9; 16], clock.now()).unwrap();
        let mut hq = Self { node, clock };
        hq.add_product("CD1001", "휘발유", ProductKind::Fuel, 1_670);
        hq.add_product("CD2001", "엔진오일", ProductKind::Goods, 9_900);
        hq
    }

    pub fn add_product(&mut self, code: &str, name: &str, kind: ProductKind, price: i64) {
        let unit = if kind == ProductKind::Fuel { Unit::Litre } else { Unit::Piece };
        let product = ProductChanged {
            product: ProductId::new(code).unwrap(),
            name_ko: name.to_owned(),
            name_en: format!("{code} in English"),
            kind,
            unit,
            tax: TaxClass::Taxed,
            barcode: None,
        };
        let key = product_feed_key(&product);
        self.publish(Fact::ProductChanged(product), FeedScope::Chain, &key);
        self.schedule(code, price, 0);
    }

    pub fn schedule(&mut self, code: &str, price: i64, effective_at_ms: i64) {
        let price = PriceScheduled {
            product: ProductId::new(code).unwrap(),
            scope: PriceScope::Chain,
            price: Money(price),
            effective_at_ms,
        };
        let key = price_feed_key(&price);
        self.publish(Fact::PriceScheduled(price), FeedScope::Chain, &key);
    }

    pub fn order(&mut self, order: &str, request: Option<&str>, code: &str, milli: i64) {
        let ordered = Ordered {
            order: OrderId::new(order).unwrap(),
            request: request.map(|request| RequestId::new(request).unwrap()),
            station: here(),
            product: ProductId::new(code).unwrap(),
            quantity: Quantity::from_milli(Unit::Litre, milli).unwrap(),
            dest_addr: "SK_Imme_Station".to_owned(),
        };
        self.publish(Fact::Ordered(ordered), FeedScope::Station(here()), &format!("order/{order}"));
    }

    pub fn ship(&mut self, order: &str, code: &str, milli: i64) {
        let shipped = Shipped {
            ship: ShipId::new(format!("S-{order}")).unwrap(),
            order: OrderId::new(order).unwrap(),
            station: here(),
            product: ProductId::new(code).unwrap(),
            quantity: Quantity::from_milli(Unit::Litre, milli).unwrap(),
            car_number: "12가3456".to_owned(),
            dest_addr: "SK_Imme_Station".to_owned(),
        };
        self.publish(Fact::Shipped(shipped), FeedScope::Station(here()), &format!("shipped/{order}"));
    }

    pub fn cancel(&mut self, order: &str) {
        let cancelled = OrderCancelled { order: OrderId::new(order).unwrap(), station: here() };
        self.publish(
            Fact::OrderCancelled(cancelled),
            FeedScope::Station(here()),
            &format!("cancelled/{order}"),
        );
    }

    pub fn publish(&mut self, fact: Fact, scope: FeedScope, key: &str) {
        let draft = Draft::published(fact, scope, key);
        self.node.record(self.clock.now(), None, &[draft], Beside::default()).unwrap();
    }

    /// The link to HQ comes up for a moment: the agent pulls both feeds and applies them.
    pub async fn reach(&mut self, agent: &Agent) {
        for scope in [FeedScope::Chain, FeedScope::Station(here())] {
            let answer = self.answer(agent, scope).await;
            let now = self.clock.now();
            let how = FeedApply { relay: true, report: true };
            agent.node(move |node| node.apply_pull(&answer, how, now)).await.unwrap();
        }
    }

    async fn answer(&mut self, agent: &Agent, scope: FeedScope) -> PullAnswer {
        let pull = agent.node(move |node| node.next_feed_message(&scope)).await.unwrap();
        let peer = Peer { station: here(), device: AGENT, role: Role::Agent, terminal: None };
        let bytes = self.node.receive(&peer, &pull.encode(), "", self.clock.wall_ms()).unwrap();
        match Reply::decode(&bytes).unwrap() {
            Reply::Pull(answer) => answer,
            other => unreachable!("a pull is answered by a pull's answer, not {other:?}"),
        }
    }
}
