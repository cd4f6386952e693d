//! An agent that serves two tills for a year (R33): its database and log stay within a bound.

use sync::node::Beside;
use sync::retention::KeepDays;
use sync::store::memory::MemoryStore;
use sync::{Draft, Node, Peer, Store as _};
use sync_proto::catalogue::Catalogue;
use sync_proto::engine::SenderConfig;
use sync_proto::fact::{Fact, Line, Sold, StockMoveReason, StockMoved, Tender};
use sync_proto::ids::mint_sale_id;
use sync_proto::tax::{TaxClass, vat_within};
use sync_proto::wire::{Message, Outcome, Reply};
use sync_proto::{
    BusinessDay, DeviceId, FeedVersion, Money, Origin, ProductId, Quantity, Role, Seq, Stamp, StreamId,
    TerminalNo, Volume,
};

use station_agent::store;

use crate::hq::here;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// 2026-01-01, nine o'clock in Seoul.
const START_MS: i64 = 1_767_225_600_000;

/// A station sells two hundred times a day at each till; these are a tenth of that, and so is the bound.
const SALES_PER_DAY: u64 = 20;
const TILLS: u16 = 2;

/// Database after a year, bytes: ninety days of forty sales with 1 KiB each, and a MiB for the sums of a year's days and
/// everything else.
const DATABASE_LEN_MAX: u64 = (90 * 40 + 1_024) * 1_024;

/// Write-ahead log at any time, bytes.
const WAL_LEN_MAX: u64 = 16 * 1024 * 1024;

struct Till {
    node: Node<MemoryStore>,
    peer: Peer,
    sent: Seq,
    sold: u64,
}

impl Till {
    fn new(terminal: u16) -> Self {
        let device = DeviceId([u8::try_from(terminal).unwrap(); 16]);
        let me =
            Origin { station: here(), device, role: Role::Terminal, terminal: Some(TerminalNo(terminal)) };
        let peer = Peer { station: here(), device, role: me.role, terminal: me.terminal };
        let books = std::sync::Arc::new(Catalogue);
        let node = Node::open(MemoryStore::default(), books, me, device.0, Stamp::at_wall_ms(START_MS));
        Self { node: node.unwrap(), peer, sent: Seq::NONE, sold: 0 }
    }

    /// A day's sales, and everything that the agent has not got yet.
    fn day(&mut self, now_ms: i64, day: &BusinessDay) -> Vec<u8> {
        let drafts: Vec<Draft> = (0..SALES_PER_DAY).map(|_| Draft::new(Fact::Sold(self.sale()))).collect();
        self.node.record(Stamp::at_wall_ms(now_ms), Some(day), &drafts, Beside::default()).unwrap();
        let own = self.node.own_stream();
        let batch = self.node.batch(own, self.sent.next(), &SenderConfig::STANDARD).unwrap().unwrap();
        self.sent = batch.to();
        Message::Batch(batch).encode()
    }

    fn sale(&mut self) -> Sold {
        self.sold += 1;
        let quantity = Quantity::Volume(Volume(20_000));
        let total = Money(33_400);
        let life = self.node.own_stream().incarnation;
        Sold {
            sale: mint_sale_id(&here(), self.peer.terminal.unwrap(), &life, self.sold).unwrap(),
            lines: vec![Line {
                product: ProductId::new("CD1001").unwrap(),
                quantity,
                unit_price: Money(1_670),
                amount: total,
                tax: TaxClass::Taxed,
                price_version: FeedVersion(1),
            }],
            tenders: vec![Tender::Cash { amount: total }],
            total,
            vat: vat_within(TaxClass::Taxed, total),
        }
    }
}

#[test]
fn r33_a_simulated_year_of_the_agent_stays_within_its_bound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(store::FILE_NAME);
    let me = Origin { station: here(), device: DeviceId([9; 16]), role: Role::Agent, terminal: None };
    let store = store::open_store(&path).unwrap();
    let mut agent = store::open_node(store, me, [0xaa; 16], Stamp::at_wall_ms(START_MS)).unwrap();
    agent.store().connection().pragma_update(None, "synchronous", "OFF").unwrap();
    let retention = store::retention(KeepDays::default());
    let mut tills: Vec<Till> = (1..=TILLS).map(Till::new).collect();
    let mut len_of_quarter = 0;
    for day in 0..365 {
        let now_ms = START_MS + day * DAY_MS;
        let date =
            BusinessDay::new(jiff::Timestamp::from_millisecond(now_ms).unwrap().to_string().split_at(10).0);
        for till in &mut tills {
            let bytes = till.day(now_ms, date.as_ref().unwrap());
            let reply = agent.receive(&till.peer, &bytes, "hq", now_ms).unwrap();
            let outcome = match Reply::decode(&reply) {
                Ok(Reply::Receipt(receipt)) => Some(receipt.outcome),
                _ => None,
            };
            assert_eq!(outcome, Some(Outcome::Accepted { through: till.sent }), "day {day}");
        }
        let delivered = StockMoved {
            product: ProductId::new("CD1001").unwrap(),
            quantity: Quantity::Volume(Volume(800_000)),
            reason: StockMoveReason::Stocktake,
        };
        let drafts = [Draft::new(Fact::StockMoved(delivered))];
        agent.record(Stamp::at_wall_ms(now_ms), date.as_ref().ok(), &drafts, Beside::default()).unwrap();
        let heads: Vec<(StreamId, Seq)> =
            agent.store().streams().unwrap().into_iter().map(|row| (row.id, row.head.seq)).collect();
        for (stream, head) in heads {
            agent.keep_ack("hq", stream, head, now_ms).unwrap();
        }
        assert!(agent.store().wal_len() <= WAL_LEN_MAX, "day {day}");
        agent.store().note_night(&retention, now_ms).unwrap();
        while agent.store().purge_due(&retention).unwrap() > 0 {}
        agent.store().tend(true).unwrap();
        if day == 100 {
            len_of_quarter = std::fs::metadata(&path).unwrap().len();
        }
    }
    agent.store().checkpoint().unwrap();
    let len = std::fs::metadata(&path).unwrap().len();
    let count = |agent: &mut store::AgentNode, sql: &str| -> u64 {
        let found: i64 = agent.store().connection().query_row(sql, [], |row| row.get(0)).unwrap();
        u64::try_from(found).unwrap()
    };
    let kept = u64::from(TILLS) * SALES_PER_DAY * 90;
    let entries = count(&mut agent, "SELECT count(*) FROM entries");
    println!(
        "a year of {} sales a day: {len} bytes ({len_of_quarter} after 100 days), {entries} entries kept",
        kept / 90
    );
    assert!(len <= DATABASE_LEN_MAX, "{len} bytes after a year");
    // What grows for ever are the days' own sums, a row for each product and day.
    assert!(len <= len_of_quarter + len_of_quarter / 10, "{len_of_quarter} bytes grew to {len}");
    for table in ["sales", "sale_lines", "sale_tenders"] {
        let rows = count(&mut agent, &format!("SELECT count(*) FROM {table}"));
        assert!(rows <= kept + u64::from(TILLS) * SALES_PER_DAY, "{rows} rows of {table}");
    }
    assert!(entries >= kept, "what head office may need again is there");
    let stock = count(&mut agent, "SELECT on_hand_milli FROM stock WHERE product_id = 'CD1001'");
    assert_eq!(stock, 0, "every litre that was delivered was sold, and the sums know it");
}
