//! What was acknowledged and then lost, or altered, is found by an audit and put back (R29).

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap in a test is a failed test")]

use std::path::Path;
use std::sync::Arc;

use sync::node::Beside;
use sync::store::memory::MemoryStore;
use sync::{Draft, Node, Peer, SqliteStore, Store};
use sync_proto::engine::SenderConfig;
use sync_proto::engine::audit::{AuditRound, Range};
use sync_proto::fact::{StockMoveReason, StockMoved};
use sync_proto::ledger::tables::Stock;
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::rows::Table;
use sync_proto::wire::{Batch, Finding, Message, Outcome, Receipt, RefusalCode, Reply};
use sync_proto::{
    DeviceId, EntryKey, Fact, Origin, ProductId, Quantity, Role, Seq, Stamp, StationCode, StreamId, Volume,
};

const NOW: Stamp = Stamp::at_wall_ms(1_795_478_400_000);
const UP: &str = "up";

fn origin(n: u8, role: Role) -> Origin {
    let station = if role == Role::Hq { "HQ" } else { "ST0001" };
    Origin { station: StationCode::new(station).unwrap(), device: DeviceId([n; 16]), role, terminal: None }
}

fn open<S: Store>(store: S, me: Origin) -> Node<S> {
    let books = All(vec![Box::new(Ledger::new(Depth::Station))]);
    let life = [me.device.0[0].wrapping_add(100); 16];
    Node::open(store, Arc::new(books), me, life, NOW).unwrap()
}

fn agent() -> Node<MemoryStore> {
    open(MemoryStore::default(), origin(1, Role::Agent))
}

fn work(node: &mut Node<MemoryStore>, count: u32) {
    work_in(node, count, 1_000);
}

/// Moves stock `count` times.
fn work_in(node: &mut Node<MemoryStore>, count: u32, ml: i64) {
    for _ in 0..count {
        let moved = StockMoved {
            product: ProductId::new("CD1001").unwrap(),
            quantity: Quantity::Volume(Volume(ml)),
            reason: StockMoveReason::Dip,
        };
        node.record(NOW, None, &[Draft::new(Fact::StockMoved(moved))], Beside::default()).unwrap();
    }
}

fn ask<S: Store>(from: &Node<MemoryStore>, to: &mut Node<S>, message: &Message) -> Reply {
    let me = from.me();
    let peer = Peer { station: me.station.clone(), device: me.device, role: me.role, terminal: me.terminal };
    Reply::decode(&to.receive(&peer, &message.encode(), "", NOW.wall_ms).unwrap()).unwrap()
}

/// Sends everything and keeps the acknowledgement.
fn deliver<S: Store>(from: &mut Node<MemoryStore>, to: &mut Node<S>) -> StreamId {
    let stream = from.own_stream();
    let mut next = Seq(1);
    while let Some(batch) = from.batch(stream, next, &SenderConfig::STANDARD).unwrap() {
        let Reply::Receipt(Receipt { outcome: Outcome::Accepted { through }, .. }) =
            ask(from, to, &Message::Batch(batch))
        else {
            panic!("it is taken")
        };
        from.keep_ack(UP, stream, through, NOW.wall_ms).unwrap();
        next = through.next();
    }
    stream
}

/// One round of audits with what follows; how many batches were put back.
fn audit_all<S: Store>(from: &mut Node<MemoryStore>, to: &mut Node<S>) -> usize {
    let mut round = AuditRound::default();
    let mut mended = 0;
    while let Some(range) = round.next(&from.audited(UP).unwrap()) {
        while let Some(batch) = missed(from, to, &range) {
            let Reply::Mended(receipt) = ask(from, to, &Message::Mend(batch.clone())) else { panic!() };
            assert_eq!(receipt.outcome, Outcome::Accepted { through: batch.to() });
            mended += 1;
        }
    }
    mended
}

fn missed<S: Store>(from: &mut Node<MemoryStore>, to: &mut Node<S>, range: &Range) -> Option<Batch> {
    let question = from.audit(range).unwrap().unwrap();
    let Reply::Audit(answer) = ask(from, to, &Message::Audit(question)) else {
        panic!("an audit is answered")
    };
    match answer.finding {
        Finding::Bad { from: first, to: last } => {
            Some(from.mending(range.stream, first, last).unwrap().unwrap())
        }
        Finding::Whole => None,
        other => panic!("{other:?}"),
    }
}

fn journal<S: Store>(node: &mut Node<S>, stream: StreamId) -> Vec<(u64, Vec<u8>)> {
    let rows = node.store().entries(&stream, Seq(1), 10_000, usize::MAX).unwrap();
    rows.into_iter().map(|row| (row.key.seq.0, row.bytes)).collect()
}

fn on_hand<S: Store>(node: &mut Node<S>) -> i64 {
    node.get::<Stock>(&Stock::key("ST0001", "CD1001")).unwrap().unwrap().on_hand_milli
}

#[test]
fn r29_rows_lost_at_head_office_are_found_and_come_back_to_their_places() {
    let (mut agent, mut hq) = (agent(), open(MemoryStore::default(), origin(9, Role::Hq)));
    work(&mut agent, 2_500);
    let stream = deliver(&mut agent, &mut hq);
    let last = agent.own_head().unwrap().seq.0;
    let before: Vec<_> = hq.store().all_entries().to_vec();
    for seq in [1, 2, 700, 701, 1_499, 2_000, last] {
        hq.store().lose_behind(&EntryKey { stream, seq: Seq(seq) });
    }
    hq.store().alter_behind(&EntryKey { stream, seq: Seq(900) }, b"sold for less");
    assert!(audit_all(&mut agent, &mut hq) > 0);
    let after: Vec<_> = hq.store().all_entries().to_vec();
    assert_eq!(after.len(), before.len());
    for (was, is) in before.iter().zip(&after) {
        assert_eq!((was.pos, &was.entry), (is.pos, &is.entry));
    }
    let kept = hq.store().mended().to_vec();
    assert_eq!(kept.len(), 1, "what stood there stays on record");
    assert_eq!(kept[0].bytes, b"sold for less");
    assert_eq!(on_hand(&mut hq), on_hand(&mut agent), "nothing is counted twice");
    assert_eq!(audit_all(&mut agent, &mut hq), 0);
}

#[test]
fn r29_a_whole_range_that_was_lost_comes_back_batch_by_batch() {
    let (mut agent, mut hq) = (agent(), open(MemoryStore::default(), origin(9, Role::Hq)));
    work(&mut agent, 1_200);
    let stream = deliver(&mut agent, &mut hq);
    (1..=1_100).for_each(|seq| hq.store().lose_behind(&EntryKey { stream, seq: Seq(seq) }));
    assert!(audit_all(&mut agent, &mut hq) > 1);
    assert_eq!(journal(&mut hq, stream), journal(&mut agent, stream));
}

fn sqlite(path: &Path) -> Node<SqliteStore> {
    let tables = [Stock::SPEC];
    open(SqliteStore::open(path, &sync::migrations(&[]), &tables).unwrap(), origin(9, Role::Hq))
}

#[test]
fn r29_one_row_deleted_from_the_database_of_head_office_is_found_and_healed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hq.db");
    let (mut agent, mut hq) = (agent(), sqlite(&path));
    work(&mut agent, 30);
    let stream = deliver(&mut agent, &mut hq);
    drop(hq);
    let intruder = rusqlite::Connection::open(&path).unwrap();
    let guards = "DROP TRIGGER entries_are_never_deleted; DROP TRIGGER entries_are_never_changed;";
    intruder.execute_batch(guards).unwrap();
    intruder
        .execute_batch(
            "DELETE FROM entries WHERE pos IN (12, 20); UPDATE entries SET bytes = x'00' WHERE pos = 25",
        )
        .unwrap();
    drop(intruder);
    let mut hq = sqlite(&path);
    assert_ne!(journal(&mut hq, stream), journal(&mut agent, stream));
    assert!(audit_all(&mut agent, &mut hq) > 0);
    assert_eq!(journal(&mut hq, stream), journal(&mut agent, stream));
    assert_eq!(on_hand(&mut hq), on_hand(&mut agent));
    drop(hq);
    let reader = sync::store::sqlite::open_reader(&path).unwrap();
    assert!(sync::store::sqlite::check_whole(&reader).unwrap().is_well());
    let count = |sql: &str| reader.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM mended WHERE open = 0 AND bytes = x'00'"), 1);
    assert_eq!(count("SELECT count(*) FROM mended WHERE open = 1"), 0);
    assert_eq!(
        count("SELECT count(*) FROM (SELECT pos FROM entries ORDER BY pos) WHERE pos IN (12, 20, 25)"),
        3
    );
    assert_eq!(count("SELECT count(*) FROM store_notes WHERE kind = 'audit'"), 1);
}

#[test]
fn r29_an_entry_still_cannot_be_deleted_by_who_merely_writes_that_it_was_mended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hq.db");
    let (mut agent, mut hq) = (agent(), sqlite(&path));
    work(&mut agent, 3);
    deliver(&mut agent, &mut hq);
    drop(hq);
    let intruder = rusqlite::Connection::open(&path).unwrap();
    let claim = "INSERT INTO mended (stream_id, seq, at_ms, open, hash, bytes) SELECT stream_id, seq, 0, 1, NULL, NULL FROM entries WHERE pos = 5";
    intruder.execute(claim, []).unwrap();
    let deleted = intruder.execute("DELETE FROM entries WHERE pos = 5", []);
    assert!(deleted.unwrap_err().to_string().contains("never deleted"));
    assert!(intruder.execute("DELETE FROM mended", []).unwrap_err().to_string().contains("stays on record"));
}

#[test]
fn r29_entries_that_nothing_bears_out_are_not_taken() {
    let (mut agent, mut hq) = (agent(), open(MemoryStore::default(), origin(9, Role::Hq)));
    work(&mut agent, 20);
    let stream = deliver(&mut agent, &mut hq);
    // Another history of the same stream.
    let mut forger = open(MemoryStore::default(), origin(1, Role::Agent));
    work_in(&mut forger, 20, 999);
    let forged = forger.mending(stream, Seq(4), Seq(6)).unwrap().unwrap();
    let mut broken = forged.clone();
    broken.last_hash.0[0] ^= 1;
    hq.store().lose_behind(&EntryKey { stream, seq: Seq(8) });
    let refused = |reply| match reply {
        Reply::Mended(Receipt { outcome: Outcome::Refused { code }, .. }) => code,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(ask(&agent, &mut hq, &Message::Mend(broken))), RefusalCode::Malformed);
    assert_eq!(refused(ask(&agent, &mut hq, &Message::Mend(forged))), RefusalCode::Forked);
    // Nothing stands behind place 7 that could prove it.
    let unproven = agent.mending(stream, Seq(5), Seq(7)).unwrap().unwrap();
    assert_eq!(refused(ask(&agent, &mut hq, &Message::Mend(unproven))), RefusalCode::Forked);
    let elsewhere = Origin { station: StationCode::new("ST0002").unwrap(), ..origin(5, Role::Agent) };
    let stranger = open(MemoryStore::default(), elsewhere);
    let stolen = agent.mending(stream, Seq(8), Seq(8)).unwrap().unwrap();
    let question = agent.audit(&Range { stream, from: Seq(1), to: Seq(9) }).unwrap().unwrap();
    assert_eq!(refused(ask(&stranger, &mut hq, &Message::Mend(stolen))), RefusalCode::Forbidden);
    let Reply::Audit(answer) = ask(&stranger, &mut hq, &Message::Audit(question)) else { panic!() };
    assert_eq!(answer.finding, Finding::OutOfReach, "it learns nothing");
    assert_eq!(journal(&mut hq, stream).len(), journal(&mut agent, stream).len() - 1);
}
