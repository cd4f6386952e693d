use reqwest::Method;
use serde_json::json;

use crate::fixture::{Answer, Bench, send};

fn assert_refused(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{what}: {answer:?}");
    assert_eq!(answer.media_type, "application/problem+json", "{what}");
    assert_eq!(answer.body["result"], json!(false), "{what}");
    assert!(answer.body["detail"].as_str().unwrap().len() > 20, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_with_a_code_and_nothing_is_recorded() {
    let bench = Bench::start().await;
    let before = bench.agent.count("SELECT count(*) FROM sales").await;
    for (form, status, code) in [
        ("productId=CD9999&qty=1", 404, "unknown_product"),
        ("productId=CD1001'%3B--&qty=1", 404, "unknown_product"),
        ("productId=CD1001&qty=0", 400, "bad_quantity"),
        ("productId=CD1001&qty=-5", 400, "bad_quantity"),
        ("productId=CD1001&qty=NaN", 400, "bad_quantity"),
        ("productId=CD1001&qty=Infinity", 400, "bad_quantity"),
        ("productId=CD1001&qty=1e3", 400, "bad_quantity"),
        ("productId=CD1001&qty=0.0001", 400, "bad_quantity"),
        ("productId=CD1001&qty=1000000001", 400, "bad_quantity"),
        ("productId=CD1001&qty=99999999999999999999999", 400, "bad_quantity"),
        ("productId=CD2001&qty=1.5", 400, "bad_quantity"),
        ("productId=CD1001&qty=%EC%8A%A4%EB%AC%BC", 400, "bad_quantity"),
        ("productId=CD1001", 400, "missing_field"),
        ("qty=1", 400, "missing_field"),
        ("productId=&qty=1", 400, "missing_field"),
        ("", 400, "missing_field"),
        ("productId=CD1001&qty=1&qty=2", 400, "bad_request"),
        ("productId=CD1001&qty=1&accountId=AC9999", 404, "unknown_account"),
    ] {
        assert_refused(&bench.post("/sales", form).await, status, code, form);
    }
    for (form, status, code) in [
        ("saleId=ST0001-01-00000-000001", 404, "unknown_sale"),
        ("saleId=%2e%2e%2f", 404, "unknown_sale"),
        ("", 400, "missing_field"),
    ] {
        assert_refused(&bench.post("/cancelSales", form).await, status, code, form);
    }
    assert!(bench.sale_ids().await.is_empty());
    assert_eq!(bench.agent.count("SELECT count(*) FROM sales").await, before);
    assert_eq!(bench.post("/sales", "productId=CD1001&qty=1").await.body, json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_number_is_refused_in_every_field_and_not_repeated() {
    let bench = Bench::start().await;
    let sale = bench.request(Method::POST, "/sales");
    let form = "application/x-www-form-urlencoded";
    let json =
        |body| bench.request(Method::POST, "/sales").header("content-type", "application/json").body(body);
    for (what, request) in [
        (
            "a field",
            sale.header("content-type", form).body("productId=CD1001&qty=1&accountId=4111+1111+1111+1111"),
        ),
        ("JSON", json(r#"{"productId":"CD1001","qty":1,"note":"5555-5555-5555-4444"}"#)),
        ("escapes", json(r#"{"productId":"CD1001","qty":1,"note":"\u0034111111111111111"}"#)),
        ("a number", json(r#"{"productId":"CD1001","qty":378282246310005}"#)),
        ("a query", bench.request(Method::GET, "/sales?after=4111111111111111")),
        (
            "the key",
            bench
                .request(Method::POST, "/sales?productId=CD1001&qty=1")
                .header("idempotency-key", "4111111111111111"),
        ),
    ] {
        let answer = send(request).await;
        assert_refused(&answer, 400, "card_number_refused", what);
        let text = answer.body.to_string();
        assert!(!["1111", "5555", "8282"].iter().any(|digits| text.contains(digits)), "{what}: {text}");
    }
    assert!(bench.sale_ids().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_cancellation_is_refused() {
    let bench = Bench::start().await;
    bench.post("/sales", "productId=CD1001&qty=1").await;
    let form = format!("saleId={}", bench.sale_ids().await[0]);
    assert_eq!(bench.post("/cancelSales", &form).await.body, json!(true));
    assert_refused(&bench.post("/cancelSales", &form).await, 409, "already_cancelled", &form);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_do_not_read_are_refused() {
    let bench = Bench::start().await;
    for (media_type, body, status, code) in [
        ("application/json", "{\"productId\":", 400, "malformed_body"),
        ("application/json", "[1]", 400, "malformed_body"),
        ("application/json", "\u{0}", 400, "malformed_body"),
        ("application/json", r#"{"productId":"CD1001","qty":{"a":1}}"#, 400, "bad_request"),
        ("application/json", r#"{"productId":"CD1001","qty":NaN}"#, 400, "malformed_body"),
        ("application/json", r#"{"productId":"CD1001","qty":null}"#, 400, "missing_field"),
        ("application/json", r#"{"productId":"CD1001","qty":1e400}"#, 400, "bad_quantity"),
        ("text/xml", "<sale/>", 415, "unsupported_media_type"),
    ] {
        let request = bench.request(Method::POST, "/sales").header("content-type", media_type);
        assert_refused(&send(request.body(body)).await, status, code, body);
    }
    assert!(bench.sale_ids().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_are_refused_and_the_till_goes_on() {
    let bench = Bench::start().await;
    let request = bench.request(Method::POST, "/sales").body(vec![b'x'; 10 * 1024 * 1024]);
    assert_refused(&send(request).await, 413, "body_too_large", "10 MB");
    assert_eq!(bench.post("/sales", "productId=CD1001&qty=1").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_but_the_probes_wants_the_token() {
    let bench = Bench::start().await;
    for (method, path) in [
        (Method::GET, "/sales"),
        (Method::POST, "/sales"),
        (Method::POST, "/cancelSales"),
        (Method::GET, "/productMenus"),
        (Method::GET, "/api/v1/status"),
        (Method::GET, "/nowhere"),
    ] {
        assert_refused(&send(bench.bare(method.clone(), path)).await, 401, "unauthorized", path);
        let wrong = bench.bare(method, path).bearer_auth("a-tokeN");
        assert_refused(&send(wrong).await, 401, "unauthorized", path);
    }
    for path in ["/livez", "/readyz"] {
        assert_eq!(send(bench.bare(Method::GET, path)).await.status, 200);
    }
    assert_refused(&bench.get("/nowhere").await, 404, "not_found", "/nowhere");
    let method = send(bench.request(Method::DELETE, "/sales")).await;
    assert_refused(&method, 405, "method_not_allowed", "DELETE");
}
