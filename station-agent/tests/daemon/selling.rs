//! Scenes 3 to 5: sales of real tills in the station's books.

use serde_json::json;
use sync::link::Link as _;
use sync_proto::BusinessDay;
use sync_proto::wire::{Outcome, Reply};

use crate::station::Agent;
use crate::till::Till;

#[tokio::test]
async fn a_sale_takes_stock_down_and_the_summary_up() {
    let (agent, _hq) = Agent::start().await;
    agent.post_form("/stockFlows", "productId=CD1001&qty=18000&reason=stocktake").await;
    let mut till = Till::connected(&agent, 1).await;
    till.sell("CD1001", 30_229, None).await;
    till.sell("CD2001", 2_000, None).await;

    let summary =
        agent.until("/salesSummaries", |rows| rows.as_array().is_some_and(|rows| rows.len() == 2)).await;
    assert_eq!(summary[0]["productId"], "CD1001");
    assert_eq!(summary[0]["productName"], "휘발유");
    assert_eq!(summary[0]["qty"], json!(30.229));
    assert_eq!(summary[0]["amount"], 50_482);
    assert_eq!(summary[1]["qty"], json!(2));
    assert_eq!(agent.stock("CD1001").await, json!(17_969.771));
    assert_eq!(agent.stock("CD2001").await, json!(-2));

    let flows = agent.get("/stockFlows").await.body;
    let reasons: Vec<_> = flows.as_array().unwrap().iter().map(|flow| flow["reason"].clone()).collect();
    assert_eq!(reasons, ["stocktake", "sale", "sale"], "newest last");
    assert_eq!(flows[1]["qty"], json!(-30.229));
    assert_eq!(flows[1]["qtyToBe"], json!(17_969.771));
    let after = format!("/stockFlows?limit=1&after={}", flows[0]["stockId"].as_str().unwrap());
    assert_eq!(agent.get(&after).await.body, json!([flows[1]]));
    assert_eq!(agent.get("/stockFlows?limit=1").await.body, json!([flows[2]]));

    let day = format!("/salesSummaries?businessDay={}", till.day);
    assert_eq!(agent.get(&day).await.body, summary);
    assert_eq!(agent.get("/salesSummaries?businessDay=2020-01-01").await.body, json!([]));
}

#[tokio::test]
async fn the_overview_shows_stock_sales_hours_and_tills() {
    let (agent, _hq) = Agent::start().await;
    let mut till = Till::connected(&agent, 3).await;
    till.sell("CD1001", 10_000, None).await;
    let gone = till.sell("CD1001", 5_000, None).await;
    till.cancel(&gone).await;
    let seen =
        agent.until("/api/v1/overview", |overview| overview["sales_total"]["cancelled_count"] == 1).await;
    assert_eq!(seen["station_code"], "ST0001");
    assert_eq!(seen["station_name"], "SK Imme");
    assert_eq!(seen["business_day"], till.day.as_str());
    assert_eq!(
        seen["sales_total"],
        json!({"count": 1, "cancelled_count": 1, "amount": 16_700, "aside_count": 0, "aside_amount": 0})
    );
    assert_eq!(seen["stock"][0]["product_id"], "CD1001");
    assert_eq!(seen["stock"][0]["kind"], "fuel");
    assert_eq!(seen["stock"][0]["on_hand_milli"], -10_000);
    assert_eq!(seen["stock"][0]["sold_today_milli"], 10_000);
    assert_eq!(seen["sales"][0]["amount"], 16_700);
    assert_eq!(seen["sales"][0]["count"], 1);
    let hours = seen["by_hour"].as_array().unwrap();
    assert_eq!(hours.iter().map(|hour| hour["amount"].as_i64().unwrap()).sum::<i64>(), 16_700);
    assert_eq!(seen["hq"]["up"], false);
    assert!(seen["hq"]["pending_count"].as_u64().unwrap() >= 5);
    assert!(seen["hq"]["pending_oldest_at"].is_string());
    let tills = seen["terminals"].as_array().unwrap();
    assert_eq!(tills.len(), 1);
    assert_eq!(tills[0]["terminal"], 3);
    assert!(tills[0]["pending_at_hq"].as_u64().unwrap() >= 4);
    assert!(tills[0]["last_seen_at"].is_string());
    assert!(tills[0]["last_sale_at"].is_string());
}

#[tokio::test]
async fn a_cancellation_gives_stock_and_summary_back_and_the_sale_stays_on_record() {
    let (agent, _hq) = Agent::start().await;
    let mut till = Till::connected(&agent, 1).await;
    let sold = till.sell("CD1001", 20_000, None).await;
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 20).await;
    till.cancel(&sold).await;
    let summary = agent.until("/salesSummaries", |rows| rows[0]["qty"] == 0).await;
    assert_eq!(summary[0]["amount"], 0);
    assert_eq!(agent.stock("CD1001").await, json!(0));
    let flows = agent.get("/stockFlows").await.body;
    assert_eq!((&flows[0]["reason"], &flows[1]["reason"]), (&json!("sale"), &json!("cancel")));
    assert_eq!(flows[0]["saleId"], sold.sale.as_str());
    let journal = agent.get("/api/v1/journal?limit=100").await.body;
    let types: Vec<_> = journal.as_array().unwrap().iter().map(|row| row["type"].as_str().unwrap()).collect();
    assert!(types.contains(&"Sold") && types.contains(&"SaleCancelled"), "{types:?}");
}

#[tokio::test]
async fn a_sale_delivered_twice_counts_once() {
    let (agent, _hq) = Agent::start().await;
    let mut till = Till::enrolled(&agent, 1).await;
    till.sell("CD1001", 20_000, None).await;
    let journal = till.whole_journal().await;
    for expected_new in [true, false] {
        let reply = till.link.request(journal.clone(), 0).await.unwrap();
        let Reply::Receipt(receipt) = Reply::decode(&reply).unwrap() else {
            unreachable!("a batch has a receipt")
        };
        assert_eq!(matches!(receipt.outcome, Outcome::Accepted { .. }), expected_new, "{receipt:?}");
        assert_eq!(matches!(receipt.outcome, Outcome::Duplicate { .. }), !expected_new, "{receipt:?}");
    }
    assert_eq!(agent.stock("CD1001").await, json!(-20));
    assert_eq!(agent.get("/salesSummaries").await.body[0]["amount"], 33_400);
}

#[tokio::test]
async fn a_price_of_head_office_reaches_a_waiting_till_through_the_agent() {
    let (agent, mut hq) = Agent::start().await;
    let till = Till::connected(&agent, 1).await;
    till.until_price(|price| price.price == 1_670).await;
    hq.schedule("CD1001", 1_699, 1);
    hq.reach(&agent).await;
    till.until_price(|price| price.price == 1_699).await;
    let masters = agent.get("/productMasters").await.body;
    assert_eq!(masters[0]["productId"], "CD1001");
    assert_eq!(masters[0]["price"], 1_699);
}

#[tokio::test]
async fn a_price_of_the_future_is_listed_as_the_next_one() {
    let (agent, mut hq) = Agent::start().await;
    hq.schedule("CD1001", 1_800, 4_000_000_000_000);
    hq.reach(&agent).await;
    let products = agent.get("/api/v1/products").await.body;
    assert_eq!(products[0]["price"], 1_670);
    assert_eq!(products[0]["next_price"], 1_800);
    assert_eq!(products[0]["next_price_at"], "2096-10-02T07:06:40Z");
}

#[tokio::test]
async fn a_restart_keeps_everything_and_tills_go_on() {
    let (mut agent, _hq) = Agent::start().await;
    let mut till = Till::connected(&agent, 1).await;
    till.sell("CD1001", 10_000, None).await;
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 10).await;
    let before = agent.get("/api/v1/overview").await.body;
    agent.restart().await;
    let after = agent.get("/api/v1/overview").await.body;
    for key in ["stock", "sales", "sales_total", "by_hour"] {
        assert_eq!(before[key], after[key], "{key}");
    }
    till.sell("CD1001", 1_000, None).await;
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 11).await;
}

#[tokio::test]
async fn what_a_till_sold_while_the_agent_was_down_arrives_when_it_is_back() {
    let (mut agent, _hq) = Agent::start().await;
    let mut till = Till::connected(&agent, 1).await;
    till.until_price(|price| price.price == 1_670).await;
    agent.stop().await;
    for _ in 0..20 {
        till.sell("CD1001", 1_000, None).await;
    }
    agent.start_again().await;
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 20).await;
}

#[tokio::test]
async fn days_without_head_office_stop_nothing_and_each_keeps_its_own_total() {
    let (mut agent, mut hq) = Agent::start().await;
    hq.ship("O-1", "CD1001", 20_000_000);
    hq.reach(&agent).await;
    let mut till = Till::connected(&agent, 1).await;
    for (day, sales) in [("2026-11-01", 3), ("2026-11-02", 5), ("2026-11-03", 2)] {
        till.day = BusinessDay::new(day).unwrap();
        for _ in 0..sales {
            till.sell("CD1001", 1_000, None).await;
        }
        let of_day = format!("/salesSummaries?businessDay={day}");
        agent.until(&of_day, |rows| rows[0]["qty"] == sales).await;
        agent.restart().await;
    }
    assert_eq!(agent.post_form("/stocks/confirmStock", "orderId=O-1").await.status, 200);
    assert_eq!(agent.post_form("/accounts", "accountName=Hangang").await.status, 200);
    let order = agent.post_json("/api/v1/orders", r#"{"product_id":"CD1001","quantity_milli":1000}"#).await;
    assert_eq!(order.body["status"], "requested");
    assert_eq!(agent.stock("CD1001").await, json!(19_990));
    assert_eq!(agent.get("/salesSummaries").await.body[0]["qty"], 10);
    let hq_state = agent.get("/api/v1/overview").await.body["hq"].clone();
    assert_eq!(hq_state["up"], false);
    assert!(hq_state["pending_count"].as_u64().unwrap() >= 13, "{hq_state}");
}
