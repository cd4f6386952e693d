//! Customers at a till: sales with quantities that occur once, and a log of what the till confirmed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use xtask::client::{Answer, Client};

use crate::eventually::holds;
use crate::stage::{find, milli, text};

/// Between two tries at a till that is down.
const RETRY: Duration = Duration::from_millis(50);
/// A till that is down longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(90);
/// Every how many sales one is cancelled.
const CANCELLED_EVERY: usize = 10;

/// What a till confirmed.
#[derive(Debug, Default)]
pub struct Log {
    /// Quantity in thousandths by sale.
    pub sales: BTreeMap<String, u64>,
    /// The cancelled ones among them.
    pub cancelled: Vec<String>,
}

impl Log {
    pub fn merge(&mut self, other: Self) {
        self.sales.extend(other.sales);
        self.cancelled.extend(other.cancelled);
    }

    /// Quantities that were sold and not cancelled.
    pub fn standing(&self) -> impl Iterator<Item = u64> {
        self.sales
            .iter()
            .filter(|(sale, _)| !self.cancelled.contains(sale))
            .map(|(_, quantity_milli)| *quantity_milli)
    }
}

/// Keeps the sellers in step with whoever breaks things, so that each break falls among sales.
#[derive(Debug, Default)]
pub struct Pace {
    confirmed: AtomicUsize,
    allowed: AtomicUsize,
}

impl Pace {
    /// Lets the tills sell `ahead` more than `count`, and returns when `count` are confirmed: the others are on their way.
    pub fn sold(&self, count: usize, ahead: usize) {
        self.allowed.store(count + ahead, Ordering::SeqCst);
        holds(PATIENCE, "the tills to go on selling", || self.confirmed.load(Ordering::SeqCst) >= count);
    }

    fn wait_for_leave(&self) {
        holds(PATIENCE, "leave to sell on", || {
            self.confirmed.load(Ordering::SeqCst) < self.allowed.load(Ordering::SeqCst)
        });
    }
}

/// Sells `count` times at the pace; one in ten is cancelled.
pub fn sell_through(till: &Client, lane: usize, product: &str, count: usize, pace: &Pace) -> Log {
    let mut log = Log::default();
    for number in 0..count {
        pace.wait_for_leave();
        let sale = sell_one(till, lane, number, product, &mut log);
        if number % CANCELLED_EVERY == CANCELLED_EVERY - 1 {
            cancel(till, &sale);
            log.cancelled.push(sale);
        }
        pace.confirmed.fetch_add(1, Ordering::SeqCst);
    }
    log
}

/// The quantity and the name of a request: lanes and numbers make each its own, so that a sale is recognised by it.
pub fn request(lane: usize, number: usize) -> (String, String) {
    (xtask::catalogue::decimal(quantity_milli(lane, number)), format!("lane-{lane}-sale-{number}"))
}

fn quantity_milli(lane: usize, number: usize) -> u64 {
    u64::try_from(20_000 + lane * 1_000 + number).unwrap()
}

/// Sells once, however often the till has to be asked, and returns the sale.
pub fn sell_one(till: &Client, lane: usize, number: usize, product: &str, log: &mut Log) -> String {
    let quantity_milli = quantity_milli(lane, number);
    let (quantity, key) = request(lane, number);
    let fields = [("productId", product), ("qty", quantity.as_str())];
    let answer = insist(|| till.post_form_once("/sales", &fields, &key));
    assert_eq!((answer.status, &answer.body), (200, &Value::Bool(true)), "sale {number} of lane {lane}");
    let listed = insist(|| till.get("/sales"));
    let same: Vec<&Value> = listed
        .rows()
        .iter()
        .filter(|row| milli(row, "qty") == i64::try_from(quantity_milli).unwrap())
        .collect();
    assert_eq!(same.len(), 1, "a confirmed sale stands once in the till's list: {quantity}");
    let sale = text(same[0], "saleId");
    assert!(log.sales.insert(sale.clone(), quantity_milli).is_none(), "{sale} was given twice");
    sale
}

fn cancel(till: &Client, sale: &str) {
    let answer = insist(|| till.post_form("/cancelSales", &[("saleId", sale)]));
    // A repeat after a kill in mid-answer finds its own cancellation.
    assert!(answer.is_success() || answer.code() == "already_cancelled", "cancelling {sale}: {answer:?}");
    let listed = insist(|| till.get("/sales"));
    assert_eq!(find(listed.rows(), "saleId", sale).unwrap()["cancelled"], true);
}

/// Repeats while the till is being started again.
fn insist(send: impl Fn() -> anyhow::Result<Answer>) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match send() {
            // Not recorded, or not known to be: asked again under the same name.
            Ok(answer) if answer.status < 500 => return answer,
            Ok(answer) => assert!(Instant::now() < deadline, "{answer:?}"),
            Err(error) => assert!(Instant::now() < deadline, "{error:#}"),
        }
        thread::sleep(RETRY);
    }
}
