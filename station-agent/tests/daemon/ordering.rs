//! Orders to HQ, also while it is away, and stock movements with an Idempotency-Key.

use serde_json::json;

use crate::station::Agent;

const ORDER: &str = r#"{"product_id":"CD1001","quantity_milli":20000000}"#;

#[tokio::test]
async fn an_order_is_requested_without_head_office_and_follows_its_answers() {
    let (mut agent, mut hq) = Agent::start().await;
    let first = agent.post_json("/api/v1/orders", ORDER).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(first.body["status"], "requested");
    assert_eq!(first.body["order_id"], json!(null));
    let request = first.body["request_id"].as_str().unwrap().to_owned();
    assert!(request.starts_with("ST0001-R-") && request.ends_with("-1"), "{request}");
    agent.restart().await;
    let second = agent.post_json("/api/v1/orders", ORDER).await.body;
    assert!(second["request_id"].as_str().unwrap().ends_with("-2"), "a restart does not reuse a number");

    hq.order("O-7", Some(&request), "CD1001", 20_000_000);
    hq.reach(&agent).await;
    let orders = agent.get("/api/v1/orders").await.body;
    assert_eq!(orders[1]["request_id"], request.as_str());
    assert_eq!(
        (orders[1]["status"].as_str(), orders[1]["order_id"].as_str()),
        (Some("ordered"), Some("O-7"))
    );
    assert_eq!(orders[0]["status"], "requested", "newest first");
    hq.ship("O-7", "CD1001", 20_000_000);
    hq.reach(&agent).await;
    assert_eq!(agent.get("/api/v1/orders").await.body[1]["status"], "shipped");
}

#[tokio::test]
async fn an_order_of_head_office_has_no_request() {
    let (agent, mut hq) = Agent::start().await;
    hq.order("O-1", None, "CD1001", 1_000);
    hq.reach(&agent).await;
    let orders = agent.get("/api/v1/orders").await.body;
    assert_eq!((orders[0]["order_id"].as_str(), &orders[0]["request_id"]), (Some("O-1"), &json!(null)));
}

#[tokio::test]
async fn a_cancellation_is_requested_until_the_shipment_has_left() {
    let (agent, mut hq) = Agent::start().await;
    let request =
        agent.post_json("/api/v1/orders", ORDER).await.body["request_id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/orders/{request}/cancel");
    assert_eq!(agent.post_json(&path, "").await.status, 200);
    hq.order("O-1", Some(&request), "CD1001", 20_000_000);
    hq.ship("O-1", "CD1001", 20_000_000);
    hq.reach(&agent).await;
    let late = agent.post_json(&path, "").await;
    assert_eq!((late.status, late.code()), (409, "order_already_shipped"));
    let unknown = agent.post_json("/api/v1/orders/nobody/cancel", "").await;
    assert_eq!((unknown.status, unknown.code()), (404, "unknown_order"));
}

#[tokio::test]
async fn a_repeated_request_with_its_key_is_done_once() {
    let (agent, _hq) = Agent::start().await;
    let form = "productId=CD1001&qty=100&reason=stocktake";
    for _ in 0..3 {
        let answer = agent.post_form_as("/stockFlows", form, Some("opening-1")).await;
        assert_eq!((answer.status, answer.body), (200, json!(true)));
    }
    assert_eq!(agent.stock("CD1001").await, json!(100));
    let other =
        agent.post_form_as("/stockFlows", "productId=CD1001&qty=7&reason=dip", Some("opening-1")).await;
    assert_eq!((other.status, other.code()), (422, "idempotency_key_reused"));
    agent.post_form_as("/stockFlows", form, Some("opening-2")).await;
    agent.post_form_as("/stockFlows", form, None).await;
    assert_eq!(agent.stock("CD1001").await, json!(300));
}

#[tokio::test]
async fn every_reason_moves_stock_either_way() {
    let (agent, _hq) = Agent::start().await;
    for (reason, qty) in [("loss", "-1.5"), ("dip", "0.001"), ("transfer", "-200"), ("stocktake", "1000")] {
        let form = format!("productId=CD1001&qty={qty}&reason={reason}");
        assert_eq!(agent.post_form("/stockFlows", &form).await.status, 200, "{reason}");
    }
    assert_eq!(agent.stock("CD1001").await, json!(798.501));
}
