//! The station's agent is away for longer: the till's journal and its prices go straight between till and head office.

use std::thread;

use crate::eventually::holds;
use crate::invariants::{self, Database, Expected};
use crate::seller::{Pace, sell_through};
use crate::stage::{HEALED, Stage, find, list, menu_price, sample_price, sell, sold};

const PRODUCT: &str = "CD1001";
const SALES: usize = 40;

fn at_head_office(stage: &Stage) -> i64 {
    Database::open("HQ", &stage.data().join("hq"))
        .number("SELECT count(*) FROM sales WHERE sold_at_ms IS NOT NULL")
}

#[test]
fn r36_a_till_sells_at_head_offices_new_price_while_its_agent_is_dead_and_the_agents_stock_comes_right() {
    let stage = Stage::small();
    let (till, stock) = (stage.till(), stage.stock_milli(PRODUCT));
    sell(&till, PRODUCT, "10");
    holds(HEALED, "the first sale at the station", || sold(&stage.agent(), PRODUCT).0 == 10_000);
    stage.fleet.kill_and_hold("ST0001").unwrap();
    stage.change_price(PRODUCT, 1_777);
    holds(HEALED, "head office's price at the till", || menu_price(&till, PRODUCT) == Some(1_777));
    let sale = sell(&till, PRODUCT, "20");
    let row = find(&list(&till, "/sales"), "saleId", &sale).cloned().unwrap();
    assert_eq!(row["price"], 1_777);
    holds(HEALED, "both sales at head office", || at_head_office(&stage) == 2);
    stage.fleet.release("ST0001").unwrap();
    holds(HEALED, "the agent to be back", || stage.agent().get("/stockSummaries").is_ok());
    holds(HEALED, "both sales at the station", || stage.stock_milli(PRODUCT) == stock - 30_000);
    invariants::everything_arrives(&stage, HEALED);
    assert_eq!(at_head_office(&stage), 2);
}

#[test]
fn r36_both_ways_race_after_the_agent_died_in_mid_stream_and_nothing_is_doubled() {
    let stage = Stage::small();
    let opening_milli = stage.stock_milli(PRODUCT);
    let pace = Pace::default();
    let till = stage.till();
    let log = thread::scope(|scope| {
        let seller = scope.spawn(|| sell_through(&till, 1, PRODUCT, SALES, &pace));
        pace.sold(SALES / 4, SALES / 4);
        stage.fleet.kill_and_hold("ST0001").unwrap();
        pace.sold(SALES / 2, 0);
        let half = i64::try_from(SALES / 2).unwrap();
        holds(HEALED, "half of the sales at head office, past the agent", || at_head_office(&stage) == half);
        // The direct way is in use when the agent is back with the rest on its way.
        pace.sold(SALES / 2, SALES / 2);
        stage.fleet.release("ST0001").unwrap();
        pace.sold(SALES, 0);
        seller.join().unwrap()
    });
    let price = sample_price(PRODUCT);
    let expected = Expected { log: &log, product: PRODUCT, price, opening_milli, received_milli: 0 };
    invariants::check(&stage, &expected);
}
