use pos_core::{recent, status};
use sync_proto::fact::CancelReason;
use sync_proto::{SaleId, Seq};

use crate::fixture::{GASOLINE, NOW_MS, Till, WATER, at, cash, milli};

fn marks(till: &mut Till, sale: &SaleId) -> (i64, Option<i64>, Option<i64>) {
    let row = recent::sale(till.node.store().connection(), sale).unwrap();
    (row.till_at_ms, row.station_at_ms, row.hq_at_ms)
}

fn acknowledge(till: &mut Till, upstream: &str, through: u64, at_ms: i64) {
    let own = till.node.own_stream();
    till.node.keep_ack(upstream, own, Seq(through), at_ms).unwrap();
}

fn head(till: &mut Till) -> u64 {
    till.node.own_head().unwrap().seq.0
}

#[test]
fn a_sale_shows_since_when_station_and_hq_hold_it() {
    let mut till = Till::new();
    let first = till.sell(WATER, 1_000);
    let place = head(&mut till);
    assert_eq!(marks(&mut till, &first), (NOW_MS, None, None));
    acknowledge(&mut till, "agent", place, NOW_MS + 10);
    let second = till.sell(WATER, 1_000);
    acknowledge(&mut till, "agent", place + 1, NOW_MS + 20);
    acknowledge(&mut till, "hq", place, NOW_MS + 30);
    assert_eq!(marks(&mut till, &first), (NOW_MS, Some(NOW_MS + 10), Some(NOW_MS + 30)));
    assert_eq!(marks(&mut till, &second), (NOW_MS, Some(NOW_MS + 20), None));
}

#[test]
fn marks_go_back_when_an_upstream_was_put_back() {
    let mut till = Till::new();
    let sale = till.sell(WATER, 1_000);
    let place = head(&mut till);
    acknowledge(&mut till, "hq", place, NOW_MS + 10);
    acknowledge(&mut till, "hq", place - 1, NOW_MS + 20);
    assert_eq!(marks(&mut till, &sale).2, None);
    acknowledge(&mut till, "hq", place, NOW_MS + 30);
    assert!(marks(&mut till, &sale).2.is_some());
}

#[test]
fn r4_a_sale_that_was_carried_into_a_new_life_shows_how_far_it_got_there() {
    let mut till = Till::new();
    let kept = till.sell(WATER, 1_000);
    let common = Seq(head(&mut till));
    let carried = till.sell(WATER, 2_000);
    acknowledge(&mut till, "hq", common.0, NOW_MS + 10);
    till.node.branch([9; 16], common, "forked", at(NOW_MS + 20).stamp).unwrap();
    let reach_of = |till: &mut Till| status::reach(till.node.store().connection()).unwrap();
    // The new life's first entry, and the sale.
    assert_eq!(reach_of(&mut till).pending_count, 2);
    assert_eq!(marks(&mut till, &kept).2, Some(NOW_MS + 10));
    assert_eq!(marks(&mut till, &carried).2, None);
    acknowledge(&mut till, "hq", 2, NOW_MS + 30);
    assert_eq!(marks(&mut till, &carried).2, Some(NOW_MS + 30));
    assert_eq!(reach_of(&mut till).pending_count, 0);
    // Numbers go on in a series of the new life (R6).
    let after = till.sell(WATER, 3_000);
    assert_ne!(after.as_str().split('-').nth(2), carried.as_str().split('-').nth(2));
}

#[test]
fn a_cancelled_sale_shows_how_far_its_cancellation_got() {
    let mut till = Till::new();
    let sale = till.sell(WATER, 1_000);
    let place = head(&mut till);
    acknowledge(&mut till, "agent", place, NOW_MS + 10);
    till.now = at(NOW_MS + 50);
    let what = (&sale, CancelReason::Mistake);
    pos_core::cancel::cancel_sale(&mut till.node, &till.calendar, &till.now, what, None).unwrap();
    assert_eq!(marks(&mut till, &sale), (NOW_MS + 50, None, None));
    acknowledge(&mut till, "agent", place + 1, NOW_MS + 60);
    assert_eq!(marks(&mut till, &sale).1, Some(NOW_MS + 60));
}

#[test]
fn what_has_not_reached_hq_is_counted_with_the_age_of_the_oldest() {
    let mut till = Till::new();
    let all = i64::try_from(head(&mut till)).unwrap();
    let reach = status::reach(till.node.store().connection()).unwrap();
    assert_eq!((reach.pending_count, reach.pending_oldest_ms, reach.hq_ack_ms), (all, Some(NOW_MS), None));
    let place = head(&mut till);
    acknowledge(&mut till, "hq", place, NOW_MS + 5);
    till.now = at(NOW_MS + 100);
    till.sell(WATER, 1_000);
    till.now = at(NOW_MS + 200);
    till.sell(WATER, 1_000);
    let reach = status::reach(till.node.store().connection()).unwrap();
    assert_eq!((reach.pending_count, reach.pending_oldest_ms), (2, Some(NOW_MS + 100)));
    assert_eq!((reach.hq_ack_ms, reach.agent_ack_ms), (Some(NOW_MS + 5), None));
}

#[test]
fn the_last_sales_come_newest_first_with_what_was_sold_and_how_it_was_paid() {
    let mut till = Till::new();
    till.sell(WATER, 1_000);
    till.add(GASOLINE, milli(10_000)).unwrap();
    till.add(WATER, milli(1_000)).unwrap();
    till.pay(&[crate::fixture::card(10_000), cash(10_000)]).unwrap();
    let rows = recent::sales(till.node.store().connection(), 10).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].summary_ko, "휘발유 외 1건");
    assert_eq!(rows[0].summary_en, "Gasoline and 1 more");
    assert_eq!(rows[0].tenders, ["cash", "card"]);
    assert_eq!(recent::sales(till.node.store().connection(), 1).unwrap()[0], rows[0]);
}

#[test]
fn the_list_of_integrations_is_newest_last_and_goes_on_after_a_sale() {
    let mut till = Till::new();
    let sales: Vec<SaleId> = (0..5).map(|_| till.sell(WATER, 1_000)).collect();
    let mut page = |after: Option<&SaleId>, limit| -> Vec<String> {
        let found = recent::page(till.node.store().connection(), after, limit).unwrap();
        found.into_iter().map(|each| each.sale_id).collect()
    };
    let ids = |range: std::ops::Range<usize>| -> Vec<String> {
        sales[range].iter().map(ToString::to_string).collect()
    };
    assert_eq!(page(None, 1_000), ids(0..5));
    assert_eq!(page(None, 2), ids(3..5));
    assert_eq!(page(Some(&sales[0]), 2), ids(1..3));
    assert!(page(Some(&sales[4]), 10).is_empty());
}
