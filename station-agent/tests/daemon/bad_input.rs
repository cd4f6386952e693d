//! Everything that may not be recorded is not, and says why in problem+json.

use crate::station::{Agent, Answer, plain_client};

fn assert_refused(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{what}: {answer:?}");
    assert_eq!(answer.media_type, "application/problem+json", "{what}");
    assert_eq!(answer.body["result"], false, "{what}");
    assert_eq!(answer.body["status"], status, "{what}");
    assert!(answer.body["detail"].as_str().unwrap().len() > 20, "{what}: {answer:?}");
}

#[tokio::test]
async fn bad_forms_of_integrations_are_refused_and_nothing_is_recorded() {
    let (agent, mut hq) = Agent::start().await;
    hq.ship("O-1", "CD1001", 1_000_000);
    hq.reach(&agent).await;
    let entries = agent.own_entries().await;
    let absurd = "9".repeat(400);
    let absurd = format!("productId=CD1001&qty={absurd}&reason=loss");
    let long_name = format!("accountName={}", "x".repeat(101));
    for (path, form, status, code) in [
        ("/stockFlows", "productId=NOPE&qty=1&reason=loss", 404, "unknown_product"),
        ("/stockFlows", "productId=../etc&qty=1&reason=loss", 404, "unknown_product"),
        ("/stockFlows", "productId=CD1001&qty=0&reason=loss", 400, "bad_quantity"),
        ("/stockFlows", "productId=CD1001&qty=NaN&reason=loss", 400, "bad_quantity"),
        ("/stockFlows", "productId=CD1001&qty=1e9&reason=loss", 400, "bad_quantity"),
        ("/stockFlows", "productId=CD1001&qty=1.0001&reason=loss", 400, "bad_quantity"),
        ("/stockFlows", "productId=CD1001&qty=1000000001&reason=loss", 400, "bad_quantity"),
        ("/stockFlows", absurd.as_str(), 400, "bad_quantity"),
        ("/stockFlows", "productId=CD2001&qty=1.5&reason=loss", 400, "bad_quantity"),
        ("/stockFlows", "productId=CD1001&qty=1&reason=theft", 400, "unknown_reason"),
        ("/stockFlows", "productId=CD1001&qty=1", 400, "missing_field"),
        ("/stockFlows", "productId=CD1001&reason=loss", 400, "missing_field"),
        ("/stockFlows", "qty=1&reason=loss", 400, "missing_field"),
        ("/stockFlows", "", 400, "missing_field"),
        ("/stocks/confirmStock", "", 400, "missing_field"),
        ("/stocks/confirmStock", "orderId=O-9", 404, "unknown_order"),
        ("/stocks/confirmStock", "orderId=O-1&qty=0", 400, "bad_quantity"),
        ("/stocks/confirmStock", "orderId=O-1&qty=-5", 400, "bad_quantity"),
        ("/stocks/confirmStock", "orderId=O-1&qty=NaN", 400, "bad_quantity"),
        ("/stocks/confirmStock", "orderId=O-1&qty=2000000000", 400, "bad_quantity"),
        ("/accounts", "limit=1", 400, "missing_field"),
        ("/accounts", "accountName=%20", 400, "missing_field"),
        ("/accounts", long_name.as_str(), 400, "bad_name"),
        ("/accounts", "accountName=a%00b", 400, "bad_name"),
        ("/accounts", "accountName=a&limit=-1", 400, "bad_request"),
        ("/accounts", "accountName=a&limit=0.5", 400, "bad_request"),
        ("/accounts", "accountName=a&limit=2000000000", 400, "bad_quantity"),
        ("/nowhere", "", 404, "not_found"),
    ] {
        assert_refused(&agent.post_form(path, form).await, status, code, &format!("{path} {form:.80}"));
    }
    assert_eq!(agent.own_entries().await, entries, "nothing was recorded");
}

#[tokio::test]
async fn bad_json_is_refused_and_nothing_is_recorded() {
    let (agent, mut hq) = Agent::start().await;
    hq.ship("O-1", "CD1001", 1_000_000);
    hq.reach(&agent).await;
    let entries = agent.own_entries().await;
    let confirm = "/api/v1/deliveries/O-1/confirm";
    for (path, body, status, code) in [
        ("/api/v1/orders", "{", 400, "malformed_body"),
        ("/api/v1/orders", "", 400, "malformed_body"),
        ("/api/v1/orders", "{}", 400, "missing_field"),
        ("/api/v1/orders", r#"{"product_id":"CD1001"}"#, 400, "missing_field"),
        ("/api/v1/orders", r#"{"product_id":"CD1001","quantity_milli":0}"#, 400, "bad_quantity"),
        ("/api/v1/orders", r#"{"product_id":"CD1001","quantity_milli":-1}"#, 400, "bad_quantity"),
        ("/api/v1/orders", r#"{"product_id":"CD1001","quantity_milli":1000000000001}"#, 400, "bad_quantity"),
        ("/api/v1/orders", r#"{"product_id":"CD1001","quantity_milli":1e40}"#, 400, "bad_request"),
        ("/api/v1/orders", r#"{"product_id":"CD1001","quantity_milli":NaN}"#, 400, "malformed_body"),
        ("/api/v1/orders", r#"{"product_id":"CD1001","quantity_milli":1,"x":1}"#, 400, "bad_request"),
        ("/api/v1/orders", r#"{"product_id":"NOPE","quantity_milli":1}"#, 404, "unknown_product"),
        ("/api/v1/orders", r#"{"product_id":"CD2001","quantity_milli":1500}"#, 400, "bad_quantity"),
        (confirm, r#"{"quantity_milli":0}"#, 400, "bad_quantity"),
        (confirm, r#"{"quantity_milli":-1}"#, 400, "bad_quantity"),
        (confirm, r#"{"quantity_milli":9000000000000000000}"#, 400, "bad_quantity"),
        ("/api/v1/deliveries/O-9/confirm", r#"{"quantity_milli":1}"#, 404, "unknown_order"),
        ("/stockFlows", r#"{"productId":"CD1001","qty":NaN,"reason":"loss"}"#, 400, "malformed_body"),
        ("/stockFlows", r#"{"productId":"CD1001","qty":[1],"reason":"loss"}"#, 400, "bad_quantity"),
        ("/stockFlows", r#"{"productId":"CD1001","qty":null,"reason":"loss"}"#, 400, "missing_field"),
        ("/stockFlows", "[1,2]", 400, "bad_request"),
    ] {
        assert_refused(&agent.post_json(path, body).await, status, code, &format!("{path} {body}"));
    }
    assert_eq!(agent.own_entries().await, entries, "nothing was recorded");
}

#[tokio::test]
async fn a_card_number_is_refused_in_every_field_and_not_repeated() {
    let (agent, _hq) = Agent::start().await;
    let entries = agent.own_entries().await;
    let form = |path: &'static str, form: &'static str| (path, form, false);
    let json = |path: &'static str, body: &'static str| (path, body, true);
    for (path, body, is_json) in [
        form("/accounts", "accountName=Kim+4111+1111+1111+1111"),
        form("/accounts?note=4111111111111111", "accountName=Kim"),
        form("/stockFlows", "productId=CD1001&qty=1&reason=5555-5555-5555-4444"),
        form("/stocks/confirmStock", "orderId=378282246310005"),
        json("/accounts", r#"{"accountName":"\u0034111111111111111"}"#),
        json("/api/v1/accounts", r#"{"name":"%B4111111111111111^KIM/MINJI^2912101?"}"#),
        json("/api/v1/accounts", r#"{"name":"\u0034111111111111111"}"#),
        json("/api/v1/orders", r#"{"product_id":"4111111111111111","quantity_milli":1}"#),
        json("/api/v1/stock-movements", r#"{"product_id":"CD1001","quantity_milli":4111111111111111}"#),
    ] {
        let answer =
            if is_json { agent.post_json(path, body).await } else { agent.post_form(path, body).await };
        assert_refused(&answer, 400, "card_number_refused", &format!("{path} {body}"));
        let text = answer.body.to_string();
        assert!(!["1111", "5555", "8282"].iter().any(|digits| text.contains(digits)), "{text}");
    }
    let keyed = agent.post_form_as("/accounts", "accountName=a", Some("4111-1111-1111-1111")).await;
    assert_refused(&keyed, 400, "card_number_refused", "the key");
    assert_refused(
        &agent.get("/accounts?after=4111111111111111").await,
        400,
        "card_number_refused",
        "a query",
    );
    assert_eq!(agent.own_entries().await, entries, "nothing was recorded");
}

#[tokio::test]
async fn lists_refuse_a_limit_or_place_that_is_none() {
    let (agent, _hq) = Agent::start().await;
    for path in ["/stockFlows", "/stockSummaries", "/salesSummaries", "/productMasters", "/accounts"] {
        for query in ["limit=0", "limit=-1", "limit=x", "after=nobody"] {
            let path = format!("{path}?{query}");
            assert_refused(&agent.get(&path).await, 400, "bad_request", &path);
        }
    }
    assert_refused(&agent.get("/salesSummaries?businessDay=today").await, 400, "bad_request", "businessDay");
    let key = "x".repeat(201);
    let answer = agent.post_form_as("/accounts", "accountName=a", Some(&key)).await;
    assert_refused(&answer, 400, "bad_request", "a long key");
}

#[tokio::test]
async fn without_the_token_nothing_but_the_probes_is_answered() {
    let (agent, _hq) = Agent::start().await;
    for authorization in ["", "Bearer", "Bearer ", "Bearer wrong", "Basic 0123456789abcdef0123456789abcdef"] {
        for path in ["/accounts", "/stockFlows", "/api/v1/orders", "/nowhere"] {
            let answer = agent.post_raw(path, authorization, b"accountName=a".to_vec()).await;
            assert_refused(&answer, 401, "unauthorized", path);
        }
    }
    for path in ["/livez", "/readyz"] {
        let response = agent.send(plain_client().get(format!("{}{path}", agent.url()))).await;
        assert_eq!(response.status, 200);
    }
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused_and_the_daemon_goes_on() {
    let (agent, _hq) = Agent::start().await;
    let big = "x".repeat(10_000_000);
    for path in ["/accounts", "/stockFlows"] {
        assert_refused(&agent.post_form(path, &big).await, 413, "body_too_large", path);
    }
    assert_refused(&agent.post_json("/api/v1/orders", &big).await, 413, "body_too_large", "orders");
    assert_refused(&agent.post_raw("/accounts", "", big.into_bytes()).await, 401, "unauthorized", "no token");
    assert_eq!(agent.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_refused() {
    let (agent, _hq) = Agent::start().await;
    assert_refused(
        &agent.post_form("/productMasters", "").await,
        405,
        "method_not_allowed",
        "productMasters",
    );
    assert_refused(&agent.get("/stocks/confirmStock").await, 405, "method_not_allowed", "confirmStock");
}
