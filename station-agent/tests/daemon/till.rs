//! A till: a real node with the real link and drivers.

use std::sync::Arc;
use std::time::Duration;

use station_api::enrolment;
use sync::clock::time_after;
use sync::device::random_16;
use sync::driver::{DownlinkConfig, StatusBoard, downlink, uplink};
use sync::link::{HttpLink, Link};
use sync::node::Beside;
use sync::peer::origin_of;
use sync::store::memory::MemoryStore;
use sync::{Clock, Draft, Node, Writer};
use sync_identity::{Credentials, Identity, tls};
use sync_proto::catalogue::{Catalogue, Price};
use sync_proto::engine::SenderConfig;
use sync_proto::fact::{CancelReason, Fact, FeedScope, Line, SaleCancelled, Sold, Tender};
use sync_proto::ids::mint_sale_id;
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::quantity::line_amount;
use sync_proto::rows::{Table, Value};
use sync_proto::tax::{TaxClass, vat_within};
use sync_proto::wire::Message;
use sync_proto::{AccountId, BusinessDay, FeedVersion, Money, ProductId, Quantity, Seq, Unit};
use tokio::task::JoinSet;

use crate::hq::here;
use crate::station::Agent;

pub struct Till {
    pub writer: Writer<MemoryStore>,
    pub link: Arc<HttpLink>,
    pub identity: Identity,
    /// What the link shows.
    pub credentials: Arc<Credentials>,
    clock: Clock,
    drivers: JoinSet<()>,
    receipts: u64,
    /// All sales are of this day, so that a test may run over midnight.
    pub day: BusinessDay,
}

impl Till {
    /// Enrolled and not connected yet.
    pub async fn enrolled(agent: &Agent, terminal: u16) -> Self {
        Self::of(agent, agent.enrol(terminal).await)
    }

    /// The till that `identity` is of, not connected yet.
    pub fn of(agent: &Agent, identity: Identity) -> Self {
        let clock = Clock::system();
        let books = All(vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Till))]);
        let node = Node::open(
            MemoryStore::default(),
            Arc::new(books),
            origin_of(&identity.certified().subject),
            random_16().unwrap(),
            clock.now(),
        );
        let credentials = identity.credentials().unwrap();
        let check = enrolment::server_of(&identity, time_after(identity.certified().window.from_ms)).unwrap();
        let tls = tls::client(Some(Arc::clone(&credentials)), check).unwrap();
        let link = Arc::new(HttpLink::new(&agent.lan_url(), tls).unwrap());
        Self {
            writer: Writer::spawn(node.unwrap()).unwrap(),
            link,
            identity,
            credentials,
            day: agent.daemon().station().moment().day.unwrap(),
            clock,
            drivers: JoinSet::new(),
            receipts: 0,
        }
    }

    pub async fn connected(agent: &Agent, terminal: u16) -> Self {
        let mut till = Self::enrolled(agent, terminal).await;
        till.connect();
        till
    }

    pub async fn disconnect(&mut self) {
        self.drivers.shutdown().await;
    }

    pub fn connect(&mut self) {
        let (writer, clock, board) = (self.writer.clone(), self.clock.clone(), StatusBoard::default());
        let link: Arc<dyn Link> = self.link.clone();
        self.drivers.spawn(async move {
            uplink(writer, link, "agent", clock, board).await.unwrap();
        });
        for scope in [FeedScope::Chain, FeedScope::Station(here()), FeedScope::Local(here())] {
            let (writer, clock, board) = (self.writer.clone(), self.clock.clone(), StatusBoard::default());
            let link: Arc<dyn Link> = self.link.clone();
            self.drivers.spawn(async move {
                downlink(writer, link, scope, DownlinkConfig::TILL, clock, board).await.unwrap();
            });
        }
    }

    /// Sells, for cash or on account.
    pub async fn sell(&mut self, product: &str, milli: i64, account: Option<&str>) -> Sold {
        self.receipts += 1;
        let unit = if product.starts_with("CD1") { Unit::Litre } else { Unit::Piece };
        let unit_price = Money(if unit == Unit::Litre { 1_670 } else { 9_900 });
        let quantity = Quantity::positive_from_milli(unit, milli).unwrap();
        let total = line_amount(unit_price, quantity);
        let tender = match account {
            None => Tender::Cash { amount: total },
            Some(account) => Tender::Account { amount: total, account: AccountId::new(account).unwrap() },
        };
        let life = self.writer.run(|node| node.own_stream().incarnation).await.unwrap();
        let sold = Sold {
            sale: mint_sale_id(
                &here(),
                self.identity.certified().subject.kind.terminal().unwrap(),
                &life,
                self.receipts,
            )
            .unwrap(),
            lines: vec![Line {
                product: ProductId::new(product).unwrap(),
                quantity,
                unit_price,
                amount: total,
                tax: TaxClass::Taxed,
                price_version: FeedVersion(1),
            }],
            tenders: vec![tender],
            total,
            vat: vat_within(TaxClass::Taxed, total),
        };
        self.record(Fact::Sold(sold.clone())).await;
        sold
    }

    pub async fn cancel(&self, sold: &Sold) {
        self.record(Fact::SaleCancelled(SaleCancelled {
            sale: sold.sale.clone(),
            reason: CancelReason::Mistake,
            lines: sold.lines.clone(),
            tenders: sold.tenders.clone(),
            total: sold.total,
        }))
        .await;
    }

    async fn record(&self, fact: Fact) {
        let (now, day) = (self.clock.now(), self.day.clone());
        self.writer
            .run(move |node| node.record(now, Some(&day), &[Draft::new(fact)], Beside::default()))
            .await
            .unwrap()
            .unwrap();
    }

    /// Everything in the journal as one message.
    pub async fn whole_journal(&self) -> Vec<u8> {
        let batch = self
            .writer
            .run(|node| {
                let own = node.own_stream();
                node.batch(own, Seq(1), &SenderConfig::STANDARD)
            })
            .await;
        Message::Batch(batch.unwrap().unwrap().unwrap()).encode()
    }

    /// Waits until table `T` has a row that `done` wants.
    pub async fn until<T: Table + Send + 'static>(&self, done: fn(&T) -> bool) {
        let mut changes = self.writer.changes();
        let wait = async {
            loop {
                changes.mark_unchanged();
                let found = self.writer.run(move |node| {
                    node.store().table(T::SPEC.name).any(|(key, cells): (_, &Vec<Value>)| {
                        T::from_parts(&key.key, cells).is_ok_and(|row| done(&row))
                    })
                });
                if found.await.unwrap() {
                    return;
                }
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
    }

    pub async fn until_price(&self, done: fn(&Price) -> bool) {
        self.until::<Price>(done).await;
    }
}
