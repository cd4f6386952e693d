//! R14 at head office: what steps aside is listed with its money in the totals, and is replayed or settled.

use serde_json::{Value, json};
use sync::codec::pack;
use sync_identity::Identity;
use sync_proto::fact::{Fact, Line, Sold, StreamOpened, Tender};
use sync_proto::wire::{Message, Outcome, Reply};
use sync_proto::{
    BusinessDay, ChainHash, DeviceId, Entry, EntryKey, Envelope, FeedVersion, Incarnation, Money, ProductId,
    Quantity, Role, SaleId, Seq, Stamp, StationCode, StreamId, TerminalNo, Volume,
};

use crate::support::{Office, https, tls_of};

const WON: i64 = 33_400;

/// The journal of a till of ST0001: a sale, one whose tenders do not add up, one of a newer version, garbage.
fn journal() -> Vec<Entry> {
    let now = Stamp::at_wall_ms(1_795_478_400_000);
    let day = BusinessDay::new("2026-11-23").unwrap();
    let station = StationCode::new("ST0001").unwrap();
    let opened = StreamOpened::new_device(station, Role::Terminal, Some(TerminalNo(2)));
    let sold = |n: u32, tendered: i64| {
        let line = Line {
            product: ProductId::new("CD1001").unwrap(),
            quantity: Quantity::Volume(Volume(20_000)),
            unit_price: Money(1_670),
            amount: Money(WON),
            tax: sync_proto::tax::TaxClass::Taxed,
            price_version: FeedVersion(1),
        };
        Fact::Sold(Sold {
            sale: SaleId::new(format!("ST0001-02-AAAAA-{n:06}")).unwrap(),
            lines: vec![line],
            tenders: vec![Tender::Cash { amount: Money(tendered) }],
            total: Money(WON),
            vat: Money(0),
        })
    };
    let bytes = |fact: Fact| Envelope::new(now, Some(day.clone()), fact).encode().unwrap();
    let newer = String::from_utf8(bytes(sold(3, WON))).unwrap().replacen("\"v\":1,", "\"v\":7,", 1);
    let payloads = [
        bytes(Fact::StreamOpened(opened)),
        bytes(sold(1, WON)),
        bytes(sold(2, 1)),
        newer.into_bytes(),
        b"not a fact".to_vec(),
    ];
    let stream = StreamId { device: DeviceId([77; 16]), incarnation: Incarnation([78; 16]) };
    let mut hash = ChainHash::genesis(&stream);
    (1..)
        .zip(payloads)
        .map(|(seq, bytes)| {
            hash = hash.chain(&bytes);
            Entry { key: EntryKey { stream, seq: Seq(seq) }, bytes, hash }
        })
        .collect()
}

async fn send(office: &Office, by: &Identity, entries: &[Entry]) {
    let batch = pack(entries, ChainHash::genesis(&entries[0].key.stream), 1).unwrap();
    let body = Message::Batch(batch).encode();
    let answer = https(tls_of(by)).post(office.link_url("/sync")).body(body).send().await.unwrap();
    let Reply::Receipt(receipt) = Reply::decode(&answer.bytes().await.unwrap()).unwrap() else {
        panic!("a batch is answered by a receipt")
    };
    assert_eq!(receipt.outcome, Outcome::Accepted { through: Seq(entries.len() as u64) });
}

async fn with_poison() -> Office {
    let office = Office::open().await;
    let agent = office.enrol("ST0001").await;
    send(&office, &agent, &journal()).await;
    office
}

fn rows(list: &Value) -> Vec<(i64, String, String, Option<i64>)> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let row = |row: &Value| {
        (row["seq"].as_i64().unwrap(), text(row, "cause"), text(row, "state"), row["amount"].as_i64())
    };
    list.as_array().unwrap().iter().map(row).collect()
}

fn row(seq: i64, cause: &str, state: &str, amount: Option<i64>) -> (i64, String, String, Option<i64>) {
    (seq, cause.to_owned(), state.to_owned(), amount)
}

fn key(seq: u64) -> String {
    format!("{}.{}.{seq}", "4d".repeat(16), "4e".repeat(16))
}

#[tokio::test]
async fn r14_what_steps_aside_is_listed_with_its_cause_and_its_money_is_in_the_totals() {
    let office = with_poison().await;
    let list = office.get("/api/v1/quarantine").await;
    assert_eq!(
        rows(&list),
        [
            row(5, "unreadable", "open", None),
            row(4, "unknown", "open", Some(WON)),
            row(3, "rejected", "open", Some(WON))
        ]
    );
    assert_eq!(list[2]["receipt"], "ST0001-02-AAAAA-000002");
    assert_eq!((&list[2]["terminal"], &list[2]["stationCode"]), (&json!(2), &json!("ST0001")));
    assert_eq!(office.get("/api/v1/quarantine?station=ST0002").await, json!([]));
    let summary = office.get("/api/v1/summary").await;
    assert_eq!(summary["salesAmount"], 3 * WON, "{summary}");
    assert_eq!((&summary["asideAmount"], &summary["asideCount"]), (&json!(2 * WON), &json!(2)));
    assert_eq!(summary["quarantined"], 3);
    assert_eq!(office.get("/api/v1/stations").await[0]["quarantined"], 3);
    let one = office.get(&format!("/api/v1/quarantine/{}", key(5))).await;
    assert_eq!(one["payloads"], json!(["not a fact"]));
}

#[tokio::test]
async fn r14_a_replay_that_fails_again_says_so_and_a_settled_entry_is_left_out() {
    let office = with_poison().await;
    let path = format!("/api/v1/quarantine/{}", key(3));
    let again = office.post(&format!("{path}/replay"), json!({})).await;
    assert_eq!((again.status, &again.body["row"]["state"]), (200, &json!("open")), "{}", again.body);
    assert!(again.body["row"]["reason"].as_str().unwrap().contains("do not agree"));
    let all = office.post("/api/v1/quarantine/replay", json!({})).await;
    assert_eq!(all.body, json!({ "replayed": 0, "stillAside": 3 }));

    let settle = |money: &str, reason: &str| json!({ "money": money, "reason": reason });
    let path = format!("{path}/settle");
    assert_eq!(office.post(&path, settle("leftout", " ")).await.body["code"], "bad_reason");
    assert_eq!(office.post(&path, settle("halved", "x")).await.status, 400);
    let settled = office.post(&path, settle("leftout", "판매가 두 번 기록됨")).await;
    assert_eq!((settled.status, &settled.body["row"]["state"]), (200, &json!("settled")), "{}", settled.body);
    assert_eq!(settled.body["row"]["settledWhy"], "판매가 두 번 기록됨");
    let twice = office.post(&path, settle("counted", "x")).await;
    assert_eq!((twice.status, &twice.body["code"]), (409, &json!("already_settled")));
    let summary = office.get("/api/v1/summary").await;
    assert_eq!((&summary["salesAmount"], &summary["quarantined"]), (&json!(2 * WON), &json!(2)));
    let office = office.reopen().await;
    assert_eq!(office.get("/api/v1/summary").await, summary, "and it stays so");
    assert_eq!(rows(&office.get("/api/v1/quarantine").await)[2], row(3, "rejected", "settled", Some(WON)));
}

#[tokio::test]
async fn r14_an_entry_that_is_not_set_aside_is_refused_with_a_code() {
    let office = with_poison().await;
    for name in [&key(2), "nonsense", &key(99)] {
        let refused = office.post(&format!("/api/v1/quarantine/{name}/replay"), json!({})).await;
        assert_eq!((refused.status, &refused.body["code"]), (404, &json!("unknown_entry")), "{name}");
    }
}
