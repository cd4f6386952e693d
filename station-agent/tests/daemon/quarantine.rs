//! R14 at the station: what steps aside is listed with its reason, its money is in the totals, and it is tried again.

use serde_json::{Value, json};
use sync::codec::pack;
use sync_identity::Identity;
use sync_proto::fact::{Fact, Line, Sold, StreamOpened, Tender};
use sync_proto::ledger::Sale;
use sync_proto::rows::{RowChange, Table as _};
use sync_proto::wire::{Message, Outcome, Reply};
use sync_proto::{
    BusinessDay, ChainHash, Entry, EntryKey, Envelope, FeedVersion, Incarnation, Money, ProductId, Quantity,
    Role, SaleId, Seq, StreamId, TerminalNo, Volume,
};

use crate::hq::here;
use crate::station::Agent;

const WON: i64 = 33_400;

/// The sale that the till's first receipt is of.
const FIRST: &str = "ST0001-02-AAAAA-000001";

fn sold(receipt: &str, tendered: i64) -> Fact {
    let line = Line {
        product: ProductId::new("CD1001").unwrap(),
        quantity: Quantity::Volume(Volume(20_000)),
        unit_price: Money(1_670),
        amount: Money(WON),
        tax: sync_proto::tax::TaxClass::Taxed,
        price_version: FeedVersion(1),
    };
    Fact::Sold(Sold {
        sale: SaleId::new(receipt).unwrap(),
        lines: vec![line],
        tenders: vec![Tender::Cash { amount: Money(tendered) }],
        total: Money(WON),
        vat: Money(3_036),
    })
}

fn stream_of(till: &Identity) -> StreamId {
    StreamId { device: till.certified().subject.device, incarnation: Incarnation([78; 16]) }
}

fn key(till: &Identity, seq: u64) -> String {
    format!("{}.{}.{seq}", till.certified().subject.device, "4e".repeat(16))
}

/// A good sale, one whose tenders do not add up, one of a newer version of the program, and garbage.
fn journal(till: &Identity, day: &BusinessDay) -> Vec<Entry> {
    let now = sync::Clock::system().now();
    let bytes = |fact: Fact| Envelope::new(now, Some(day.clone()), fact).encode().unwrap();
    let opened = StreamOpened::new_device(here(), Role::Terminal, Some(TerminalNo(2)));
    let newer = bytes(sold("ST0001-02-AAAAA-000003", WON));
    let newer = String::from_utf8(newer).unwrap().replacen("\"v\":1,", "\"v\":7,", 1);
    let payloads = [
        bytes(Fact::StreamOpened(opened)),
        bytes(sold(FIRST, WON)),
        bytes(sold("ST0001-02-AAAAA-000002", 1)),
        newer.into_bytes(),
        b"not a fact".to_vec(),
    ];
    let stream = stream_of(till);
    let mut hash = ChainHash::genesis(&stream);
    (1..)
        .zip(payloads)
        .map(|(seq, bytes)| {
            hash = hash.chain(&bytes);
            Entry { key: EntryKey { stream, seq: Seq(seq) }, bytes, hash }
        })
        .collect()
}

/// Sends that journal as till 2 does.
async fn send_poison(agent: &Agent) -> Identity {
    let till = agent.enrol(2).await;
    let day = agent.daemon().station().moment().day.unwrap();
    let entries = journal(&till, &day);
    let batch = pack(&entries, ChainHash::genesis(&stream_of(&till)), 1).unwrap();
    let request = agent.lan(Some(&till)).post(format!("{}/sync", agent.lan_url()));
    let answer = request.body(Message::Batch(batch).encode()).send().await.unwrap();
    let Reply::Receipt(receipt) = Reply::decode(&answer.bytes().await.unwrap()).unwrap() else {
        unreachable!("a batch is answered by a receipt")
    };
    assert_eq!(receipt.outcome, Outcome::Accepted { through: Seq(entries.len() as u64) });
    till
}

fn rows(list: &Value) -> Vec<(i64, &str, &str, Option<i64>)> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap();
            (row["seq"].as_i64().unwrap(), text("cause"), text("state"), row["amount"].as_i64())
        })
        .collect()
}

#[tokio::test]
async fn r14_what_steps_aside_is_listed_at_the_station_and_its_money_is_in_the_days_total() {
    let (agent, _hq) = Agent::start().await;
    assert_eq!(agent.get("/api/v1/quarantine").await.body, json!([]));
    let till = send_poison(&agent).await;
    let list = agent.get("/api/v1/quarantine").await.body;
    assert_eq!(
        rows(&list),
        [
            (5, "unreadable", "open", None),
            (4, "unknown", "open", Some(WON)),
            (3, "rejected", "open", Some(WON))
        ]
    );
    assert_eq!((&list[2]["receipt"], &list[2]["terminal"]), (&json!("ST0001-02-AAAAA-000002"), &json!(2)));
    assert_eq!((&list[2]["counted"], &list[2]["kind"]), (&json!(true), &json!("Sold")));
    assert!(list[2]["reason"].as_str().unwrap().contains("do not agree"), "{list}");
    let overview = agent.get("/api/v1/overview").await.body;
    let total = json!({
        "count": 1, "cancelled_count": 0, "amount": 3 * WON, "aside_count": 2, "aside_amount": 2 * WON
    });
    assert_eq!((&overview["sales_total"], &overview["quarantined"]), (&total, &json!(3)));
    assert_eq!(overview["sales"][0]["amount"], WON, "a product's sum knows only what is in the books");
    let one = agent.get(&format!("/api/v1/quarantine/{}", key(&till, 5))).await.body;
    assert_eq!((&one["payloads"], &one["row"]["key"]), (&json!(["not a fact"]), &json!(key(&till, 5))));
}

#[tokio::test]
async fn r14_an_entry_that_still_fails_stays_aside_and_says_why() {
    let (mut agent, _hq) = Agent::start().await;
    let till = send_poison(&agent).await;
    let again = agent.post_json(&format!("/api/v1/quarantine/{}/replay", key(&till, 3)), "").await;
    assert_eq!((again.status, &again.body["row"]["state"]), (200, &json!("open")), "{}", again.body);
    assert!(again.body["row"]["reason"].as_str().unwrap().contains("do not agree"));
    let all = agent.post_json("/api/v1/quarantine/replay", "").await;
    assert_eq!(all.body, json!({ "replayed": 0, "still_aside": 3 }));
    let before = agent.get("/api/v1/overview").await.body["sales_total"].clone();
    agent.restart().await;
    assert_eq!(agent.get("/api/v1/overview").await.body["sales_total"], before, "and it stays so");
}

#[tokio::test]
async fn r14_an_entry_is_in_the_books_once_what_kept_it_out_is_repaired() {
    let (agent, _hq) = Agent::start().await;
    // A row that a defect left behind: the receipt number is taken.
    let left = Sale {
        sale_id: FIRST.to_owned(),
        station: here().to_string(),
        terminal: 2,
        seq: 1,
        stream: "00".repeat(32),
        business_day: "2026-01-01".to_owned(),
        sold_at_ms: Some(1),
        total: 0,
        vat: 0,
        account_id: None,
        cancelled_at_ms: None,
        cancel_reason: None,
    };
    let taken = left.row_key();
    let write = |cells| RowChange { key: taken.clone(), cells };
    let (put, gone) = (write(Some(left.into_cells())), write(None));
    agent.node(move |node| node.write(vec![put], 0)).await.unwrap();
    let till = send_poison(&agent).await;
    let path = format!("/api/v1/quarantine/{}", key(&till, 2));
    assert_eq!(agent.get(&path).await.body["row"]["cause"], "rejected");
    agent.node(move |node| node.write(vec![gone], 0)).await.unwrap();

    let done = agent.post_json(&format!("{path}/replay"), "").await;
    assert_eq!((done.status, &done.body["row"]["state"]), (200, &json!("replayed")), "{}", done.body);
    let overview = agent.get("/api/v1/overview").await.body;
    assert_eq!(overview["sales_total"]["amount"], 3 * WON, "counted once, before and after");
    assert_eq!((&overview["sales_total"]["aside_count"], &overview["quarantined"]), (&json!(2), &json!(3)));
    let twice = agent.post_json(&format!("{path}/replay"), "").await;
    assert_eq!((twice.status, twice.code()), (409, "already_replayed"));
    let journal = agent.get("/api/v1/journal?limit=1").await.body;
    assert_eq!(journal[0]["type"], "QuarantineReplayed", "it is a fact, with who asked for it");
}

#[tokio::test]
async fn r14_a_name_of_no_entry_set_aside_is_refused() {
    let (agent, _hq) = Agent::start().await;
    let till = send_poison(&agent).await;
    let good = key(&till, 3);
    let far = key(&till, u64::MAX);
    let absurd = "9".repeat(4_000);
    let fork = format!("{good}.{}", "0".repeat(64));
    for name in [&key(&till, 2), &far, "nonsense", "..%2F..%2Fetc", "%00", &absurd, &fork] {
        for answer in [
            agent.get(&format!("/api/v1/quarantine/{name}")).await,
            agent.post_json(&format!("/api/v1/quarantine/{name}/replay"), "{").await,
        ] {
            assert_eq!((answer.status, answer.code()), (404, "unknown_entry"), "{name}: {answer:?}");
            assert!(answer.body["detail"].as_str().unwrap().len() < 300, "{answer:?}");
        }
    }
    let wrong = agent.post_json("/api/v1/quarantine", "{}").await;
    assert_eq!((wrong.status, wrong.code()), (405, "method_not_allowed"));
}
