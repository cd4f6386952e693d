//! The console's API and its files.

use serde_json::json;

use crate::support::{Office, eventually};

#[tokio::test]
async fn an_order_is_placed_and_dispatched_by_staff() {
    let office = Office::open().await;
    let ask = json!({ "stationCode": "ST0001", "productId": "CD1001", "quantityMilli": 5_000_000 });
    let order = office.post("/api/v1/orders", ask).await;
    assert_eq!(order.status, 200, "{}", order.body);
    assert_eq!(order.body["status"], "ordered");
    assert_eq!(order.body["unit"], "L");
    let order_id = order.body["orderId"].as_str().unwrap();
    let ship_id = eventually("a planned shipment", async || {
        let list = office.get("/api/v1/shipments").await;
        list[0]["shipId"].as_str().map(str::to_owned)
    })
    .await;
    let path = format!("/api/v1/shipments/{ship_id}/dispatch");
    let bad = office.post(&path, json!({ "carNumber": "  " })).await;
    assert_eq!((bad.status, bad.body["code"].as_str()), (400, Some("bad_car_number")));
    let sent = office.post(&path, json!({ "carNumber": "12가3456" })).await;
    assert_eq!(sent.body["state"], "shipped", "{}", sent.body);
    let again = office.post(&path, json!({ "carNumber": "12가3456" })).await;
    assert_eq!((again.status, again.body["code"].as_str()), (409, Some("already_dispatched")));
    let orders = office.get("/api/v1/orders").await;
    assert_eq!(orders[0]["status"], "shipped");
    assert_eq!(orders[0]["shipment"]["carNumber"], "12가3456");
    let cancel = office.post(&format!("/api/v1/orders/{order_id}/cancel"), json!({})).await;
    assert_eq!((cancel.status, cancel.body["code"].as_str()), (409, Some("order_already_shipped")));
}

#[tokio::test]
async fn a_cancelled_order_is_not_shipped() {
    let office = Office::open().await;
    office.place("CD1001", "5", "ST0001").await;
    let ship_id = eventually("a planned shipment", async || {
        office.get("/api/v1/shipments").await[0]["shipId"].as_str().map(str::to_owned)
    })
    .await;
    let order_id = office.get("/orders").await[0]["orderId"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/orders/{order_id}/cancel");
    assert_eq!(office.post(&path, json!({})).await.body["status"], "cancelled");
    assert_eq!(
        office.post(&path, json!({})).await.body["status"],
        "cancelled",
        "a second time changes nothing"
    );
    assert_eq!(office.get("/api/v1/shipments").await[0]["state"], "calledOff");
    let sent =
        office.post(&format!("/api/v1/shipments/{ship_id}/dispatch"), json!({ "carNumber": "1" })).await;
    assert_eq!((sent.status, sent.body["code"].as_str()), (409, Some("order_cancelled")));
    let unknown = office.post("/api/v1/orders/OR-NONE/cancel", json!({})).await;
    assert_eq!((unknown.status, unknown.body["code"].as_str()), (404, Some("unknown_order")));
}

#[tokio::test]
async fn a_later_price_gets_a_higher_version_and_a_scheduled_one_waits() {
    let office = Office::open().await;
    let path = "/api/v1/products/CD1001/prices";
    let first = office.post(path, json!({ "price": 1700, "effectiveAt": null, "stationCode": null })).await;
    let second = office.post(path, json!({ "price": 1690, "effectiveAt": null, "stationCode": null })).await;
    assert!(second.body["version"].as_i64() > first.body["version"].as_i64(), "{}", second.body);
    let later = office.post(path, json!({ "price": 1800, "effectiveAt": "2027-06-01T00:00:00Z" })).await;
    assert_eq!(later.status, 200, "{}", later.body);
    let product = office.get("/api/v1/products").await[0].clone();
    assert_eq!(product["price"], 1690);
    assert_eq!(product["priceVersion"], second.body["version"]);
    assert_eq!(product["scheduled"][0]["price"], 1800);
    assert_eq!(product["scheduled"][0]["effectiveAt"], "2027-06-01T00:00:00Z");
    let here = office.post(path, json!({ "price": 1650, "stationCode": "ST0001" })).await;
    assert_eq!(here.status, 200, "{}", here.body);
    assert_eq!(office.get("/api/v1/products").await[0]["price"], 1690, "the chain's price stays");
    for (body, status, code) in [
        (json!({ "price": 0 }), 400, "bad_price"),
        (json!({ "price": 1, "effectiveAt": "tomorrow" }), 400, "bad_effective_at"),
        (json!({ "price": 1, "effectiveAt": "2126-01-01T00:00:00Z" }), 400, "bad_effective_at"),
        (json!({ "price": 1, "stationCode": "ST9999" }), 404, "unknown_station"),
        (json!({ "price": 1.5 }), 400, "malformed_body"),
        (json!({ "prise": 1 }), 400, "malformed_body"),
    ] {
        let reply = office.post(path, body.clone()).await;
        assert_eq!((reply.status, reply.body["code"].as_str()), (status, Some(code)), "{body}");
    }
}

#[tokio::test]
async fn a_product_is_added_and_renamed_by_staff() {
    let office = Office::open().await;
    let new = json!({ "productId": "CD3001", "nameKo": "얼음", "nameEn": "Ice", "kind": "goods",
        "price": 2000, "taxClass": "exempt", "barcode": "8801001000200" });
    let added = office.post("/api/v1/products", new).await;
    assert_eq!(added.status, 201, "{}", added.body);
    assert_eq!(added.body["unit"], "ea");
    assert_eq!(added.body["price"], 2000);
    let renamed = office.request("PATCH", "/api/v1/products/CD3001").json(&json!({ "nameEn": "Ice 1 kg" }));
    assert_eq!(office.send(renamed).await.body["nameEn"], "Ice 1 kg");
    assert_eq!(office.get("/api/v1/products/CD3001/acknowledgements").await, json!([]));
}

#[tokio::test]
async fn settings_and_stations_are_shown() {
    let office = Office::open().await;
    assert_eq!(office.get("/api/v1/settings/logistics").await, json!({ "autoDispatch": false }));
    let set = office.request("PUT", "/api/v1/settings/logistics").json(&json!({ "autoDispatch": true }));
    assert_eq!(office.send(set).await.body, json!({ "autoDispatch": true }));
    let stations = office.get("/api/v1/stations").await;
    assert_eq!(stations.as_array().unwrap().len(), 4);
    assert_eq!(stations[0]["state"], "never");
    assert_eq!(office.get("/api/v1/quarantine").await, json!([]));
}

#[tokio::test]
async fn the_console_is_served_with_strict_headers_and_finds_its_pages() {
    let office = Office::open().await;
    for path in ["/", "/stations", "/some/page"] {
        let page = office.request("GET", path).send().await.unwrap();
        assert_eq!(page.status(), 200, "{path}");
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
        assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    }
    let missing = office.request("GET", "/assets/no-such.js").send().await.unwrap();
    assert_eq!(missing.status(), 404);
}
