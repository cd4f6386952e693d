//! Several writers at once: what one gives out, another never has to look for behind itself.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use sync::{Store as _, StoreError};
use sync_postgres::{PostgresStore, Writers};
use sync_proto::fact::FeedScope;
use sync_proto::{ChainHash, FeedVersion, Seq};

use crate::support::{Database, Session, eventually, next, published, row, step, stream};

/// The lock that a slow commit waits for.
const GATE: &str = "pg_advisory_lock(424242)";

/// Publishes under `key` as a writer does whose head may have moved meanwhile. Returns the version.
fn publish(store: &mut PostgresStore, key: &str) -> FeedVersion {
    loop {
        let head = store.feed_head(&FeedScope::Chain).unwrap().map_or(FeedVersion(0), |head| head.version);
        match store.commit(&published(key, head)) {
            Ok(()) => return FeedVersion(head.0 + 1),
            Err(StoreError::FeedMoved { head: moved, .. }) => assert!(moved > head),
            Err(why) => panic!("{why}"),
        }
    }
}

/// Reads on from `cursor` as a puller does.
fn poll(store: &mut PostgresStore, cursor: &mut FeedVersion, seen: &mut Vec<String>) {
    let (items, _) = store.feed_items(&FeedScope::Chain, *cursor, usize::MAX).unwrap();
    for item in items {
        assert!(item.version > *cursor);
        *cursor = item.version;
        seen.push(item.key);
    }
}

fn waiting_for_locks(beside: &Session) -> usize {
    beside.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").len()
}

/// Makes every insert into `table` that `condition` holds for wait for the gate.
fn slow_down(database: &Database, table: &str, condition: &str) -> Session {
    database.sql(&format!(
        "CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN PERFORM pg_advisory_xact_lock_shared(424242); RETURN new; END'; \
         CREATE TRIGGER slow BEFORE INSERT ON {table} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION wait_at_gate()"
    ));
    let gate = Session::to(&database.url);
    gate.run(&format!("SELECT {GATE}"));
    gate
}

#[test]
fn r18_versions_are_assigned_in_commit_order_and_a_polling_reader_misses_nothing() {
    let Some(database) = Database::new() else { return };
    let mut reader = database.open(Writers::Several).unwrap();
    let [mut slow, mut fast] = [(); 2].map(|()| database.open(Writers::Several).unwrap());
    let gate = slow_down(&database, "feed_items", "new.key = 'slow'");
    let (mut cursor, mut seen) = (FeedVersion(0), Vec::new());
    let versions = std::thread::scope(|scope| {
        let slow = scope.spawn(move || publish(&mut slow, "slow"));
        eventually("the first has its version and waits", || waiting_for_locks(&gate) == 1);
        // It would be done long before the first, if it were given a version.
        let fast = scope.spawn(move || publish(&mut fast, "fast"));
        eventually("the second waits for the first", || waiting_for_locks(&gate) == 2);
        poll(&mut reader, &mut cursor, &mut seen);
        assert!(seen.is_empty());
        gate.run("SELECT pg_advisory_unlock(424242)");
        (slow.join().unwrap(), fast.join().unwrap())
    });
    poll(&mut reader, &mut cursor, &mut seen);
    assert_eq!(versions, (FeedVersion(1), FeedVersion(2)));
    assert_eq!(seen, ["slow", "fast"]);
}

/// The control: with versions from a sequence the same reader misses the first.
#[test]
fn r18_a_plain_sequence_commits_out_of_order_and_is_missed() {
    let Some(database) = Database::new() else { return };
    database.sql("CREATE TABLE items (version BIGINT GENERATED ALWAYS AS IDENTITY, key TEXT)");
    let [slow, fast, reader] = [(); 3].map(|()| Session::to(&database.url));
    let mut cursor = 0i64;
    let mut seen = Vec::new();
    let mut poll = || {
        for item in
            reader.rows(&format!("SELECT version, key FROM items WHERE version > {cursor} ORDER BY version"))
        {
            cursor = item.get(0);
            seen.push(item.get::<_, String>(1));
        }
    };
    slow.run("BEGIN; INSERT INTO items (key) VALUES ('slow')");
    fast.run("INSERT INTO items (key) VALUES ('fast')");
    poll();
    slow.run("COMMIT");
    poll();
    assert_eq!(seen, ["fast"]);
}

#[test]
fn r18_a_reader_that_polls_while_three_writers_publish_sees_every_item() {
    const EACH: u32 = 40;
    let Some(database) = Database::new() else { return };
    let mut reader = database.open(Writers::Several).unwrap();
    // Transactions take turns at random, so that they overlap.
    database.sql(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN PERFORM pg_sleep(random() / 500); RETURN new; END'; \
         CREATE TRIGGER dawdle BEFORE INSERT ON feeds FOR EACH ROW EXECUTE FUNCTION dawdle()",
    );
    let (mut cursor, mut seen) = (FeedVersion(0), Vec::new());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let polling = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                poll(&mut reader, &mut cursor, &mut seen);
            }
            poll(&mut reader, &mut cursor, &mut seen);
        });
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let mut store = database.open(Writers::Several).unwrap();
                scope.spawn(move || {
                    for n in 0..EACH {
                        publish(&mut store, &format!("{writer}.{n}"));
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Release);
        polling.join().unwrap();
    });
    assert_eq!(cursor, FeedVersion(u64::from(3 * EACH)));
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len());
    assert_eq!(seen.len(), 120);
}

#[test]
fn places_of_entries_ascend_in_the_order_of_commits() {
    let Some(database) = Database::new() else { return };
    let mut reader = database.open(Writers::Several).unwrap();
    let [mut slow, mut fast] = [(); 2].map(|()| database.open(Writers::Several).unwrap());
    let gate = slow_down(&database, "stock", "new.station = 'ST1'");
    std::thread::scope(|scope| {
        scope.spawn(move || slow.commit(&step(1, 1, ChainHash::genesis(&stream(1)))).unwrap());
        eventually("the first has its place and waits", || waiting_for_locks(&gate) == 1);
        scope.spawn(move || fast.commit(&step(2, 1, ChainHash::genesis(&stream(2)))).unwrap());
        eventually("the second waits for the first", || waiting_for_locks(&gate) == 2);
        assert_eq!(reader.entries_after(0, 10).unwrap(), []);
        gate.run("SELECT pg_advisory_unlock(424242)");
    });
    let order: Vec<_> =
        reader.entries_after(0, 10).unwrap().into_iter().map(|stored| stored.entry.key.stream).collect();
    assert_eq!(order, [stream(1), stream(2)]);
}

#[test]
fn r3_two_writers_of_one_stream_leave_no_hole_and_no_double() {
    const UPTO: u64 = 60;
    let Some(database) = Database::new() else { return };
    let mut first = database.open(Writers::Several).unwrap();
    first.commit(&sync::store::Commit { streams: vec![row(1)], ..Default::default() }).unwrap();
    let stored: u64 = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|_| {
                let mut store = database.open(Writers::Several).unwrap();
                scope.spawn(move || append_up_to(&mut store, UPTO))
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert_eq!(stored, UPTO);
    let entries = first.entries(&stream(1), Seq(1), 1_000, usize::MAX).unwrap();
    let mut before = ChainHash::genesis(&stream(1));
    for (entry, seq) in entries.iter().zip(1..) {
        assert_eq!(*entry, next(1, seq, before));
        before = entry.hash;
    }
    assert_eq!(entries.len(), 60);
}

/// How many of the entries up to `upto` this writer was the one to store.
fn append_up_to(store: &mut PostgresStore, upto: u64) -> u64 {
    let mut stored = 0;
    loop {
        let head = store.stream(&stream(1)).unwrap().unwrap().head;
        if head.seq.0 >= upto {
            return stored;
        }
        let append = vec![next(1, head.seq.0 + 1, head.hash)];
        match store.commit(&sync::store::Commit { append, ..Default::default() }) {
            Ok(()) => stored += 1,
            Err(StoreError::Conflict { head: moved, .. }) => assert!(moved > head.seq),
            Err(why) => panic!("{why}"),
        }
    }
}
