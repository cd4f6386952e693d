//! Scene 5: everything is killed once, a link is cut, a price changes meanwhile; then all is healed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::eventually::{holds, within};
use crate::invariants::{self, Expected};
use crate::proxy::Proxy;
use crate::seller::{Log, sell_through};
use crate::stage::{HEALED, Stage, menu_price, sample_price};

/// Sold by both tills together, one in ten of them cancelled.
const SALES: usize = 200;
/// What the siege sells; another product's price changes.
const SOLD: &str = "CD1001";
const REPRICED: &str = "CD1002";
/// 200 sales on a busy machine with programs being killed.
const SIEGE: Duration = Duration::from_secs(180);

#[test]
fn head_office_agent_and_till_are_killed_and_nothing_is_lost_or_doubled() {
    let link = Proxy::listen();
    let stage = Stage::with(|wish| {
        wish.terminals = 2;
        wish.hq_mqtt_route = Some(link.address.to_string());
        link.lead_to_hq_of(&wish.data);
    });
    let opening_milli = stage.stock_milli(SOLD);
    let order = stage.place_order(SOLD, "6000");
    within(HEALED, "the expected delivery", || stage.delivery(&order));

    let progress = AtomicUsize::new(0);
    let mut log = Log::default();
    thread::scope(|scope| {
        let tills: Vec<_> = [1, 2]
            .map(|terminal| {
                let till = stage.fleet.till(0, terminal).unwrap();
                let progress = &progress;
                scope.spawn(move || sell_through(&till, usize::from(terminal), SOLD, SALES / 2, progress))
            })
            .into_iter()
            .collect();
        besiege(&stage, &link, &order, &progress);
        for till in tills {
            log.merge(till.join().unwrap());
        }
    });
    link.heal();

    assert_eq!((log.sales.len(), log.cancelled.len()), (SALES, SALES / 10));
    holds(HEALED, "the order to be confirmed at HQ", || {
        stage.order_status(&order).as_deref() == Some("confirmed")
    });
    for terminal in [1, 2] {
        let till = stage.fleet.till(0, terminal).unwrap();
        holds(HEALED, "the new price at the till", || menu_price(&till, REPRICED) == Some(1_599));
    }
    let expected = Expected {
        log: &log,
        product: SOLD,
        price: sample_price(SOLD),
        opening_milli,
        received_milli: 6_000_000,
    };
    invariants::check(&stage, &expected);
}

/// Acts when so many sales are confirmed, so that every act falls in mid-stream.
fn besiege(stage: &Stage, link: &Proxy, order: &str, progress: &AtomicUsize) {
    let sold = |count: usize| {
        holds(SIEGE, "the tills to go on selling", || progress.load(Ordering::SeqCst) >= count);
    };
    sold(20);
    stage.fleet.kill_and_hold("hq").unwrap();
    sold(60);
    let answer = stage.agent().post_form("/stocks/confirmStock", &[("orderId", order)]).unwrap();
    assert!(answer.is_success(), "a receiving goes on without HQ: {answer:?}");
    link.cut();
    stage.fleet.release("hq").unwrap();
    holds(HEALED, "HQ to be back", || stage.hq().get("/readyz").is_ok_and(|answer| answer.is_success()));
    stage.change_price(REPRICED, 1_599);
    sold(90);
    stage.fleet.kill_and_hold("ST0001").unwrap();
    sold(120);
    stage.fleet.kill("ST0001-till-1").unwrap();
    sold(160);
    stage.fleet.release("ST0001").unwrap();
    link.heal();
    sold(170);
    // Once more with every link up and a backlog on its way.
    stage.fleet.kill("hq").unwrap();
    stage.fleet.kill("ST0001").unwrap();
    stage.fleet.kill("ST0001-till-2").unwrap();
    sold(SALES);
}
