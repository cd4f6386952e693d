//! What a batch is answered (R9): the same over MQTT and HTTPS.

use std::sync::Arc;

use hq_server::ingest::BATCH_TAKEN_LEN_MAX;
use sync::Clock;
use sync::codec;
use sync::link::{HttpLink, Link, MqttLink, MqttLinkConfig};
use sync_identity::Identity;
use sync_proto::fact::{Fact, FeedApplied, FeedScope, StreamOpened};
use sync_proto::wire::{Batch, Credit, Hello, HelloAnswer, Message, Outcome, RefusalCode, Reply};
use sync_proto::{
    ChainHash, DeviceId, Entry, EntryKey, Envelope, FeedVersion, Incarnation, Role, Seq, Stamp, StreamId,
};

use crate::support::{Office, tls_of};

/// A journal made by hand, in a life of its own.
struct Journal {
    stream: StreamId,
    entries: Vec<Entry>,
}

impl Journal {
    fn of(identity: &Identity, life: u8) -> Self {
        let subject = &identity.certified().subject;
        let stream = StreamId { device: subject.device, incarnation: Incarnation([life; 16]) };
        let mut journal = Self { stream, entries: Vec::new() };
        let opened = StreamOpened::new_device(subject.station.clone(), Role::Agent, None);
        journal.push(Fact::StreamOpened(opened));
        journal
    }

    /// The life after this one, at its end.
    fn next(&self, identity: &Identity, life: u8) -> Self {
        let subject = &identity.certified().subject;
        let mut next = Self {
            stream: StreamId { incarnation: Incarnation([life; 16]), ..self.stream },
            entries: Vec::new(),
        };
        let end = self.entries.last().unwrap();
        let opened = StreamOpened::new_device(subject.station.clone(), Role::Agent, None);
        let opened = opened.citing(self.stream.incarnation, end.key.seq, end.hash, "restored");
        next.push(Fact::StreamOpened(opened));
        next
    }

    fn push(&mut self, fact: Fact) {
        let bytes = Envelope::new(Stamp::at_wall_ms(1), None, fact).encode().unwrap();
        let before = self.entries.last().map_or(ChainHash::genesis(&self.stream), |entry| entry.hash);
        let seq = Seq(self.entries.len() as u64 + 1);
        let key = EntryKey { stream: self.stream, seq };
        self.entries.push(Entry { key, hash: before.chain(&bytes), bytes });
    }

    fn grow(&mut self, to: u64, mark: u64) {
        while (self.entries.len() as u64) < to {
            let version = FeedVersion(mark + self.entries.len() as u64);
            let (scope, writer) = (FeedScope::Chain, Incarnation([3; 16]));
            self.push(Fact::FeedApplied(FeedApplied { scope, writer, version }));
        }
    }

    fn hash_before(&self, from: usize) -> ChainHash {
        if from == 1 { ChainHash::genesis(&self.stream) } else { self.entries[from - 2].hash }
    }

    fn batch(&self, from: usize, to: usize) -> Batch {
        codec::pack(&self.entries[from - 1..to], self.hash_before(from), 1).unwrap()
    }
}

async fn ask(link: &dyn Link, message: &Message) -> Reply {
    Reply::decode(&link.request(message.encode(), 0).await.unwrap()).unwrap()
}

async fn outcome(link: &dyn Link, batch: Batch) -> Outcome {
    let Reply::Receipt(receipt) = ask(link, &Message::Batch(batch)).await else { panic!("a receipt") };
    receipt.outcome
}

async fn greet(link: &dyn Link, stream: StreamId, last: u64) -> HelloAnswer {
    let hello = Hello { stream, last: Seq(last), last_hash: ChainHash([0; 32]) };
    let Reply::Hello(answer) = ask(link, &Message::Hello(hello)).await else { panic!("an answer") };
    answer
}

/// Everything that head office answers a batch, in an order in which each has its reason.
async fn each_reply(office: &Office, link: &dyn Link, identity: &Identity, life: u8) -> Vec<Outcome> {
    let mut journal = Journal::of(identity, life);
    journal.grow(5, 100);
    let mut other = Journal::of(identity, life);
    other.grow(5, 200);
    let mut told = vec![
        outcome(link, journal.batch(1, 3)).await,
        outcome(link, journal.batch(2, 3)).await,
        outcome(link, journal.batch(5, 5)).await,
        outcome(link, journal.batch(1, 5)).await,
        outcome(link, other.batch(2, 5)).await,
    ];
    let next = journal.next(identity, life + 100);
    told.push(outcome(link, next.batch(1, 1)).await);
    told.push(outcome(link, other.batch(2, 5)).await);
    journal.grow(7, 300);
    told.push(outcome(link, journal.batch(6, 7)).await);
    told.push(outcome(link, Batch { last_hash: ChainHash([0; 32]), ..journal.batch(1, 2) }).await);
    let long = Batch { body: vec![0; BATCH_TAKEN_LEN_MAX], ..journal.batch(7, 7) };
    told.push(outcome(link, long).await);
    let foreign = StreamId { device: DeviceId([99; 16]), ..journal.stream };
    told.push(outcome(link, Batch { stream: foreign, ..journal.batch(1, 6) }).await);
    // All places are taken: by others' streams, of which head office knows no more than that they said hello.
    let mut waits = Vec::new();
    for number in 0..40 {
        let stream = StreamId { incarnation: Incarnation([number; 16]), device: DeviceId([life; 16]) };
        waits.push(matches!(greet(link, stream, 1_000_000).await.credit, Credit::Wait { .. }));
    }
    assert!(!waits[0] && waits[39], "who comes last has to wait: {waits:?}");
    assert!(office.running.backlogs().1 > 0);
    journal.grow(100, 400);
    told.push(outcome(link, journal.batch(8, 100)).await);
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn r9_replies_are_the_same_over_mqtt_and_https() {
    let mut all = Vec::new();
    for over_mqtt in [true, false] {
        let office = Office::open().await;
        let identity = office.enrol("ST0001").await;
        let subject = identity.certified().subject.clone();
        let link: Box<dyn Link> = if over_mqtt {
            let config = MqttLinkConfig {
                addr: office.running.mqtt_addr.to_string(),
                station: subject.station.clone(),
                device: subject.device,
                tls: Arc::new(tls_of(&identity)),
                version: "0.1.0".to_owned(),
            };
            let link = MqttLink::connect(config, Clock::system());
            link.up().wait_for(|up| *up).await.unwrap();
            Box::new(link)
        } else {
            Box::new(HttpLink::new(&office.link_url(""), tls_of(&identity)).unwrap())
        };
        let mut told = each_reply(&office, link.as_ref(), &identity, 1).await;
        // The wait is jittered.
        let Some(Outcome::SlowDown { wait_ms }) = told.pop() else { panic!("{told:?}") };
        assert!((50..=60_000).contains(&wait_ms), "{wait_ms}");
        all.push(told);
    }
    let refused = |code| Outcome::Refused { code };
    let len_max = u32::try_from(BATCH_TAKEN_LEN_MAX).unwrap();
    let expected = [
        Outcome::Accepted { through: Seq(3) },
        Outcome::Duplicate { through: Seq(3) },
        Outcome::Gap { expected: Seq(4) },
        Outcome::Accepted { through: Seq(5) },
        refused(RefusalCode::Forked),
        Outcome::Accepted { through: Seq(1) },
        Outcome::StaleIncarnation { current: Incarnation([101; 16]) },
        Outcome::Accepted { through: Seq(7) },
        refused(RefusalCode::Malformed),
        Outcome::TooLarge { len_max },
        refused(RefusalCode::Malformed),
    ];
    assert_eq!(all, [expected, expected]);
}
