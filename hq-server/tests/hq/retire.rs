//! Products that are retired, and prices that were superseded long ago (R26).

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use hq_server::catalogue::{SchedulePrice, purge_superseded, read_catalogue_file, retire_product};
use hq_server::catalogue::{schedule_price, seed_catalogue};
use hq_server::store::{Hq, open_node, open_store};
use serde_json::json;
use sync::node::FEED_KEEP_MS;
use sync::{Clock, Store as _};
use sync_proto::catalogue::{Price, Product, price_at};
use sync_proto::fact::FeedScope;
use sync_proto::{FeedVersion, Money, Stamp, StationCode};

use crate::support::{Office, eventually};

const DAY_MS: i64 = 24 * 3_600_000;
const START_MS: i64 = 1_795_410_300_000;

#[tokio::test]
async fn r26_a_retired_product_leaves_head_office_and_every_station_with_its_prices() {
    let office = Office::open().await;
    let agent = office.agent("ST0001").await;
    let there = async || agent.row::<Product>(Product::key("CD1001")).await;
    eventually("the product at the station", async || there().await).await;
    let body = json!({ "price": 1_900, "stationCode": "ST0001" });
    assert_eq!(office.post("/api/v1/products/CD1001/prices", body).await.status, 200);

    let retire = async |product: &str| {
        office.send(office.request("DELETE", &format!("/api/v1/products/{product}"))).await
    };
    assert_eq!(retire("CD1001").await.status, 204);
    eventually("the product to be gone", async || there().await.is_none().then_some(())).await;
    eventually("its price at the station to be gone", async || {
        let none = office.get("/api/v1/feeds/behind").await.as_array().unwrap().is_empty();
        none.then_some(())
    })
    .await;
    let prices = agent
        .writer
        .run(|node| node.store().scan(<Price as sync_proto::rows::Table>::SPEC, None, 10_000))
        .await;
    let left = prices.unwrap().unwrap();
    let of_it = sync_proto::rows::Value::Text("CD1001".to_owned());
    assert!(!left.is_empty() && left.iter().all(|(key, _)| key.key[0] != of_it));
    let listed = office.get("/api/v1/products").await;
    assert!(!listed.as_array().unwrap().iter().any(|row| row["productId"] == "CD1001"));

    let again = retire("CD1001").await;
    assert_eq!((again.status, &again.body["code"]), (404, &json!("unknown_product")));
    // A station that comes later never hears of it.
    let later = office.agent("ST0002").await;
    eventually("the rest at another station", async || later.row::<Product>(Product::key("CD1002")).await)
        .await;
    assert_eq!(later.row::<Product>(Product::key("CD1001")).await, None);
}

fn head_office(folder: &std::path::Path) -> Hq {
    let mut node = open_node(open_store(folder).unwrap(), &Clock::system()).unwrap();
    let catalogue = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/catalogue/sample.json");
    let products = read_catalogue_file(&catalogue).unwrap();
    seed_catalogue(&mut node, Stamp::at_wall_ms(START_MS), products).unwrap();
    node
}

fn prices(node: &mut Hq, product: &str) -> Vec<Price> {
    let all = node.store().scan(<Price as sync_proto::rows::Table>::SPEC, None, 10_000).unwrap();
    let read = all
        .iter()
        .map(|(key, cells)| <Price as sync_proto::rows::Table>::from_parts(&key.key, cells).unwrap());
    read.filter(|price| price.product_id == product).collect()
}

#[test]
fn r26_prices_superseded_for_ninety_days_are_withdrawn_and_no_price_of_that_time_changes() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = head_office(folder.path());
    let station = StationCode::new("ST0001").unwrap();
    // A price a week, for a year.
    for week in 1..=52 {
        let now = Stamp::at_wall_ms(START_MS + week * 7 * DAY_MS);
        let ask = SchedulePrice { price: Money(1_700 + week), effective_at_ms: None, station: None };
        schedule_price(&mut node, now, "CD1001", ask, &Default::default()).unwrap();
    }
    let now_ms = START_MS + 53 * 7 * DAY_MS;
    let asked: Vec<i64> = (0..=90).map(|day| now_ms - day * DAY_MS).chain([now_ms - FEED_KEEP_MS]).collect();
    let of = |rows: &[Price]| -> Vec<i64> {
        asked.iter().map(|at_ms| price_at(rows, &station, *at_ms).unwrap().price).collect()
    };
    let before = prices(&mut node, "CD1001");
    assert_eq!(before.len(), 53);
    let gone = purge_superseded(&mut node, Stamp::at_wall_ms(now_ms)).unwrap();
    let after = prices(&mut node, "CD1001");
    assert_eq!(u64::try_from(before.len() - after.len()).unwrap(), gone);
    assert!(after.len() <= 14, "{} prices of ninety days", after.len());
    assert_eq!(of(&before), of(&after));
    assert_eq!(
        purge_superseded(&mut node, Stamp::at_wall_ms(now_ms)).unwrap(),
        0,
        "the rest is still needed"
    );
    // Tombstones tell those who have them; the other products kept their only price.
    let (items, _) = node.store().feed_items(&FeedScope::Chain, FeedVersion(0), usize::MAX).unwrap();
    let tombstones = items.iter().filter(|item| item.is_tombstone()).count();
    assert_eq!(u64::try_from(tombstones).unwrap(), gone);
    assert_eq!(prices(&mut node, "CD1002").len(), 1);
    retire_product(&mut node, Stamp::at_wall_ms(now_ms), "CD1001", &Default::default()).unwrap();
    assert!(prices(&mut node, "CD1001").is_empty());
}
