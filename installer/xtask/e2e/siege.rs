//! Scene 5: everything is killed once, a link is cut, a price changes meanwhile; then all is healed.

use std::thread;
use std::time::Instant;

use crate::eventually::{holds, within};
use crate::faults::case::Case;
use crate::invariants::{self, Expected};
use crate::proxy::Proxy;
use crate::seller::{Log, Pace, sell_through};
use crate::stage::{HEALED, Stage, menu_price, sample_price};

/// Sold by both tills together, one in ten of them cancelled.
const SALES: usize = 200;
/// What the siege sells; another product's price changes.
const SOLD: &str = "CD1001";
const REPRICED: &str = "CD1002";
const NEW_PRICE: u64 = 1_599;
/// Two starts after a hold, four after a kill.
const RESTARTS: u64 = 6;

#[test]
fn head_office_agent_and_till_are_killed_and_nothing_is_lost_or_doubled() {
    let mut case = Case::new("siege");
    case.run("all of it", withstood);
    case.end();
}

fn withstood(case: &mut Case) {
    let link = Proxy::listen();
    let stage = Stage::with(|wish| {
        wish.terminals = 2;
        wish.hq_mqtt_route = Some(link.address.to_string());
        link.lead_to_hq_of(&wish.data);
    });
    let opening_milli = stage.stock_milli(SOLD);
    let order = stage.place_order(SOLD, "6000");
    within(HEALED, "the expected delivery", || stage.delivery(&order));

    let pace = Pace::default();
    let starts = stage.fleet.starts();
    let mut log = Log::default();
    thread::scope(|scope| {
        let tills: Vec<_> = [1, 2]
            .map(|terminal| {
                let till = stage.fleet.till(0, terminal).unwrap();
                let pace = &pace;
                scope.spawn(move || sell_through(&till, usize::from(terminal), SOLD, SALES / 2, pace))
            })
            .into_iter()
            .collect();
        besiege(&stage, &link, &order, &pace);
        for till in tills {
            log.merge(till.join().unwrap());
        }
    });
    link.heal();
    let healed = Instant::now();
    invariants::everything_arrives(&stage, HEALED);
    case.agreed_again(healed);

    assert_eq!((log.sales.len(), log.cancelled.len()), (SALES, SALES / 10));
    holds(HEALED, "the order to be confirmed at HQ", || {
        stage.order_status(&order).as_deref() == Some("confirmed")
    });
    for terminal in [1, 2] {
        let till = stage.fleet.till(0, terminal).unwrap();
        holds(HEALED, "the new price at the till", || menu_price(&till, REPRICED) == Some(NEW_PRICE));
    }
    let expected = Expected {
        log: &log,
        product: SOLD,
        price: sample_price(SOLD),
        opening_milli,
        received_milli: 6_000_000,
    };
    invariants::check(&stage, &expected);
    assert!(stage.fleet.starts() >= starts + RESTARTS, "I8: every planned kill was one");
}

/// Every break falls among sales that are on their way.
fn besiege(stage: &Stage, link: &Proxy, order: &str, pace: &Pace) {
    pace.sold(20, 20);
    stage.fleet.kill_and_hold("hq").unwrap();
    pace.sold(60, 10);
    let answer = stage.agent().post_form("/stocks/confirmStock", &[("orderId", order)]).unwrap();
    assert!(answer.is_success(), "a receiving goes on without HQ: {answer:?}");
    link.cut();
    stage.fleet.release("hq").unwrap();
    holds(HEALED, "HQ to be back", || stage.hq().get("/readyz").is_ok_and(|answer| answer.is_success()));
    stage.change_price(REPRICED, NEW_PRICE);
    pace.sold(90, 10);
    stage.fleet.kill_and_hold("ST0001").unwrap();
    pace.sold(120, 10);
    stage.fleet.kill("ST0001-till-1").unwrap();
    pace.sold(150, 10);
    stage.fleet.release("ST0001").unwrap();
    let old = menu_price(&stage.fleet.till(0, 2).unwrap(), REPRICED);
    assert_eq!(old, Some(sample_price(REPRICED)), "the link is cut, so the price cannot have come");
    link.heal();
    // Once more with every link up and a backlog on its way.
    pace.sold(170, 15);
    for program in ["hq", "ST0001", "ST0001-till-2"] {
        stage.fleet.kill(program).unwrap();
    }
    pace.sold(SALES, 0);
}
