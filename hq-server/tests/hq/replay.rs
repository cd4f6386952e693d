//! Batches over HTTPS that were sent before, changed, or written by somebody else.

use std::sync::Arc;

use sync::codec::{pack, unpack};
use sync::device::random_16;
use sync::node::Beside;
use sync::peer::origin_of;
use sync::store::memory::MemoryStore;
use sync::{Clock, Draft, Node, Store as _};
use sync_identity::Identity;
use sync_proto::catalogue::Catalogue;
use sync_proto::fact::{Fact, FeedApplied, FeedScope};
use sync_proto::wire::{Batch, CODEC_PLAIN, Message, Outcome, RefusalCode, Reply};
use sync_proto::{ChainHash, FeedVersion, Incarnation, Seq};

use crate::support::{Office, https, tls_of};

/// An agent's own journal of a few entries.
fn journal(agent: &Identity) -> Batch {
    let clock = Clock::system();
    let me = origin_of(&agent.certified().subject);
    let life = random_16().unwrap();
    let mut node = Node::open(MemoryStore::default(), Arc::new(Catalogue), me, life, clock.now()).unwrap();
    for version in 1..=3 {
        let (writer, version) = (Incarnation([5; 16]), FeedVersion(version));
        let fact = Fact::FeedApplied(FeedApplied { scope: FeedScope::Chain, writer, version });
        node.record(clock.now(), None, &[Draft::new(fact)], Beside::default()).unwrap();
    }
    let stream = node.own_stream();
    let entries = node.store().entries(&stream, Seq(1), 100, 100_000).unwrap();
    pack(&entries, ChainHash::genesis(&stream), 1).unwrap()
}

async fn send(office: &Office, by: &Identity, batch: &Batch) -> Outcome {
    let body = Message::Batch(batch.clone()).encode();
    let answer = https(tls_of(by)).post(office.link_url("/sync")).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    match Reply::decode(&answer.bytes().await.unwrap()).unwrap() {
        Reply::Receipt(receipt) => receipt.outcome,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_batch_counts_once_unchanged_and_from_its_own_station_only() {
    let office = Office::open().await;
    let (agent, other) = (office.enrol("ST0001").await, office.enrol("ST0002").await);
    let batch = journal(&agent);
    let stored = async || office.get("/api/v1/stations").await[0]["entriesStored"].as_u64().unwrap();
    let forbidden = Outcome::Refused { code: RefusalCode::Forbidden };
    assert_eq!(send(&office, &other, &batch).await, forbidden, "another station's");
    let mut altered = batch.clone();
    altered.body = unpack(&batch).unwrap();
    altered.codec = CODEC_PLAIN;
    let last = altered.body.len() - 3;
    altered.body[last] ^= 1;
    assert!(matches!(send(&office, &agent, &altered).await, Outcome::Refused { .. }), "altered");
    assert_eq!(stored().await, 0);
    let through = Seq(u64::from(batch.count));
    assert_eq!(send(&office, &agent, &batch).await, Outcome::Accepted { through });
    assert_eq!(send(&office, &agent, &batch).await, Outcome::Duplicate { through });
    assert!(
        matches!(send(&office, &other, &batch).await, Outcome::Refused { .. }),
        "another station's, again"
    );
    assert_eq!(stored().await, u64::from(batch.count));
    assert_eq!(office.get("/api/v1/stations").await[1]["entriesStored"], 0);
}
