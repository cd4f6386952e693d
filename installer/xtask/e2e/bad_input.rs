//! What nobody should send: each gets its error, nothing is recorded, and the program goes on.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use xtask::client::{Answer, Client};

use crate::eventually::within;
use crate::mqtt::Intruder;
use crate::papers::Papers;
use crate::stage::{HEALED, Stage, list, sell};

/// What a body may have at most is 1 MiB.
const TEN_MEGABYTES: usize = 10 * 1024 * 1024;
/// How long a program may think about a body it refuses.
const ANSWER: Duration = Duration::from_secs(10);

/// A form that must be refused: program, path, fields, status, code.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)], u16, &'static str);

const PLACE: &str = "/orders/placeOrder";
const HOME: (&str, &str) = ("destAddr", "SK_Imme_Station");
const GAS: (&str, &str) = ("productId", "CD1001");

const CASES: [Case; 34] = [
    ("hq", PLACE, &[("productId", "CD9999"), ("qty", "10"), HOME], 404, "unknown_product"),
    ("hq", PLACE, &[GAS, ("qty", "0"), HOME], 400, "bad_quantity"),
    ("hq", PLACE, &[GAS, ("qty", "-1"), HOME], 400, "bad_quantity"),
    ("hq", PLACE, &[GAS, ("qty", "NaN"), HOME], 400, "bad_quantity"),
    ("hq", PLACE, &[GAS, ("qty", "inf"), HOME], 400, "bad_quantity"),
    ("hq", PLACE, &[GAS, ("qty", "1e3"), HOME], 400, "bad_quantity"),
    ("hq", PLACE, &[GAS, ("qty", "1000000000.001"), HOME], 400, "bad_quantity"),
    ("hq", PLACE, &[GAS, ("qty", "99999999999999999999999999"), HOME], 400, "bad_quantity"),
    ("hq", PLACE, &[GAS, ("qty", "1.2345"), HOME], 400, "bad_quantity"),
    ("hq", PLACE, &[GAS, ("qty", ""), HOME], 400, "missing_field"),
    ("hq", PLACE, &[GAS, HOME], 400, "missing_field"),
    ("hq", PLACE, &[("qty", "10"), HOME], 400, "missing_field"),
    ("hq", PLACE, &[GAS, ("qty", "10")], 400, "missing_field"),
    ("hq", PLACE, &[GAS, ("qty", "10"), ("destAddr", "nowhere")], 404, "unknown_destination"),
    ("hq", "/products/sync", &[("productId", "CD9999")], 404, "unknown_product"),
    ("hq", "/products/sync", &[GAS, ("price", "-5")], 400, "bad_price"),
    ("hq", "/products/sync", &[GAS, ("price", "1.5")], 400, "bad_price"),
    ("agent", "/stocks/confirmStock", &[("orderId", "no-such-order")], 404, "unknown_order"),
    ("agent", "/stocks/confirmStock", &[], 400, "missing_field"),
    (
        "agent",
        "/stockFlows",
        &[("productId", "CD9999"), ("qty", "1"), ("reason", "loss")],
        404,
        "unknown_product",
    ),
    ("agent", "/stockFlows", &[GAS, ("qty", "NaN"), ("reason", "loss")], 400, "bad_quantity"),
    ("agent", "/stockFlows", &[GAS, ("qty", "0"), ("reason", "loss")], 400, "bad_quantity"),
    ("agent", "/stockFlows", &[GAS, ("qty", "1"), ("reason", "thirst")], 400, "unknown_reason"),
    ("agent", "/stockFlows", &[GAS, ("qty", "1")], 400, "missing_field"),
    ("till", "/sales", &[("productId", "CD9999"), ("qty", "10")], 404, "unknown_product"),
    ("till", "/sales", &[GAS, ("qty", "0")], 400, "bad_quantity"),
    ("till", "/sales", &[GAS, ("qty", "-10")], 400, "bad_quantity"),
    ("till", "/sales", &[GAS, ("qty", "NaN")], 400, "bad_quantity"),
    ("till", "/sales", &[GAS, ("qty", "1000000001")], 400, "bad_quantity"),
    ("till", "/sales", &[GAS], 400, "missing_field"),
    ("till", "/sales", &[("qty", "10")], 400, "missing_field"),
    ("till", "/sales", &[GAS, ("qty", "10"), ("accountId", "nobody")], 404, "unknown_account"),
    ("till", "/cancelSales", &[("saleId", "ST0001-01-AAAAA-000001")], 404, "unknown_sale"),
    ("till", "/cancelSales", &[], 400, "missing_field"),
];

/// Everything that a refused request could have left behind.
fn recorded(stage: &Stage) -> Vec<(&'static str, Vec<Value>)> {
    let (hq, agent, till) = (stage.hq(), stage.agent(), stage.till());
    vec![
        ("orders", list(&hq, "/orders")),
        ("shipments", list(&hq, "/shipments")),
        ("products", list(&hq, "/products")),
        ("stock flows", list(&agent, "/stockFlows")),
        ("stock", list(&agent, "/stockSummaries")),
        ("accounts", list(&agent, "/accounts")),
        ("sales", list(&till, "/sales")),
    ]
}

fn is_refusal(answer: &Answer, status: u16, code: &str, what: &str) -> Option<String> {
    let told = answer.body.get("result") == Some(&Value::Bool(false))
        && answer.body.get("detail").and_then(Value::as_str).is_some_and(|detail| !detail.is_empty());
    let right = answer.status == status && answer.code() == code && told;
    (!right).then(|| format!("{what}: wanted {status} {code}, got {} {}", answer.status, answer.body))
}

#[test]
fn each_bad_form_is_refused_with_its_code_and_leaves_nothing_behind() {
    let stage = Stage::small();
    let before = recorded(&stage);
    let mut wrong = Vec::new();
    for (program, path, fields, status, code) in CASES {
        let answer = client(&stage, program).post_form(path, fields).unwrap();
        wrong.extend(is_refusal(&answer, status, code, &format!("{program} {path} {fields:?}")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(recorded(&stage), before);
}

#[test]
fn a_second_cancellation_is_refused_and_the_first_stands() {
    let stage = Stage::small();
    let till = stage.till();
    let sale = sell(&till, "CD1001", "10");
    let fields = [("saleId", sale.as_str())];
    assert_eq!(till.post_form("/cancelSales", &fields).unwrap().body, Value::Bool(true));
    let before = list(&till, "/sales");
    let again = till.post_form("/cancelSales", &fields).unwrap();
    assert_eq!(is_refusal(&again, 409, "already_cancelled", "the second cancellation"), None);
    assert_eq!(list(&till, "/sales"), before);
}

#[test]
fn malformed_bodies_and_missing_tokens_are_refused() {
    let stage = Stage::small();
    let before = recorded(&stage);
    let mut wrong = Vec::new();
    for (program, path) in [
        ("hq", "/api/v1/orders"),
        ("hq", "/api/v1/products"),
        ("agent", "/api/v1/orders"),
        ("agent", "/api/v1/deliveries/no-such-order/confirm"),
    ] {
        for body in ["{\"productId\": ", "[]", "", "\u{0}\u{1}", "{\"product_id\": {}, \"productId\": {}}"] {
            let answer = client(&stage, program).post_raw(path, "application/json", body.as_bytes()).unwrap();
            let told = answer.body.get("result") == Some(&Value::Bool(false)) && !answer.code().is_empty();
            if !(400..500).contains(&answer.status) || !told {
                wrong.push(format!("{program} {path} {body:?}: {} {}", answer.status, answer.body));
            }
        }
    }
    for (program, path) in [("hq", "/orders"), ("agent", "/stockSummaries"), ("till", "/sales")] {
        let stranger = Client::new(client(&stage, program).base(), "guessed");
        let answer = stranger.get(path).unwrap();
        wrong.extend(is_refusal(
            &answer,
            401,
            "unauthorized",
            &format!("{program} {path} with a guessed token"),
        ));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(recorded(&stage), before);
}

#[test]
fn a_body_of_ten_megabytes_is_refused_and_the_program_goes_on() {
    let stage = Stage::small();
    let report = stage.fleet.report();
    for (program, path) in [("hq", PLACE), ("agent", "/stockFlows"), ("till", "/sales")] {
        let client = client(&stage, program);
        let token = &report.programs.iter().find(|known| known.http == client.base()).unwrap().token;
        let status = send_ten_megabytes(client.base(), path, token);
        assert_eq!(status, 413, "{program}");
        assert_eq!(client.get("/livez").unwrap().status, 200, "{program} goes on");
    }
}

/// Sends all of it while reading, because an answer may come at the beginning or at the end.
fn send_ten_megabytes(base: &str, path: &str, token: &str) -> u16 {
    let host = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(ANSWER)).unwrap();
    let mut sender = stream.try_clone().unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {TEN_MEGABYTES}\r\n\r\n"
    );
    let sending = thread::spawn(move || {
        // A program that has answered already may hang up on the rest.
        let _ = sender.write_all(head.as_bytes()).and_then(|()| sender.write_all(&vec![b'a'; TEN_MEGABYTES]));
    });
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    sending.join().unwrap();
    String::from_utf8_lossy(&answer)[9..12].parse().unwrap()
}

/// CONNACK reason of MQTT 5, section 3.2.2.2.
const SERVER_UNAVAILABLE: u8 = 136;

#[test]
fn garbage_and_messages_for_another_station_change_nothing_at_head_office() {
    let stage = Stage::with(|wish| wish.stations = 2);
    let before = recorded(&stage);
    let broker = stage.fleet.plan().hq.program.mqtt.clone().unwrap();
    let identity = &stage.fleet.plan().stations[0].agent.identity;
    let device = Papers::of(identity).name().split('-').next().unwrap().to_owned();

    let (_, reason) = Intruder::connect(&broker, identity, "another-client");
    assert_ne!(reason, Some(0), "another client id than the certificate's device is not welcome");
    for topic in ["st/ST0001/up", "st/ST0002/up", "st/ST0002/req", "st/ST0002/ack", "anything", "$SYS/x"] {
        // The agent itself reconnects under the same client id at the same moment; while the broker hands the
        // session over it says "unavailable, try again".
        let mut intruder = within(HEALED, "the agent's own papers to be welcome", || {
            let (intruder, reason) = Intruder::connect(&broker, identity, &device);
            assert!(matches!(reason, None | Some(0 | SERVER_UNAVAILABLE)), "refused: {reason:?}");
            (reason == Some(0)).then_some(intruder)
        });
        for payload in [&b""[..], b"garbage", &[0xff; 70_000]] {
            let _ = intruder.publish(topic, payload);
        }
        intruder.babble(&[0xf7, 0xff, 0xff, 0xff, 0xff, 0x01]);
    }
    assert_eq!(stage.hq().get("/livez").unwrap().status, 200);
    assert_eq!(recorded(&stage), before);
    let summary = stage.hq().get("/api/v1/summary").unwrap();
    assert_eq!(summary.body["quarantined"], 0, "{}", summary.body);

    for station in 0..2 {
        let till = stage.fleet.till(station, 1).unwrap();
        sell(&till, "CD1001", "10");
    }
    within(HEALED, "both stations' sales at HQ", || {
        (stage.hq().get("/api/v1/summary").ok()?.body["salesCount"] == 2).then_some(())
    });
}

fn client(stage: &Stage, program: &str) -> Client {
    match program {
        "hq" => stage.hq(),
        "agent" => stage.agent(),
        _ => stage.till(),
    }
}
