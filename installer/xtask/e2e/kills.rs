//! Each program killed by itself in mid-stream.

use std::thread;
use std::time::Instant;

use crate::faults::case::Case;
use crate::invariants::{self, Expected};
use crate::seller::{Pace, sell_through};
use crate::stage::{HEALED, Stage, sample_price};

const PRODUCT: &str = "CD1001";
const SALES: usize = 40;

fn kill_in_mid_stream(name: &'static str, program: &str, hold: bool) {
    let mut case = Case::new(name);
    case.run(program, |case| in_mid_stream(case, program, hold));
    case.end();
}

fn in_mid_stream(case: &mut Case, program: &str, hold: bool) {
    let stage = Stage::small();
    let opening_milli = stage.stock_milli(PRODUCT);
    let pace = Pace::default();
    let till = stage.till();
    let log = thread::scope(|scope| {
        let seller = scope.spawn(|| sell_through(&till, 1, PRODUCT, SALES, &pace));
        pace.sold(SALES / 4, SALES / 4);
        if hold {
            stage.fleet.kill_and_hold(program).unwrap();
            pace.sold(SALES * 3 / 4, SALES / 8);
            stage.fleet.release(program).unwrap();
        } else {
            for round in 2..5 {
                stage.fleet.kill(program).unwrap();
                pace.sold(SALES * round / 5, SALES / 10);
            }
        }
        pace.sold(SALES, 0);
        seller.join().unwrap()
    });
    let expected = Expected {
        log: &log,
        product: PRODUCT,
        price: sample_price(PRODUCT),
        opening_milli,
        received_milli: 0,
    };
    let healed = Instant::now();
    invariants::everything_arrives(&stage, HEALED);
    case.agreed_again(healed);
    invariants::check(&stage, &expected);
}

#[test]
fn a_till_killed_in_mid_stream_keeps_every_sale_it_confirmed() {
    kill_in_mid_stream("till", "ST0001-till-1", false);
}

#[test]
fn an_agent_killed_in_mid_stream_holds_up_no_till_and_loses_nothing() {
    kill_in_mid_stream("agent", "ST0001", true);
}

#[test]
fn a_killed_head_office_gets_everything_when_it_is_back() {
    kill_in_mid_stream("hq", "hq", true);
}
