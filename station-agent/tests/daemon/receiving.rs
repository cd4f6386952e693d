//! Scenes 1 and 2 at the station: an expected delivery, and its confirmation.

use serde_json::json;

use crate::station::Agent;

#[tokio::test]
async fn a_shipment_is_expected_and_confirmed_with_the_measured_quantity() {
    let (agent, mut hq) = Agent::start().await;
    hq.order("O-1", None, "CD1001", 20_000_000);
    hq.ship("O-1", "CD1001", 20_000_000);
    hq.reach(&agent).await;
    let expected = agent.get("/api/v1/deliveries").await.body;
    assert_eq!(expected[0]["order_id"], "O-1");
    assert_eq!(expected[0]["state"], "expected");
    assert_eq!(expected[0]["car_number"], "12가3456");
    assert_eq!(agent.get("/api/v1/overview").await.body["stock"][0]["expected_milli"], 20_000_000);

    let path = "/api/v1/deliveries/O-1/confirm";
    let done = agent.post_json(path, r#"{"quantity_milli":19962500}"#).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(done.body["state"], "confirmed");
    assert_eq!(done.body["received_milli"], 19_962_500);
    assert_eq!(agent.stock("CD1001").await, json!(19_962.5));
    let flow = agent.get("/stockFlows").await.body[0].clone();
    assert_eq!((flow["reason"].as_str(), flow["orderId"].as_str()), (Some("receipt"), Some("O-1")));
    assert_eq!(agent.get("/api/v1/orders").await.body[0]["status"], "confirmed");
}

#[tokio::test]
async fn confirming_again_answers_true_and_records_nothing() {
    let (agent, mut hq) = Agent::start().await;
    hq.ship("O-1", "CD1001", 5_000_000);
    hq.reach(&agent).await;
    let first = agent.post_form("/stocks/confirmStock", "orderId=O-1").await;
    assert_eq!((first.status, first.body), (200, json!(true)));
    let entries = agent.own_entries().await;
    for form in ["orderId=O-1", "orderId=O-1&qty=5000", "orderId=O-1&qty=5000.000"] {
        let again = agent.post_form("/stocks/confirmStock", form).await;
        assert_eq!((again.status, again.body), (200, json!(true)), "{form}");
    }
    let other = agent.post_form("/stocks/confirmStock", "orderId=O-1&qty=4999").await;
    assert_eq!((other.status, other.code()), (409, "already_confirmed"));
    assert_eq!(agent.own_entries().await, entries);
    assert_eq!(agent.stock("CD1001").await, json!(5_000));
}

#[tokio::test]
async fn a_repeat_without_a_quantity_is_true_after_another_quantity_was_measured() {
    let (agent, mut hq) = Agent::start().await;
    hq.ship("O-1", "CD1001", 5_000_000);
    hq.reach(&agent).await;
    agent.post_json("/stocks/confirmStock", r#"{"orderId":"O-1","qty":4990.5}"#).await;
    let again = agent.post_form("/stocks/confirmStock?orderId=O-1", "").await;
    assert_eq!((again.status, again.body), (200, json!(true)));
    assert_eq!(agent.stock("CD1001").await, json!(4_990.5));
}

#[tokio::test]
async fn what_was_not_shipped_cannot_be_confirmed_and_the_answer_says_why() {
    let (agent, mut hq) = Agent::start().await;
    hq.order("O-1", None, "CD1001", 1_000);
    hq.order("O-2", None, "CD1001", 1_000);
    hq.cancel("O-2");
    hq.reach(&agent).await;
    let entries = agent.own_entries().await;
    for (order, status, code) in [
        ("O-1", 409, "not_shipped"),
        ("O-2", 409, "order_cancelled"),
        ("O-3", 404, "unknown_order"),
        ("no such id", 404, "unknown_order"),
    ] {
        let answer = agent.post_form("/stocks/confirmStock", &format!("orderId={order}")).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{order}");
        assert_eq!(answer.body["result"], false);
    }
    assert_eq!(agent.own_entries().await, entries);
}
