use reqwest::Method;
use serde_json::json;

use crate::fixture::{Bench, send, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_answers_true_with_its_address_and_is_the_last_of_the_list() {
    let bench = Bench::start().await;
    let answer = bench.post("/sales", "productId=CD1001&qty=20").await;
    assert_eq!((answer.status, &answer.body), (200, &json!(true)));
    let sales = bench.get("/sales").await.body;
    let sale_id = answer.location.unwrap().strip_prefix("/sales/").unwrap().to_owned();
    let expected = json!([{
        "saleId": sale_id, "productId": "CD1001", "productName": "휘발유", "price": 1670, "qty": 20,
        "amount": 33400, "accountId": null, "accountName": null, "cancelled": false
    }]);
    assert_eq!(sales, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn form_query_and_json_say_the_same() {
    let bench = Bench::start().await;
    let by_query = send(bench.request(Method::POST, "/sales?productId=CD1001&qty=1.5")).await;
    let by_number = bench.request(Method::POST, "/sales").json(&json!({"productId": "CD1001", "qty": 1.5}));
    let by_text = bench.request(Method::POST, "/sales").json(&json!({"productId": "CD1001", "qty": "1.5"}));
    let by_form = bench.post("/sales", "productId=CD1001&qty=1.5").await;
    for answer in [by_query, send(by_number).await, send(by_text).await, by_form] {
        assert_eq!((answer.status, answer.body), (200, json!(true)));
    }
    let sales = bench.get("/sales").await.body;
    assert!(sales.as_array().unwrap().iter().all(|sale| sale["qty"] == json!(1.5) && sale["amount"] == 2505));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_and_its_cancellation_reach_the_agent_and_the_sale_stays_listed() {
    let bench = Bench::start().await;
    bench.post("/sales", "productId=CD1001&qty=20").await;
    until("the sale at the agent", async || bench.agent.count("SELECT count(*) FROM sales").await == 1).await;
    assert_eq!(bench.agent.count("SELECT on_hand_milli FROM stock").await, -20_000);
    let sale_id = bench.sale_ids().await.pop().unwrap();
    let answer = bench.post("/cancelSales", &format!("saleId={sale_id}")).await;
    assert_eq!((answer.status, answer.body), (200, json!(true)));
    assert_eq!(bench.get("/sales").await.body[0]["cancelled"], json!(true));
    let back = async || bench.agent.count("SELECT on_hand_milli FROM stock").await == 0;
    until("the stock to be back", back).await;
    let status = bench.get("/api/v1/status").await.body;
    assert_eq!(status["agentLink"], "up");
    assert_eq!(status["stationCode"], "ST0001");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_changed_upstream_is_the_price_of_the_next_sale() {
    let bench = Bench::start().await;
    bench.agent.price("CD1001", 1_700).await;
    let changed = async || bench.get("/productMenus").await.body[0]["price"] == json!(1_700);
    until("the new price", changed).await;
    bench.post("/sales", "productId=CD1001&qty=10").await;
    assert_eq!(bench.get("/sales").await.body[0]["amount"], json!(17_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_on_account_is_charged_within_the_limit() {
    let bench = Bench::start().await;
    bench.agent.account("AC0001", "김주유", 5_000).await;
    let charged =
        async || bench.post("/sales", "productId=CD2001&qty=3&accountId=AC0001").await.body == json!(true);
    until("the account", charged).await;
    let over = bench.post("/sales", "productId=CD2001&qty=3&accountId=AC0001").await;
    assert_eq!((over.status, over.code()), (409, "credit_exceeded"));
    let sales = bench.get("/sales").await.body;
    assert_eq!(sales.as_array().unwrap().len(), 1);
    assert_eq!((&sales[0]["accountId"], &sales[0]["accountName"]), (&json!("AC0001"), &json!("김주유")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_repeated_under_its_key_records_nothing() {
    let bench = Bench::start().await;
    let sell = |qty: &str| {
        let path = format!("/sales?productId=CD2001&qty={qty}");
        send(bench.request(Method::POST, &path).header("Idempotency-Key", "key-1"))
    };
    let (first, again) = (sell("2").await, sell("2.0").await);
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(first.location, again.location);
    assert_eq!(sell("3").await.code(), "idempotency_key_reused");
    assert_eq!(bench.sale_ids().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_newest_last_with_limit_and_after() {
    let bench = Bench::start().await;
    for _ in 0..4 {
        bench.post("/sales", "productId=CD2001&qty=1").await;
    }
    let all = bench.sale_ids().await;
    let ids = async |path: &str| {
        let rows = bench.get(path).await.body;
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["saleId"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("/sales?limit=2").await, all[2..]);
    assert_eq!(ids(&format!("/sales?limit=2&after={}", all[0])).await, all[1..3]);
    let menu = bench.get("/productMenus?after=CD1001").await.body;
    assert_eq!(menu[0]["productId"], "CD2001");
    assert_eq!(menu[0]["productName"], "생수");
    assert_eq!(bench.get("/sales?after=ST0001-01-00000-000999").await.code(), "unknown_sale");
    assert_eq!(bench.get("/sales?limit=0").await.code(), "bad_request");
}
