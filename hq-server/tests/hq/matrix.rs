//! Every certificate on every topic and every path of head office: refused, unless a short list allows it.

use std::collections::BTreeSet;

use serde_json::json;
use sync_proto::wire::{Message, Progress};
use sync_proto::{DeviceId, Incarnation, StreamId};

use crate::cast::{Party, cast};
use crate::support::{Office, https, tls_of};
use crate::table::{BrokerKind, Cell, TOPICS, Verb, answer_to, cells, judge};
use crate::wire::{Sending, Will, Wire};

/// No message of the protocol: head office counts it and stores nothing.
const GARBAGE: &str = "garbage";

struct Bench {
    office: Office,
    asked: BTreeSet<Cell>,
    done: BTreeSet<Cell>,
}

impl Bench {
    async fn connect(&self, party: &Party, will: Option<Will<'_>>) -> Option<Wire> {
        Wire::connect(self.office.running.mqtt_addr, &party.tls, &party.client_id, will).await
    }

    /// Asks all questions about a party, over one connection for as long as the broker keeps it.
    async fn ask(&mut self, party: &Party) {
        let mut session = None;
        for cell in cells(party) {
            self.asked.insert(cell);
            let counted = self.office.running.garbage_count();
            if session.is_none() && cell.verb != Verb::Will {
                session = self.connect(party, None).await;
            }
            let accepted = match (&mut session, cell.verb) {
                (_, Verb::Will) => {
                    // A second session of the device would end the first.
                    session = None;
                    self.connect(party, Some(Will { topic: cell.topic, payload: GARBAGE })).await.is_some()
                }
                (None, _) => false,
                (Some(wire), verb) => match attempt(wire, verb, cell.topic).await {
                    Some(accepted) => accepted,
                    None => {
                        session = None;
                        false
                    }
                },
            };
            let heard = self.office.running.garbage_count() - counted;
            let expected = u64::from(accepted && matches!(cell.verb, Verb::Publish | Verb::Retain));
            assert_eq!(heard, expected, "what is acknowledged arrived once, and nothing else: {cell:?}");
            if accepted {
                self.done.insert(cell);
            }
        }
    }
}

async fn attempt(wire: &mut Wire, verb: Verb, topic: &str) -> Option<bool> {
    match verb {
        Verb::Publish | Verb::Retain => {
            let answer_to = answer_to(topic);
            let sending = Sending { retain: verb == Verb::Retain, answer_to: answer_to.as_deref() };
            wire.publish(topic, GARBAGE.as_bytes(), sending).await
        }
        Verb::Subscribe => wire.subscribe(topic).await,
        Verb::Share => wire.subscribe(&format!("$share/g/{topic}")).await,
        Verb::Will => None,
    }
}

/// A device of a station that listens to all that it may.
async fn listener(office: &Office, station: &str) -> Wire {
    let identity = office.enrol(station).await;
    let client_id = identity.certified().subject.device.to_hex();
    let tls = std::sync::Arc::new(tls_of(&identity));
    let mut wire = Wire::connect(office.running.mqtt_addr, &tls, &client_id, None).await.unwrap();
    for leaf in ["ack", "res", "poke"] {
        assert_eq!(wire.subscribe(&format!("st/{station}/{leaf}")).await, Some(true));
    }
    wire
}

/// Asks until a message is there, for a poke comes when it comes.
async fn poked(wire: &mut Wire) -> Vec<(String, String)> {
    let mut heard = Vec::new();
    for _ in 0..500 {
        wire.settle().await.unwrap();
        heard.extend(wire.take());
        if heard.iter().any(|(topic, _)| topic.ends_with("/poke")) {
            return heard;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("no poke came");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_opens_its_own_topics_and_no_other() {
    let office = Office::open().await;
    let first = office.enrol("ST0001").await;
    let parties = cast(&office, &first).await;
    let mut listeners = [listener(&office, "ST0001").await, listener(&office, "ST0002").await];
    let mut bench = Bench { office, asked: BTreeSet::new(), done: BTreeSet::new() };
    for party in &parties {
        bench.ask(party).await;
    }
    judge(BrokerKind::Embedded, &bench.asked, &bench.done);
    for wire in &mut listeners {
        wire.settle().await.expect("the honest session holds");
        let heard: Vec<_> = wire.take().into_iter().filter(|(_, payload)| !payload.is_empty()).collect();
        assert_eq!(heard, Vec::new(), "nothing that anybody sent reached a station");
    }
    assert_eq!(bench.office.get("/api/v1/quarantine").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_that_asks_for_everything_hears_its_own_only() {
    let office = Office::open().await;
    let first = office.enrol("ST0001").await;
    let party = cast(&office, &first).await.remove(1);
    let mut curious =
        Wire::connect(office.running.mqtt_addr, &party.tls, &party.client_id, None).await.unwrap();
    for filter in TOPICS {
        for filter in [filter.to_owned(), format!("$share/g/{filter}")] {
            if curious.subscribe(&filter).await.is_none() {
                panic!("the session ended at {filter:?}; ask in the same one");
            }
        }
    }
    let mut other = listener(&office, "ST0002").await;
    curious.take();
    // A question of the other station, its answer, and a poke for each.
    let question = Message::Progress(Progress {
        stream: StreamId { device: DeviceId([1; 16]), incarnation: Incarnation([1; 16]) },
    });
    let sending = Sending { retain: false, answer_to: Some("st/ST0002/res") };
    assert_eq!(other.publish("st/ST0002/req", &question.encode(), sending).await, Some(true));
    office.post("/api/v1/products/CD1001/prices", json!({ "price": 1700 })).await;
    let others = poked(&mut other).await;
    assert_eq!(others.iter().filter(|(topic, _)| topic == "st/ST0002/res").count(), 1, "{others:?}");
    let heard = poked(&mut curious).await;
    assert!(heard.iter().all(|(topic, _)| topic.starts_with("st/ST0001/")), "{heard:?}");
}

const PATHS: [&str; 7] =
    ["/link/enrol", "/link/renew", "/sync", "/api/v1/stations", "/", "/products", "/livez"];

/// Who may `POST` where; a body that is none is then refused as such, after everything else was checked.
const ALLOWED: [(&str, &[&str]); 3] = [
    (
        "/link/enrol",
        &[
            "none",
            "agent ST0001",
            "agent ST0002",
            "till of ST0001",
            "back office of ST0001",
            "revoked agent",
            "superseded agent",
            "lapsed agent",
        ],
    ),
    ("/link/renew", &["agent ST0001", "agent ST0002", "lapsed agent"]),
    ("/sync", &["agent ST0001", "agent ST0002", "till of ST0001"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_opens_its_own_paths_and_no_other() {
    let office = Office::open().await;
    let first = office.enrol("ST0001").await;
    let mut checked = 0;
    let mut wrong = Vec::new();
    for party in cast(&office, &first).await {
        let client = https(std::sync::Arc::unwrap_or_clone(party.tls));
        for path in PATHS {
            for method in ["GET", "POST"] {
                let counted = office.running.garbage_count();
                let request = client.request(method.parse().unwrap(), office.link_url(path));
                let status = request.body(GARBAGE).send().await.ok().map(|answer| answer.status().as_u16());
                let allowed = ALLOWED.iter().any(|(to, who)| *to == path && who.contains(&party.name));
                let allowed = allowed && method == "POST";
                let fits = match status {
                    Some(400) => allowed,
                    None | Some(401 | 403 | 404 | 405) => !allowed,
                    Some(_) => false,
                };
                let heard = office.running.garbage_count() - counted;
                if !fits || heard != u64::from(allowed && path == "/sync") {
                    wrong.push((party.name, method, path, status, heard));
                }
                checked += 1;
            }
        }
    }
    assert_eq!(wrong, Vec::new());
    println!("links: {checked} cells checked");
}
