//! The broker: who may connect, publish and subscribe, and what becomes of messages.

use std::sync::Arc;

use rumqttc::QoS;
use rumqttc::mqttbytes::v5::LastWill;
use serde_json::{Value, json};
use sync::codec::pack;
use sync::node::Beside;
use sync::store::memory::MemoryStore;
use sync::{Clock, Draft, Node, Store as _};
use sync_proto::catalogue::{Catalogue, Product, Station};
use sync_proto::fact::{
    Fact, FeedApplied, FeedScope, Line, OrderCancelRequested, OrderRequested, Received, SaleCancelled, Sold,
    StreamOpened, Tender,
};
use sync_proto::ledger::{Delivery, StationOrder};
use sync_proto::tax::TaxClass;
use sync_proto::wire::{Message, Outcome, Reply as SyncReply};
use sync_proto::{
    ChainHash, DeviceId, FeedVersion, Incarnation, Money, OrderId, Origin, ProductId, Quantity, RequestId,
    Role, SaleId, Seq, ShipId, StationCode, TerminalNo, Volume,
};

use crate::bare::{connect, options, options_as};
use crate::support::{Office, eventually, tls_of, tls_with};

#[tokio::test]
async fn only_the_device_with_its_certificate_and_its_own_client_id_may_connect() {
    let office = Office::open().await;
    let agent = office.enrol("ST0001").await;
    assert!(connect(options(&office, &agent)).await.is_ok());
    let borrowed = options_as("another-client", office.running.mqtt_addr, tls_of(&agent));
    assert!(connect(borrowed).await.is_err(), "client id is not the device");
    let device = agent.certified().subject.device.to_hex();
    let anonymous = options_as(&device, office.running.mqtt_addr, tls_with(None, &agent));
    assert!(connect(anonymous).await.is_err(), "no certificate");
    for (topic, allowed) in [("st/ST0001/state", true), ("st/ST0002/state", false), ("st/ST0001/up", false)] {
        let mut with_will = options(&office, &agent);
        with_will.set_last_will(LastWill::new(topic, "{}", QoS::AtLeastOnce, false, None));
        assert_eq!(connect(with_will).await.is_ok(), allowed, "will on {topic}");
    }
}

#[tokio::test]
async fn a_station_reads_and_writes_its_own_topics_only() {
    let office = Office::open().await;
    let bare = connect(options(&office, &office.enrol("ST0001").await)).await.unwrap();
    for filter in [
        "#",
        "+/#",
        "st/+/ack",
        "st/ST0002/ack",
        "st/ST0001/+",
        "st/ST0001/up",
        "$SYS/#",
        "$share/a/st/ST0001/ack",
    ] {
        assert!(bare.subscribe(filter).await.is_err(), "{filter}");
    }
    for filter in ["st/ST0001/ack", "st/ST0001/res", "st/ST0001/poke"] {
        assert_eq!(bare.subscribe(filter).await, Ok(()), "{filter}");
    }
    for topic in
        ["st/ST0002/up", "st/ST0002/state", "st/ST0001/ack", "st/ST0001/poke", "other", "st/ST0001/up/more"]
    {
        assert!(bare.publish(topic, b"x", Some("st/ST0001/ack")).await.is_err(), "{topic}");
    }
    assert!(bare.publish("st/ST0001/up", b"x", None).await.is_err(), "no place to answer to");
    assert!(bare.publish("st/ST0001/up", b"x", Some("st/ST0002/ack")).await.is_err(), "another's place");
    assert_eq!(office.get("/api/v1/stations").await[1]["lastSeenAt"], Value::Null, "nothing came for ST0002");
}

#[tokio::test]
async fn garbage_is_counted_stored_nowhere_and_harms_nobody() {
    let office = Office::open().await;
    let bare = connect(options(&office, &office.enrol("ST0001").await)).await.unwrap();
    let agent = office.agent("ST0002").await;
    for payload in [&b""[..], b"garbage", &[1, 2, 3], &[0xff; 2000]] {
        assert_eq!(
            bare.publish("st/ST0001/up", payload, Some("st/ST0001/ack")).await,
            Ok(()),
            "the session goes on"
        );
    }
    assert_eq!(bare.publish("st/ST0001/state", b"not json", None).await, Ok(()));
    assert_eq!(office.running.garbage_count(), 5);
    assert_eq!(office.get("/api/v1/stations").await[0]["entriesStored"], 0);
    agent.record(Fact::Sold(a_sale("ST0002-01-AAAAA-000001"))).await;
    eventually("the other station's sale", async || {
        (office.get("/api/v1/summary").await["salesCount"] == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_poke_comes_when_the_stations_own_feed_or_the_chains_moves() {
    let office = Office::open().await;
    let mut bare = connect(options(&office, &office.enrol("ST0001").await)).await.unwrap();
    bare.subscribe("st/ST0001/poke").await.unwrap();
    office.post("/api/v1/products/CD1001/prices", json!({ "price": 1700 })).await;
    let poke = bare.next_message().await;
    assert_eq!((&poke.topic[..], poke.payload.len()), (&b"st/ST0001/poke"[..], 0));
    office.place("CD1001", "1", "ST0001").await;
    assert_eq!(&bare.next_message().await.topic[..], b"st/ST0001/poke");
}

fn line() -> Line {
    Line {
        product: ProductId::new("CD1001").unwrap(),
        quantity: Quantity::Volume(Volume(20_000)),
        unit_price: Money(1654),
        amount: Money(33_080),
        tax: TaxClass::Taxed,
        price_version: FeedVersion(3),
    }
}

fn a_sale(id: &str) -> Sold {
    Sold {
        sale: SaleId::new(id).unwrap(),
        lines: vec![line()],
        tenders: vec![Tender::Cash { amount: Money(33_080) }],
        total: Money(33_080),
        vat: Money(3_007),
    }
}

#[tokio::test]
async fn sales_arrive_once_and_prices_and_products_go_down_by_a_pull() {
    let mut office = Office::open().await;
    let agent = office.agent("ST0001").await;
    for number in 1..=50 {
        agent.record(Fact::Sold(a_sale(&format!("ST0001-01-AAAAA-{number:06}")))).await;
    }
    agent
        .record(Fact::SaleCancelled(SaleCancelled {
            sale: SaleId::new("ST0001-01-AAAAA-000007").unwrap(),
            reason: sync_proto::fact::CancelReason::Customer,
            lines: vec![line()],
            tenders: vec![Tender::Cash { amount: Money(33_080) }],
            total: Money(33_080),
        }))
        .await;
    let summary = eventually("all sales", async || {
        let summary = office.get("/api/v1/summary").await;
        (summary["salesCount"] == 50 && summary["cancelledCount"] == 1).then_some(summary)
    })
    .await;
    assert_eq!(summary["salesAmount"], 49 * 33_080);
    assert_eq!(summary["quarantined"], 0);
    let product =
        eventually("the product at the station", async || agent.row::<Product>(Product::key("CD1001")).await)
            .await;
    assert_eq!(product.name_ko, "휘발유");
    assert!(agent.row::<Station>(Station::key("ST0002")).await.is_some());
    let version =
        office.post("/api/v1/products/CD1001/prices", json!({ "price": 1777 })).await.body["version"].clone();
    let stations = eventually("the station online and told", async || {
        let stations = office.get("/api/v1/stations").await;
        (stations[0]["state"] == "online" && stations[0]["pendingCount"].is_number()).then_some(stations)
    })
    .await;
    assert_eq!(stations[1]["state"], "never");
    eventually("the price at the station", async || {
        agent
            .writer
            .run(move |node| {
                node.store()
                    .table("prices")
                    .any(|(_, cells)| cells.contains(&sync_proto::rows::Value::Int(1777)))
            })
            .await
            .unwrap()
            .then_some(())
    })
    .await;
    assert!(version.as_i64().is_some());
    office = office.reopen().await;
    assert_eq!(office.get("/api/v1/summary").await["salesAmount"], 49 * 33_080, "kept over a restart");
    assert_eq!(office.get("/api/v1/stations").await[0]["state"], "stale");
    assert!(office.get("/api/v1/stations").await[0]["lastSeenAt"].is_string());
}

#[tokio::test]
async fn a_request_of_a_station_is_answered_once_shipped_and_confirmed_with_what_was_measured() {
    let office = Office::open_with(|config| config.auto_dispatch = true).await;
    let agent = office.agent("ST0001").await;
    let request = |id: &str, product: &str| {
        Fact::OrderRequested(OrderRequested {
            request: RequestId::new(id).unwrap(),
            product: ProductId::new(product).unwrap(),
            quantity: Quantity::Volume(Volume(5_000_000)),
        })
    };
    agent.record(request("RQ-1", "CD1001")).await;
    agent.record(request("RQ-2", "CD9999")).await;
    agent.record(request("RQ-3", "CD2001")).await;
    let status = async |id: &str| {
        agent.row::<StationOrder>(StationOrder::key("ST0001", id)).await.map(|row| (row.status, row.reason))
    };
    let answered = |code: &str| Some(("refused".to_owned(), Some(code.to_owned())));
    eventually("a refusal", async || (status("RQ-2").await == answered("unknown_product")).then_some(()))
        .await;
    eventually("litres of goods refused", async || {
        (status("RQ-3").await == answered("bad_quantity")).then_some(())
    })
    .await;
    eventually("the shipment at the station", async || {
        (status("RQ-1").await == Some(("shipped".to_owned(), None))).then_some(())
    })
    .await;
    let orders = office.get("/api/v1/orders").await;
    assert_eq!(orders.as_array().unwrap().len(), 1);
    let order_id = orders[0]["orderId"].as_str().unwrap().to_owned();
    let delivery = agent.row::<Delivery>(Delivery::key("ST0001", order_id.as_str())).await.unwrap();
    agent
        .record(Fact::Received(Received {
            order: OrderId::new(order_id.as_str()).unwrap(),
            ship: ShipId::new(delivery.ship_id).unwrap(),
            product: ProductId::new("CD1001").unwrap(),
            measured: Quantity::Volume(Volume(4_990_000)),
            invoiced: Quantity::Volume(Volume(5_000_000)),
        }))
        .await;
    let order = eventually("the confirmation", async || {
        let order = office.get("/api/v1/orders").await[0].clone();
        (order["status"] == "confirmed").then_some(order)
    })
    .await;
    assert_eq!(order["overShortMilli"], -10_000);
    assert_eq!(order["receivedMilli"], 4_990_000);
    assert_eq!(office.get("/api/v1/shipments").await[0]["state"], "received");
}

#[tokio::test]
async fn a_station_calls_its_own_order_off_while_nothing_has_left() {
    let office = Office::open().await;
    let agent = office.agent("ST0001").await;
    let request = RequestId::new("RQ-1").unwrap();
    agent
        .record(Fact::OrderRequested(OrderRequested {
            request: request.clone(),
            product: ProductId::new("CD1001").unwrap(),
            quantity: Quantity::Volume(Volume(5_000_000)),
        }))
        .await;
    agent.record(Fact::OrderCancelRequested(OrderCancelRequested { request })).await;
    eventually("the cancellation at the station", async || {
        let row = agent.row::<StationOrder>(StationOrder::key("ST0001", "RQ-1")).await;
        row.is_some_and(|row| row.status == "cancelled").then_some(())
    })
    .await;
    assert_eq!(office.get("/orderStatuses").await[0]["status"], "cancelled");
}

#[tokio::test]
async fn a_stream_of_another_station_is_refused() {
    let office = Office::open().await;
    let agent = office.agent("ST0001").await;
    // The first entry of a stream says who writes it; here it lies about the station.
    let forged = StreamOpened::new_device(StationCode::new("ST0002").unwrap(), Role::Agent, None);
    agent.record(Fact::StreamOpened(forged)).await;
    agent.record(Fact::Sold(a_sale("ST0001-01-AAAAA-000001"))).await;
    eventually("the sale under its own station", async || {
        (office.get("/api/v1/summary").await["salesCount"] == 1).then_some(())
    })
    .await;
    assert_eq!(office.get("/api/v1/stations").await[1]["entriesStored"], 0);
}

/// A till's journal as its agent forwards it: who writes, then what it applied of the chain's feed.
fn tills_journal(writer: Incarnation, versions: &[u64]) -> Vec<u8> {
    let till = Origin {
        station: StationCode::new("ST0001").unwrap(),
        device: DeviceId([1; 16]),
        role: Role::Terminal,
        terminal: Some(TerminalNo(1)),
    };
    let clock = Clock::system();
    let mut node =
        Node::open(MemoryStore::default(), Arc::new(Catalogue), till, [7; 16], clock.now()).unwrap();
    for version in versions {
        let version = FeedVersion(*version);
        let fact = Fact::FeedApplied(FeedApplied { scope: FeedScope::Chain, writer, version });
        node.record(clock.now(), None, &[Draft::new(fact)], Beside::default()).unwrap();
    }
    let stream = node.own_stream();
    let entries = node.store().entries(&stream, Seq(1), 100, 100_000).unwrap();
    Message::Batch(pack(&entries, ChainHash::genesis(&stream), 1).unwrap()).encode()
}

#[tokio::test]
async fn who_has_applied_a_price_is_known_from_what_terminals_say_they_applied() {
    let office = Office::open().await;
    let summary = office.get("/api/v1/summary").await;
    let life = Incarnation::from_hex(summary["hqIncarnation"].as_str().unwrap()).unwrap();
    let version = summary["chainVersion"].as_u64().unwrap();
    let mut bare = connect(options(&office, &office.enrol("ST0001").await)).await.unwrap();
    bare.subscribe("st/ST0001/ack").await.unwrap();
    let journal = tills_journal(life, &[1, version]);
    bare.publish("st/ST0001/up", &journal, Some("st/ST0001/ack")).await.unwrap();
    let reply = bare.next_message().await;
    assert_eq!(reply.properties.unwrap().correlation_data.unwrap()[..], [1, 2, 3]);
    assert!(matches!(
        SyncReply::decode(&reply.payload),
        Ok(SyncReply::Receipt(receipt)) if receipt.outcome == Outcome::Accepted { through: Seq(3) }
    ));
    let state = async || office.get("/api/v1/products/CD1001/acknowledgements").await[0].clone();
    assert_eq!(state().await["state"], "applied");
    assert_eq!(state().await["terminal"], 1);
    let product = office.get("/api/v1/products").await[0].clone();
    assert_eq!((&product["terminalsTotal"], &product["terminalsApplied"]), (&json!(1), &json!(1)));
    let terminal = office.get("/api/v1/stations").await[0]["terminals"][0].clone();
    assert_eq!((&terminal["behind"], &terminal["entriesStored"]), (&json!(false), &json!(3)));
    let price = office.post("/api/v1/products/CD1001/prices", json!({ "price": 1700 })).await;
    let behind = state().await;
    assert_eq!(behind["state"], "behind");
    assert_eq!(behind["appliedVersion"], version);
    assert_eq!(behind["neededVersion"], price.body["version"]);
    assert!(behind["since"].is_string());
    assert_eq!(office.get("/api/v1/products").await[0]["terminalsApplied"], 0);
    assert_eq!(office.get("/api/v1/stations").await[0]["terminals"][0]["behind"], true);
}
