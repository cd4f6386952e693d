//! Batches that wait together: one commit for all of them, an answer of its own for each.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use std::path::Path;
use std::sync::Arc;

use sync::node::{Beside, Incoming};
use sync::{Draft, Node, Peer, SqliteStore, Store, Writer};
use sync_proto::engine::SenderConfig;
use sync_proto::fact::{AccountPaid, Fact};
use sync_proto::ledger::tables::SaleTender;
use sync_proto::project::{All, Posting, Projection, ProjectionError};
use sync_proto::rows::{RowKey, Rows};
use sync_proto::wire::{Batch, Message, Outcome, RefusalCode};
use sync_proto::{AccountId, DeviceId, Money, Origin, Role, Seq, Stamp, StationCode};

const NOW: Stamp = Stamp::at_wall_ms(1_795_478_400_000);

/// A payment of this much makes a row that the database refuses.
const POISON: i64 = 13;

/// One row for each payment.
struct Payments;

impl Projection for Payments {
    fn wants(&self, _posting: &Posting, _rows: &Rows) -> Vec<RowKey> {
        Vec::new()
    }

    fn project(&self, posting: &Posting, rows: &mut Rows) -> Result<(), ProjectionError> {
        if let Fact::AccountPaid(paid) = &posting.envelope.fact {
            rows.put(SaleTender {
                sale_id: posting.entry.key.to_text(),
                tender_no: 1,
                kind: if paid.amount.0 == POISON { "shells" } else { "cash" }.to_owned(),
                amount: paid.amount.0,
                approval: None,
                account_id: None,
            });
        }
        Ok(())
    }
}

fn origin(n: u8) -> Origin {
    let station = StationCode::new("ST0001").unwrap();
    Origin { station, device: DeviceId([n; 16]), role: Role::Agent, terminal: None }
}

fn node(folder: &Path, me: Origin, books: Vec<Box<dyn Projection>>) -> Node<SqliteStore> {
    let path = folder.join(format!("{}.db", me.device));
    let store = SqliteStore::open(&path, &sync::migrations(&[]), &[]).unwrap();
    Node::open(store, Arc::new(All(books)), me, [7; 16], NOW).unwrap()
}

/// A sender's journal with these payments, in batches of the size asked for.
fn batches(folder: &Path, n: u8, amounts: &[i64], size: u32) -> (Peer, Vec<Batch>) {
    let mut sender = node(folder, origin(n), Vec::new());
    for amount in amounts {
        let account = AccountId::new("AC0001").unwrap();
        let paid = Fact::AccountPaid(AccountPaid { account, amount: Money(*amount) });
        sender.record(NOW, None, &[Draft::new(paid)], Beside::default()).unwrap();
    }
    let me = sender.me().clone();
    let peer = Peer { station: me.station, device: me.device, role: me.role, terminal: me.terminal };
    let limits = SenderConfig { batch_entries_max: size, ..SenderConfig::STANDARD };
    let (mut found, mut from) = (Vec::new(), Seq(1));
    let own = sender.own_stream();
    while let Some(batch) = sender.batch(own, from, &limits).unwrap() {
        from = batch.to().next();
        found.push(batch);
    }
    (peer, found)
}

fn open(peer: &Peer, batch: &Batch) -> Incoming {
    Incoming::open(peer, &Message::Batch(batch.clone()).encode()).unwrap()
}

fn outcomes(hub: &mut Node<SqliteStore>, group: Vec<Incoming>) -> Vec<Outcome> {
    hub.answer_batches(group, NOW.wall_ms).into_iter().map(|receipt| receipt.unwrap().outcome).collect()
}

fn payments(hub: &mut Node<SqliteStore>) -> i64 {
    let count = "SELECT count(*) FROM sale_tenders";
    hub.store().connection().query_row(count, [], |row| row.get(0)).unwrap()
}

#[test]
fn r8_batches_that_wait_together_are_stored_in_one_commit() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = node(folder.path(), origin(9), vec![Box::new(Payments)]);
    let (first, of_first) = batches(folder.path(), 1, &[100, 200, 300], 2);
    let (second, of_second) = batches(folder.path(), 2, &[400], 2);
    let before = hub.commits();
    let group = vec![
        open(&first, &of_first[0]),
        open(&second, &of_second[0]),
        // Goes on where a batch of the same group ends.
        open(&first, &of_first[1]),
    ];
    let answers = outcomes(&mut hub, group);
    let accepted = |seq| Outcome::Accepted { through: Seq(seq) };
    assert_eq!(answers, [accepted(2), accepted(2), accepted(4)]);
    assert_eq!(hub.commits(), before + 1);
    assert_eq!(payments(&mut hub), 4);
}

#[test]
fn r9_each_batch_of_a_group_has_its_own_answer_and_a_bad_one_harms_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = node(folder.path(), origin(9), vec![Box::new(Payments)]);
    let (first, of_first) = batches(folder.path(), 1, &[100, 200, 300, 400, 500], 2);
    let (second, of_second) = batches(folder.path(), 2, &[600], 2);
    let mut altered = of_first[1].clone();
    altered.last_hash.0[0] ^= 1;
    let mut forged = of_first[1].clone();
    forged.prev_hash = sync_proto::ChainHash([3; 32]);
    let stranger = Peer { station: StationCode::new("ST0002").unwrap(), ..second.clone() };
    let group = vec![
        open(&first, &of_first[0]),
        open(&first, &altered),
        open(&stranger, &of_first[1]),
        open(&first, &forged),
        open(&first, &of_first[0]),
        open(&first, &of_first[2]),
        open(&second, &of_second[0]),
        open(&first, &of_first[1]),
    ];
    let refused = |code| Outcome::Refused { code };
    assert_eq!(
        outcomes(&mut hub, group),
        [
            Outcome::Accepted { through: Seq(2) },
            refused(RefusalCode::Malformed),
            refused(RefusalCode::Forbidden),
            refused(RefusalCode::Malformed),
            Outcome::Duplicate { through: Seq(2) },
            Outcome::Gap { expected: Seq(3) },
            Outcome::Accepted { through: Seq(2) },
            Outcome::Accepted { through: Seq(4) },
        ]
    );
    assert_eq!(payments(&mut hub), 4);
}

#[test]
fn r14_batches_that_cannot_be_stored_together_are_stored_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = node(folder.path(), origin(9), vec![Box::new(Payments)]);
    let (first, of_first) = batches(folder.path(), 1, &[100], 10);
    let (second, of_second) = batches(folder.path(), 2, &[POISON], 10);
    let (third, of_third) = batches(folder.path(), 3, &[300, 400], 10);
    let group = vec![open(&first, &of_first[0]), open(&second, &of_second[0]), open(&third, &of_third[0])];
    assert_eq!(
        outcomes(&mut hub, group),
        [
            Outcome::Accepted { through: Seq(2) },
            Outcome::Refused { code: RefusalCode::Storage },
            Outcome::Accepted { through: Seq(3) },
        ]
    );
    assert_eq!(payments(&mut hub), 3);
    let held: Vec<u64> = [&of_first, &of_second, &of_third]
        .map(|all| hub.store().stream(&all[0].stream).unwrap().map_or(0, |row| row.head.seq.0))
        .to_vec();
    assert_eq!(held, [2, 0, 3]);
}

#[tokio::test]
async fn r10_a_batch_handed_to_the_writer_is_answered_once_it_is_durable() {
    let folder = tempfile::tempdir().unwrap();
    let hub = node(folder.path(), origin(9), vec![Box::new(Payments)]);
    let path = folder.path().join(format!("{}.db", hub.me().device));
    let (sender, all) = batches(folder.path(), 1, &(100..200).collect::<Vec<_>>(), 1);
    let writer = Writer::spawn(hub).unwrap();
    let mut waiting = Vec::new();
    for batch in &all {
        waiting.push(writer.hand_in(open(&sender, batch), NOW.wall_ms).await.unwrap());
    }
    let reader = sync::Reader::new(&path);
    for (answer, batch) in waiting.into_iter().zip(&all) {
        let receipt = answer.receipt().await.unwrap().unwrap();
        assert_eq!(receipt.outcome, Outcome::Accepted { through: batch.to() });
        let count = "SELECT count(*) FROM entries WHERE seq = ?1 AND stream_id > 1";
        let held: i64 = reader
            .read(|connection| {
                connection.query_row(count, [i64::try_from(batch.to().0).unwrap()], |row| row.get(0))
            })
            .unwrap();
        assert_eq!(held, 1);
    }
}
