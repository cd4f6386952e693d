//! Order and Logistics do not need each other.

use serde_json::json;

use crate::support::{Office, eventually};

async fn switch(office: &Office, role: &str, action: &str) {
    let reply = office.post(&format!("/api/v1/roles/{role}/{action}"), json!({})).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
}

#[tokio::test]
async fn with_order_stopped_logistics_goes_on() {
    let office = Office::open().await;
    office.place("CD1001", "5", "ST0001").await;
    let ship_id = eventually("a planned shipment", async || {
        office.get("/api/v1/shipments").await[0]["shipId"].as_str().map(str::to_owned)
    })
    .await;
    switch(&office, "order", "stop").await;
    let refused = office.place("CD1001", "6", "ST0001").await;
    assert_eq!((refused.status, refused.body["code"].as_str()), (503, Some("role_stopped")));
    let path = format!("/api/v1/shipments/{ship_id}/dispatch");
    assert_eq!(office.post(&path, json!({ "carNumber": "12가3456" })).await.status, 200);
    assert_eq!(office.get("/orderStatuses").await[0]["status"], "shipped", "the view still folds facts");
    switch(&office, "order", "start").await;
    assert_eq!(office.place("CD1001", "6", "ST0001").await.body, true);
    assert_eq!(
        office.get("/orders").await.as_array().unwrap().len(),
        2,
        "nothing of the refused was recorded"
    );
}

#[tokio::test]
async fn with_logistics_stopped_orders_are_taken_and_planned_later() {
    let mut office = Office::open_with(|config| config.auto_dispatch = true).await;
    switch(&office, "logistics", "stop").await;
    for qty in ["1", "2", "3"] {
        assert_eq!(office.place("CD1001", qty, "ST0001").await.body, true);
    }
    let second = office.get("/orders").await[1]["orderId"].as_str().unwrap().to_owned();
    assert_eq!(office.post(&format!("/api/v1/orders/{second}/cancel"), json!({})).await.status, 200);
    office = office.reopen().await;
    assert_eq!(office.get("/api/v1/roles").await[1], json!({ "role": "logistics", "state": "stopped" }));
    assert_eq!(office.get("/shipments").await, json!([]));
    switch(&office, "logistics", "start").await;
    let shipments = eventually("the plans that waited", async || {
        let list = office.get("/shipments").await;
        (list.as_array().unwrap().len() == 2).then_some(list)
    })
    .await;
    assert_eq!(
        (&shipments[0]["qty"], &shipments[1]["qty"]),
        (&json!(1), &json!(3)),
        "the cancelled one is not planned"
    );
}

#[tokio::test]
async fn an_unknown_role_is_refused() {
    let office = Office::open().await;
    let reply = office.post("/api/v1/roles/billing/stop", json!({})).await;
    assert_eq!((reply.status, reply.body["code"].as_str()), (404, Some("unknown_role")));
}
