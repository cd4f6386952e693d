//! R18 on a database file: who polls it beside its writer misses no version, however the commits fall.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sync::store::sqlite::open_reader;
use sync::{Draft, SqliteStore, StoreError};
use sync_proto::catalogue::{Price, Product};
use sync_proto::rows::Table as _;

use crate::cast::*;

/// Commits of the writer, and the items that each publishes in turn.
const COMMITS: u32 = 300;
const ITEMS: [u32; 4] = [1, 7, 2, 40];
/// Readers that poll at their own pace, each by its own connection.
const READERS: usize = 3;

/// Polls until the writer is done and nothing is left; every version that it saw, in the order it saw them.
fn poll(path: &std::path::Path, done: &AtomicBool, read_at_once: u32) -> Vec<i64> {
    let connection = open_reader(path).unwrap();
    let mut seen = Vec::new();
    let mut cursor = 0i64;
    loop {
        // Asked before reading: what is committed after the last read was not there to be missed.
        let last = done.load(Ordering::SeqCst);
        let mut statement = connection
            .prepare_cached(
                "SELECT version FROM feed_items WHERE scope = 'chain' AND version > $1 ORDER BY version LIMIT $2",
            )
            .unwrap();
        let found: Vec<i64> = statement
            .query_map((cursor, read_at_once), |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        match found.last() {
            Some(version) => cursor = *version,
            None if last => return seen,
            None => thread::yield_now(),
        }
        seen.extend(found);
    }
}

#[test]
fn r18_readers_that_poll_the_file_miss_no_version_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hq.db");
    let mut hq = on_disk(&path, hq_origin());
    // A second writer could commit out of order; there cannot be one (R7).
    let second = SqliteStore::open(&path, &sync::migrations(&[]), &[Product::SPEC, Price::SPEC]);
    assert!(matches!(second, Err(StoreError::InUse(_))));
    publish(&mut hq, NOW_MS, &[product(0, "first")]);
    let done = AtomicBool::new(false);
    let published = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|n| {
                let (path, done) = (&path, &done);
                scope.spawn(move || poll(path, done, if n == 0 { 1 } else { 1_000 }))
            })
            .collect();
        let mut number = 0;
        for commit in 0..COMMITS {
            // The feed of a station between: its versions are its own.
            let items = ITEMS[usize::try_from(commit).unwrap() % ITEMS.len()];
            let mut drafts: Vec<Draft> = (0..items).map(|n| product(1 + number + n, "first")).collect();
            let own = sync_proto::fact::PriceScope::Station(station());
            drafts.push(price_at(1, own, 1_000 + i64::from(commit), i64::from(commit)));
            number += items;
            publish(&mut hq, NOW_MS + i64::from(commit), &drafts);
        }
        done.store(true, Ordering::SeqCst);
        let expected: Vec<i64> = (1..=i64::from(number) + 1).collect();
        for reader in readers {
            assert_eq!(reader.join().unwrap(), expected);
        }
        number
    });
    assert!(published > COMMITS);
}
