//! R24: a price that somebody did not apply shows at head office, with who, of which feed, and for how long.

use serde_json::{Value, json};
use sync_proto::fact::{FeedApplied, FeedScope};
use sync_proto::{DeviceId, FeedVersion, Incarnation, StationCode, TerminalNo};

use crate::support::{Agent, Office, eventually};

/// Rows about one station's devices.
async fn rows(office: &Office, station: &str, role: &str) -> Vec<Value> {
    let all = office.get("/api/v1/feeds/behind").await;
    let of = |row: &&Value| row["stationCode"] == station && row["role"] == role;
    all.as_array().unwrap().iter().filter(of).cloned().collect()
}

async fn up_to_date(office: &Office, station: &str) {
    eventually("the station to have everything", async || {
        rows(office, station, "agent").await.is_empty().then_some(())
    })
    .await;
}

async fn price(office: &Office, product: &str, won: u64, station: Option<&str>) -> i64 {
    let body = json!({ "price": won, "stationCode": station });
    let answer = office.post(&format!("/api/v1/products/{product}/prices"), body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["version"].as_i64().unwrap()
}

#[tokio::test]
async fn r24_a_missed_price_is_visible() {
    let office = Office::open().await;
    let (first, second) = (office.agent("ST0001").await, office.enrol("ST0002").await);
    let away = Agent::connect(&second, &office.running.mqtt_addr.to_string());
    up_to_date(&office, "ST0001").await;
    eventually("the other station's report", async || {
        let reports = office.get("/api/v1/stations").await;
        (reports[1]["entriesStored"].as_i64()? > 1).then_some(())
    })
    .await;
    up_to_date(&office, "ST0002").await;
    drop(away);

    let missed = price(&office, "CD1001", 1_700, None).await;
    up_to_date(&office, "ST0001").await;
    let row = rows(&office, "ST0002", "agent").await.remove(0);
    assert_eq!((&row["scope"], &row["headVersion"]), (&json!("chain"), &json!(missed)));
    assert_eq!(row["appliedVersion"], missed - 1);
    assert_eq!(row["deviceId"], second.certified().subject.device.to_hex());
    let since = row["behindSince"].as_str().unwrap().to_owned();
    // A later price of the same product replaces the item; how long the station has been behind does not begin anew.
    let later = price(&office, "CD1001", 1_710, None).await;
    let row = rows(&office, "ST0002", "agent").await.remove(0);
    assert_eq!((row["headVersion"].as_i64(), row["behindSince"].as_str()), (Some(later), Some(&*since)));
    assert!(row["behindMs"].as_i64().unwrap() >= 0);

    // A station's own price is another feed.
    price(&office, "CD1001", 1_690, Some("ST0002")).await;
    let scopes: Vec<Value> =
        rows(&office, "ST0002", "agent").await.into_iter().map(|row| row["scope"].clone()).collect();
    assert_eq!(scopes, ["chain", "station"]);
    up_to_date(&office, "ST0001").await;

    // The same device comes back with an empty store: once it has applied everything, nobody is behind.
    let _back = Agent::connect(&second, &office.running.mqtt_addr.to_string());
    up_to_date(&office, "ST0002").await;
    drop(first);
}

#[tokio::test]
async fn r24_a_till_behind_in_its_stations_local_feed_is_listed_by_what_its_neighbour_has() {
    let office = Office::open().await;
    let agent = office.agent("ST0001").await;
    up_to_date(&office, "ST0001").await;
    let local = FeedScope::Local(StationCode::new("ST0001").unwrap());
    let writer = Incarnation([3; 16]);
    for (terminal, version) in [(1, 9), (2, 4)] {
        let reports = [FeedApplied { scope: local.clone(), writer, version: FeedVersion(version) }];
        agent.forward_till(DeviceId([terminal; 16]), TerminalNo(u16::from(terminal)), &reports).await;
    }
    let row = eventually("the second till among those behind", async || {
        let rows = rows(&office, "ST0001", "terminal").await;
        rows.into_iter().find(|row| row["terminal"] == 2 && row["scope"] == "local")
    })
    .await;
    assert_eq!((&row["appliedVersion"], &row["headVersion"]), (&json!(4), &json!(9)));
    let first = rows(&office, "ST0001", "terminal").await;
    assert!(!first.iter().any(|row| row["terminal"] == 1 && row["scope"] == "local"), "{first:?}");
    // Of the chain's feed neither said anything: both are listed, since they were first seen and not since 1970.
    let chain: Vec<&Value> = first.iter().filter(|row| row["scope"] == "chain").collect();
    assert_eq!(chain.len(), 2);
    assert!(
        chain.iter().all(|row| row["appliedVersion"].is_null() && row["behindMs"].as_i64().unwrap() < 60_000)
    );
}
