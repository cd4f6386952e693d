//! The business scenes 1 to 4.

use std::time::Duration;

use serde_json::Value;

use crate::eventually::{holds, within};
use crate::stage::{HEALED, LAN, Stage, find, list, menu_price, milli, sample_price, sell, sold, text, won};

/// From HQ to a station and back while every link is up; the bound is for a busy machine.
const WAN: Duration = Duration::from_secs(10);

#[test]
fn an_order_is_shipped_expected_received_and_confirmed() {
    let stage = Stage::small();
    let before = stage.stock_milli("CD1001");
    let order = stage.place_order("CD1001", "8000");

    let delivery = within(WAN, "the expected delivery", || stage.delivery(&order));
    assert_eq!(delivery["state"], "expected");
    assert_eq!(delivery["quantity_milli"], 8_000_000);
    holds(WAN, "the order to be shipped", || {
        ["shipped", "receiving"].contains(&stage.order_status(&order).unwrap_or_default().as_str())
    });
    let shipments = list(&stage.hq(), "/shipments");
    let shipment = find(&shipments, "orderId", &order).unwrap();
    assert!(!text(shipment, "carNumber").is_empty());
    assert_eq!(stage.stock_milli("CD1001"), before, "what is only expected is no stock");

    let fields = [("orderId", order.as_str()), ("qty", "7990.5")];
    let answer = stage.agent().post_form("/stocks/confirmStock", &fields).unwrap();
    assert_eq!((answer.status, &answer.body), (200, &Value::Bool(true)));
    assert_eq!(stage.stock_milli("CD1001"), before + 7_990_500);
    holds(WAN, "the order to be confirmed at HQ", || {
        stage.order_status(&order).as_deref() == Some("confirmed")
    });
    let orders = list(&stage.hq(), "/api/v1/orders");
    assert_eq!(find(&orders, "orderId", &order).unwrap()["overShortMilli"], -9_500);
}

#[test]
fn a_repeated_confirmation_answers_true_and_records_nothing() {
    let stage = Stage::small();
    let order = stage.place_order("CD1002", "1000");
    within(WAN, "the expected delivery", || stage.delivery(&order));
    let before = stage.stock_milli("CD1002");
    for _ in 0..2 {
        let answer = stage.agent().post_form("/stocks/confirmStock", &[("orderId", order.as_str())]).unwrap();
        assert_eq!((answer.status, &answer.body), (200, &Value::Bool(true)));
        assert_eq!(stage.stock_milli("CD1002"), before + 1_000_000);
    }
}

#[test]
fn a_sale_moves_stock_and_summary_within_a_second() {
    let stage = Stage::small();
    let (agent, till) = (stage.agent(), stage.till());
    // The first sale pays for a cold start; the rule is about the ones that follow.
    sell(&till, "CD2005", "1");
    holds(HEALED, "the first sale at the station", || sold(&agent, "CD2005").0 == 1_000);

    let stock = stage.stock_milli("CD1001");
    sell(&till, "CD1001", "20.123");
    holds(LAN, "the sale at the station", || sold(&agent, "CD1001").0 == 20_123);
    assert_eq!(sold(&agent, "CD1001"), (20_123, won(sample_price("CD1001"), 20_123)));
    assert_eq!(stage.stock_milli("CD1001"), stock - 20_123);
}

#[test]
fn a_cancelled_sale_is_compensated_and_stays_on_record() {
    let stage = Stage::small();
    let (agent, till) = (stage.agent(), stage.till());
    let stock = stage.stock_milli("CD1002");
    let sale = sell(&till, "CD1002", "33.3");
    holds(HEALED, "the sale at the station", || sold(&agent, "CD1002").0 == 33_300);

    let answer = till.post_form("/cancelSales", &[("saleId", &sale)]).unwrap();
    assert_eq!((answer.status, &answer.body), (200, &Value::Bool(true)));
    holds(HEALED, "the compensation at the station", || stage.stock_milli("CD1002") == stock);
    assert_eq!(sold(&agent, "CD1002"), (0, 0));
    let sales = list(&till, "/sales");
    let kept = find(&sales, "saleId", &sale).unwrap();
    assert_eq!((milli(kept, "qty"), &kept["cancelled"]), (33_300, &Value::Bool(true)));

    holds(HEALED, "the cancellation at HQ", || {
        stage.hq().get("/api/v1/summary").is_ok_and(|summary| summary.body["cancelledCount"] == 1)
    });
}

#[test]
fn a_price_changed_at_head_office_reaches_the_till_and_its_acknowledgement_comes_back() {
    let stage = Stage::small();
    stage.change_price("CD1001", 1_777);
    holds(WAN, "the new price at the till", || menu_price(&stage.till(), "CD1001") == Some(1_777));
    holds(WAN, "the till's acknowledgement at HQ", || {
        stage.hq().get("/api/v1/products/CD1001/acknowledgements").is_ok_and(|answer| {
            answer.rows().iter().any(|row| {
                row["stationCode"] == "ST0001" && row["terminal"] == 1 && row["state"] == "applied"
            })
        })
    });
}

#[test]
fn orders_are_taken_while_logistics_is_stopped_and_shipped_when_it_is_back() {
    let stage = Stage::small();
    let hq = stage.hq();
    let stopped = hq.post_json("/api/v1/roles/logistics/stop", Value::Null).unwrap();
    assert!(stopped.is_success(), "{stopped:?}");
    let order = stage.place_order("CD1001", "500");
    assert_eq!(stage.order_status(&order).as_deref(), Some("ordered"));
    assert!(find(&list(&hq, "/shipments"), "orderId", &order).is_none(), "nobody plans a shipment now");

    let started = hq.post_json("/api/v1/roles/logistics/start", Value::Null).unwrap();
    assert!(started.is_success(), "{started:?}");
    within(WAN, "the expected delivery", || stage.delivery(&order));
    holds(WAN, "the order to be shipped", || stage.order_status(&order).as_deref() != Some("ordered"));
}
