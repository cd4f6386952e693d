//! The paths that existing integrations call.

use serde_json::{Value, json};

use crate::support::{Office, Reply, eventually};

fn refused(reply: &Reply, status: u16, code: &str, what: &str) {
    assert_eq!(reply.status, status, "{what}: {}", reply.body);
    assert_eq!(reply.body["code"], code, "{what}: {}", reply.body);
    assert_eq!(reply.body["result"], false, "{what}");
    assert_eq!(reply.body["status"], status, "{what}");
    assert!(reply.body["detail"].as_str().is_some_and(|detail| detail.len() > 20), "{what}");
}

#[tokio::test]
async fn an_order_is_placed_by_form_by_query_and_by_json() {
    let office = Office::open().await;
    assert_eq!(office.place("CD1001", "20000.5", "SK_Imme_Station").await.body, true);
    let by_query = "/orders/placeOrder?productId=CD1002&qty=0.001&destAddr=st0001";
    assert_eq!(office.send(office.request("POST", by_query)).await.body, true);
    let by_json = json!({ "productId": "CD2001", "qty": 3, "destAddr": "sk  imme" });
    assert_eq!(office.post("/orders/placeOrder", by_json).await.body, true);
    let orders = office.get("/orders").await;
    let quantities: Vec<String> =
        orders.as_array().unwrap().iter().map(|order| order["qty"].to_string()).collect();
    assert_eq!(quantities, ["20000.5", "0.001", "3"]);
    assert_eq!(orders[0]["destAddr"], "SK_Imme_Station");
    assert_eq!(orders[0]["productName"], "휘발유");
    for field in ["orderId", "productId", "orderDate"] {
        assert!(orders[0][field].is_string(), "{field}");
    }
}

#[tokio::test]
async fn bad_input_of_an_order_is_refused_with_its_code_and_nothing_is_recorded() {
    let office = Office::open().await;
    let cases = [
        ("productId=CD9999&qty=1&destAddr=ST0001", 404, "unknown_product"),
        ("productId=CD%2F1&qty=1&destAddr=ST0001", 404, "unknown_product"),
        ("productId=CD1001&qty=0&destAddr=ST0001", 400, "bad_quantity"),
        ("productId=CD1001&qty=-1&destAddr=ST0001", 400, "bad_quantity"),
        ("productId=CD1001&qty=NaN&destAddr=ST0001", 400, "bad_quantity"),
        ("productId=CD1001&qty=Infinity&destAddr=ST0001", 400, "bad_quantity"),
        ("productId=CD1001&qty=1e3&destAddr=ST0001", 400, "bad_quantity"),
        ("productId=CD1001&qty=1.0001&destAddr=ST0001", 400, "bad_quantity"),
        ("productId=CD1001&qty=1000000000.001&destAddr=ST0001", 400, "bad_quantity"),
        ("productId=CD1001&qty=99999999999999999999&destAddr=ST0001", 400, "bad_quantity"),
        ("productId=CD2001&qty=1.5&destAddr=ST0001", 400, "bad_quantity"),
        ("qty=1&destAddr=ST0001", 400, "missing_field"),
        ("productId=CD1001&destAddr=ST0001", 400, "missing_field"),
        ("productId=CD1001&qty=1", 400, "missing_field"),
        ("productId=CD1001&qty=1&destAddr=", 400, "missing_field"),
        ("productId=CD1001&qty=1&destAddr=Nowhere", 404, "unknown_destination"),
        ("productId=CD1001&qty=1&destAddr=twin", 409, "ambiguous_destination"),
    ];
    for (form, status, code) in cases {
        refused(&office.form("POST", "/orders/placeOrder", form).await, status, code, form);
    }
    let nan = office.request("POST", "/orders/placeOrder").header("content-type", "application/json");
    refused(
        &office.send(nan.body(r#"{"productId":"CD1001","qty":NaN}"#)).await,
        400,
        "malformed_body",
        "NaN",
    );
    let nested = json!({ "productId": {"a": 1}, "qty": 1, "destAddr": "ST0001" });
    refused(&office.post("/orders/placeOrder", nested).await, 400, "bad_request", "nested");
    let kind = office.request("POST", "/orders/placeOrder").header("content-type", "text/csv").body("a,b");
    refused(&office.send(kind).await, 415, "unsupported_media_type", "csv");
    let large = office.request("POST", "/orders/placeOrder").header("content-type", "application/json");
    refused(&office.send(large.body(vec![b' '; 10 * 1024 * 1024])).await, 413, "body_too_large", "10 MB");
    assert_eq!(office.get("/orders").await, json!([]));
    assert_eq!(office.place("CD1001", "1", "ST0001").await.body, true, "still serving");
}

#[tokio::test]
async fn a_card_number_is_refused_in_every_field_and_not_repeated() {
    let office = Office::open().await;
    let chain_version = async || office.get("/api/v1/summary").await["chainVersion"].clone();
    let before = chain_version().await;
    let silent = |reply: &Reply, what: &str| {
        refused(reply, 400, "card_number_refused", what);
        let text = reply.body.to_string();
        assert!(!["1111", "5555", "8282"].iter().any(|digits| text.contains(digits)), "{what}: {text}");
    };
    for (method, path, form) in [
        ("POST", "/orders/placeOrder", "productId=CD1001&qty=1&destAddr=4111+1111+1111+1111"),
        ("POST", "/orders/placeOrder?note=5555555555554444", "productId=CD1001&qty=1&destAddr=ST0001"),
        ("POST", "/products", "productId=CD1009&productName=VIP+4111-1111-1111-1111&price=1"),
        ("PATCH", "/products/CD1001", "productName=378282246310005"),
        ("GET", "/orders?after=4111111111111111", ""),
    ] {
        silent(&office.form(method, path, form).await, path);
    }
    let name = json!({ "nameKo": "유류 4111 1111 1111 1111" });
    silent(&office.send(office.request("PATCH", "/api/v1/products/CD1001").json(&name)).await, "a name");
    let car = json!({ "carNumber": ";4111111111111111=29121010000000?" });
    silent(&office.post("/api/v1/shipments/SH-1/dispatch", car).await, "a vehicle number");
    silent(&office.post("/api/v1/shipments/4111111111111111/dispatch", json!({})).await, "a path");
    let keyed = office.request("POST", "/orders/placeOrder?productId=CD1001&qty=1&destAddr=ST0001");
    silent(&office.send(keyed.header("idempotency-key", "4111111111111111")).await, "the key");
    let escaped =
        office.request("PATCH", "/api/v1/products/CD1001").header("content-type", "application/json");
    silent(&office.send(escaped.body(r#"{"nameKo":"\u0034111111111111111"}"#)).await, "escapes");
    assert_eq!(office.get("/orders").await, json!([]));
    assert_eq!(chain_version().await, before);
}

#[tokio::test]
async fn every_path_but_health_wants_the_token() {
    let office = Office::open().await;
    for path in
        ["/orders", "/products", "/shipments", "/orderStatuses", "/api/v1/stations", "/api/v1/nothing"]
    {
        let response = office.request("GET", path).send().await.unwrap();
        assert_eq!(response.status(), 401, "{path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let wrong = office.request("GET", path).bearer_auth("another-token");
        assert_eq!(wrong.send().await.unwrap().status(), 401, "{path}");
    }
    for path in ["/livez", "/readyz"] {
        assert_eq!(office.request("GET", path).send().await.unwrap().status(), 200, "{path}");
    }
    let nothing = office.send(office.request("GET", "/api/v1/nothing")).await;
    refused(&nothing, 404, "not_found", "unknown path");
    let method = office.send(office.request("DELETE", "/orders")).await;
    refused(&method, 405, "method_not_allowed", "method");
}

#[tokio::test]
async fn the_configured_station_is_named() {
    let office = Office::open().await;
    assert_eq!(office.form("POST", "/orders/station", "").await.body, "SK Imme, ST0001");
}

#[tokio::test]
async fn an_idempotency_key_places_one_order_however_often_it_is_sent() {
    let mut office = Office::open().await;
    let send = async |office: &Office, qty: &str| {
        let body = format!("productId=CD1001&qty={qty}&destAddr=ST0001");
        let request = office.request("POST", "/orders/placeOrder").header("idempotency-key", "once-1");
        office.send(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
    };
    assert_eq!(send(&office, "5").await.body, true);
    assert_eq!(send(&office, "5").await.body, true);
    refused(&send(&office, "6").await, 422, "idempotency_key_reused", "another body");
    office = office.reopen().await;
    assert_eq!(send(&office, "5").await.body, true);
    assert_eq!(office.get("/orders").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn lists_come_in_pages_with_the_newest_last() {
    let office = Office::open().await;
    for qty in ["1", "2", "3", "4", "5"] {
        assert_eq!(office.place("CD1001", qty, "ST0001").await.body, true);
    }
    let numbers = |list: &Value| -> Vec<i64> {
        list.as_array().unwrap().iter().map(|order| order["qty"].as_i64().unwrap()).collect()
    };
    let all = office.get("/orders").await;
    assert_eq!(numbers(&all), [1, 2, 3, 4, 5]);
    assert_eq!(numbers(&office.get("/orders?limit=2").await), [4, 5]);
    let second = all[1]["orderId"].as_str().unwrap();
    assert_eq!(numbers(&office.get(&format!("/orders?limit=2&after={second}")).await), [3, 4]);
    assert_eq!(numbers(&office.get(&format!("/orderStatuses?after={second}")).await), [3, 4, 5]);
    let bad = office.send(office.request("GET", "/orders?limit=0")).await;
    refused(&bad, 400, "bad_request", "limit");
}

#[tokio::test]
async fn a_product_is_added_changed_and_sent_again() {
    let office = Office::open().await;
    let added = office.form("POST", "/products", "productId=CD1009&productName=시험유&price=1700").await;
    assert_eq!(added.body, true);
    let again = office.form("POST", "/products", "productId=CD1009&productName=x&price=1").await;
    refused(&again, 409, "duplicate_product", "again");
    let product = async || {
        let all = office.get("/products").await;
        all.as_array().unwrap().iter().find(|row| row["productId"] == "CD1009").unwrap().clone()
    };
    assert_eq!(product().await, json!({ "productId": "CD1009", "productName": "시험유", "price": 1700 }));
    assert_eq!(office.form("PATCH", "/products/CD1009", "price=1710").await.body, true);
    assert_eq!(office.form("PATCH", "/products?productId=CD1009", "productName=새이름").await.body, true);
    assert_eq!(product().await, json!({ "productId": "CD1009", "productName": "새이름", "price": 1710 }));
    let version = async || office.get("/api/v1/summary").await["chainVersion"].as_i64().unwrap();
    let before = version().await;
    assert_eq!(office.form("POST", "/products/sync", "productId=CD1009").await.body, true);
    assert!(version().await > before, "sent again");
    assert_eq!(product().await["price"], 1710);
    assert_eq!(office.form("POST", "/products/sync", "productId=CD1009&price=1720").await.body, true);
    assert_eq!(product().await["price"], 1720);
    let cases = [
        ("PATCH", "/products/CD9999", "price=1", 404, "unknown_product"),
        ("PATCH", "/products/CD1009", "", 400, "missing_field"),
        ("PATCH", "/products/CD1009", "price=-5", 400, "bad_price"),
        ("PATCH", "/products/CD1009", "price=0", 400, "bad_price"),
        ("PATCH", "/products/CD1009", "price=1.5", 400, "bad_price"),
        ("PATCH", "/products/CD1009", "price=1000000001", 400, "bad_price"),
        ("POST", "/products/sync", "productId=CD9999", 404, "unknown_product"),
        ("POST", "/products", "productId=CD/1&productName=x&price=1", 400, "bad_request"),
        ("POST", "/products", "productId=CD3001&productName=x", 400, "missing_field"),
    ];
    for (method, path, form, status, code) in cases {
        refused(&office.form(method, path, form).await, status, code, &format!("{path} {form}"));
    }
    assert_eq!(product().await["price"], 1720, "nothing of the refused was recorded");
}

#[tokio::test]
async fn with_auto_dispatch_an_order_leaves_at_once_with_a_vehicle_of_the_pool() {
    let office = Office::open_with(|config| config.auto_dispatch = true).await;
    assert_eq!(office.place("CD1001", "5", "ST0001").await.body, true);
    assert_eq!(office.place("CD1001", "6", "ST0001").await.body, true);
    let shipments = eventually("dispatch of both", async || {
        let list = office.get("/shipments").await;
        (list.as_array().unwrap().len() == 2).then_some(list)
    })
    .await;
    let orders = office.get("/orderStatuses").await;
    assert_eq!(orders[0]["status"], "shipped");
    assert_eq!(shipments[0]["orderId"], orders[0]["orderId"]);
    assert_eq!(shipments[0]["carNumber"], "경기80사1021");
    assert_eq!(shipments[1]["carNumber"], "경기80사1022");
    assert_eq!(shipments[0]["qty"], 5);
    assert_eq!(shipments[0]["productName"], "휘발유");
}
