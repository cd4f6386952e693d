//! The books are what the journals make them, and a change that no entry made is found and put right.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use sync::node::Beside;
use sync::store::sqlite::{Proof, open_reader, prove_books};
use sync::{Draft, Node, SqliteStore};
use sync_proto::fact::{
    AccountOpened, AccountPaid, CancelReason, Line, SaleCancelled, Sold, StockMoveReason, StockMoved, Tender,
};
use sync_proto::ids::mint_sale_id;
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::tax::TaxClass;
use sync_proto::{
    AccountId, BusinessDay, DeviceId, Fact, FeedVersion, Money, Origin, ProductId, Quantity, Role, Stamp,
    StationCode, TerminalNo, Volume,
};

const NOW: Stamp = Stamp::at_wall_ms(1_795_478_400_000);
const LEDGER: Ledger = Ledger::new(Depth::Station);

/// A journal of everything that the books know, written by one device.
struct Station {
    node: Node<SqliteStore>,
    sold: u64,
}

impl Station {
    fn open(path: &Path) -> Self {
        let store = SqliteStore::open(path, &sync::migrations(&[]), &[]).unwrap();
        let books = Arc::new(All(vec![Box::new(LEDGER)]));
        let station = StationCode::new("ST0001").unwrap();
        let me = Origin {
            station,
            device: DeviceId([1; 16]),
            role: Role::Terminal,
            terminal: Some(TerminalNo(1)),
        };
        Self { node: Node::open(store, books, me, [7; 16], NOW).unwrap(), sold: 0 }
    }

    fn record(&mut self, fact: Fact) {
        let day = BusinessDay::new("2026-11-23").unwrap();
        self.node.record(NOW, Some(&day), &[Draft::new(fact)], Beside::default()).unwrap();
    }

    fn sell(&mut self, total: i64, account: Option<&str>) -> Sold {
        self.sold += 1;
        let me = self.node.me().clone();
        let life = self.node.own_stream().incarnation;
        let amount = Money(total);
        let sold = Sold {
            sale: mint_sale_id(&me.station, me.terminal.unwrap(), &life, self.sold).unwrap(),
            lines: vec![Line {
                product: ProductId::new("CD1001").unwrap(),
                quantity: Quantity::Volume(Volume(1_000)),
                unit_price: amount,
                amount,
                tax: TaxClass::Taxed,
                price_version: FeedVersion(1),
            }],
            tenders: vec![match account {
                Some(id) => Tender::Account { account: AccountId::new(id).unwrap(), amount },
                None => Tender::Cash { amount },
            }],
            total: amount,
            vat: Money(0),
        };
        self.record(Fact::Sold(sold.clone()));
        sold
    }

    fn work(&mut self) {
        for n in 1..=20 {
            let sold = self.sell(n * 1_000, (n % 3 == 0).then_some("AC0001"));
            if n % 5 == 0 {
                let Sold { sale, lines, tenders, total, .. } = sold;
                let reason = CancelReason::Customer;
                self.record(Fact::SaleCancelled(SaleCancelled { sale, lines, tenders, total, reason }));
            }
        }
        let product = ProductId::new("CD1002").unwrap();
        let quantity = Quantity::Volume(Volume(5_000_000));
        self.record(Fact::StockMoved(StockMoved { product, quantity, reason: StockMoveReason::Dip }));
    }
}

fn prove(path: &Path) -> Proof {
    prove_books(&mut open_reader(path).unwrap(), &LEDGER).unwrap()
}

#[test]
fn books_that_came_from_entries_are_proven() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.db");
    let mut station = Station::open(&path);
    station.work();
    let proof = prove(&path);
    assert!(proof.is_well(), "{}", proof.summary());
    assert_eq!((proof.stations, proof.left_out), (1, 0));
    assert_eq!(proof.entry_count, station.node.own_head().unwrap().seq.0);
}

#[test]
fn a_figure_that_an_intruder_changed_is_found_and_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.db");
    Station::open(&path).work();
    for edit in [
        "UPDATE sales SET total = total - 500 WHERE seq = 4",
        "UPDATE sales SET cancelled_at_ms = 5, cancel_reason = 'customer' WHERE seq = 2",
        "UPDATE sales SET cancelled_at_ms = NULL WHERE cancelled_at_ms IS NOT NULL",
        "DELETE FROM sales WHERE seq = 3",
        "DELETE FROM sale_lines WHERE sale_id = (SELECT sale_id FROM sales WHERE seq = 6)",
        "UPDATE sale_tenders SET kind = 'card', amount = 1 WHERE sale_id = (SELECT sale_id FROM sales WHERE seq = 6)",
        "UPDATE day_totals SET cash = cash - 10000, amount = amount - 10000",
        "DELETE FROM sales_summaries",
        "UPDATE stock SET on_hand_milli = on_hand_milli + 1",
        "UPDATE stock_flows SET quantity_milli = -900 WHERE rowid = 2",
        "UPDATE accounts SET balance = 0",
    ] {
        let intruder = Connection::open(&path).unwrap();
        assert!(intruder.execute(edit, []).unwrap() > 0, "{edit}");
        drop(intruder);
        let proof = prove(&path);
        assert!(!proof.is_well(), "{edit}");
        let mut station = Station::open(&path);
        let rows = station.node.rows_put_right(&proof).unwrap();
        station.node.write(rows, NOW.wall_ms).unwrap();
        drop(station);
        let proof = prove(&path);
        assert!(proof.is_well(), "{edit}: {}", proof.summary());
    }
}

#[test]
fn a_sale_that_no_device_wrote_is_told_and_left_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.db");
    Station::open(&path).work();
    let intruder = Connection::open(&path).unwrap();
    let invented = "INSERT INTO sales SELECT 'ST0001-01-AAAAA-000099', station, terminal, seq, stream, business_day, sold_at_ms, total, vat, account_id, cancelled_at_ms, cancel_reason FROM sales LIMIT 1";
    intruder.execute(invented, []).unwrap();
    drop(intruder);
    let proof = prove(&path);
    assert_eq!(proof.surplus, [("ST0001".to_owned(), "sales", 1)]);
    assert!(proof.summary().contains("1 rows that no entry made"), "{}", proof.summary());
}

#[test]
fn a_figure_that_moved_since_it_was_found_is_left_to_the_next_proof() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.db");
    Station::open(&path).work();
    let intruder = Connection::open(&path).unwrap();
    intruder.execute("UPDATE day_totals SET cash = cash + 1", []).unwrap();
    drop(intruder);
    let proof = prove(&path);
    let mut station = Station::open(&path);
    station.sold = 20;
    station.sell(1_000, None);
    assert_eq!(station.node.rows_put_right(&proof).unwrap(), []);
    drop(station);
    let proof = prove(&path);
    assert_eq!(proof.rows.len(), 1);
}

#[test]
fn books_of_which_a_part_was_purged_are_left_out_and_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.db");
    let mut station = Station::open(&path);
    station.work();
    let own = station.node.own_stream();
    assert_eq!(sync::Store::purge(station.node.store(), &own, sync_proto::Seq(5)).unwrap(), 5);
    let proof = prove(&path);
    assert_eq!((proof.stations, proof.left_out), (0, 1));
    let opened = AccountOpened { account: AccountId::new("AC0002").unwrap(), limit: None };
    station.record(Fact::AccountOpened(opened));
    let paid = AccountPaid { account: AccountId::new("AC0002").unwrap(), amount: Money(5) };
    station.record(Fact::AccountPaid(paid));
    assert!(prove(&path).is_well());
}
