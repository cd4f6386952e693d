//! What a database that was set aside still holds: verified entries go on in their streams, so that they reach head
//! office; the rest is written down for people.

use std::io::Write as _;
use std::path::Path;

use rusqlite::{Connection, params};
use serde_json::json;
use sync_proto::engine::receiver::Head;
use sync_proto::{ChainHash, Entry, EntryKey, Role, Seq, ids};

use crate::node::{Node, NodeError, StreamCut};
use crate::store::sqlite::{Aside, SqliteStore, open_reader, stored_streams};
use crate::store::{Store as _, StoreError, StreamRow};

/// The file for people, in the folder of what was set aside.
pub const REVIEW_FILE: &str = "salvage.jsonl";

/// A till takes over what is not acknowledged and this many entries before, so that it sells again within seconds; head
/// office has the others.
const TILL_ACKNOWLEDGED_MAX: u64 = 2_000;

/// Places read at once; where that fails, one by one.
const STEP: i64 = 500;

/// What was salvaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Salvaged {
    /// Entries that go on in their streams.
    pub taken: u64,
    /// Entries written down for review: not acknowledged by anybody, and without a chain to stand in.
    pub for_review: u64,
    /// Entries that nobody acknowledged and that do not read.
    pub unreadable: u64,
}

impl std::fmt::Display for Salvaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} entries taken over, {} written to {REVIEW_FILE} for review, {} not acknowledged and not readable",
            self.taken, self.for_review, self.unreadable
        )
    }
}

/// Entries of a stream that follow from each other.
struct Run {
    base: Head,
    entries: Vec<Entry>,
}

impl Run {
    fn end(&self) -> Seq {
        self.entries.last().map_or(self.base.seq, |entry| entry.key.seq)
    }
}

/// Salvages into a node that writes no journal yet. A database that does not read at all gives nothing, and is no
/// reason not to start.
pub(crate) fn run(node: &mut Node<SqliteStore>, aside: &Aside, now_ms: i64) -> Result<Salvaged, NodeError> {
    let mut salvaged = Salvaged::default();
    let old = match open_reader(&aside.database) {
        Ok(old) => old,
        Err(why) => {
            tracing::error!(%why, "what was set aside does not open");
            return Ok(salvaged);
        }
    };
    let streams = match stored_streams(&old) {
        Ok(streams) => streams,
        Err(why) => {
            tracing::error!(%why, "the streams of what was set aside do not read");
            return Ok(salvaged);
        }
    };
    let pos_last = last_pos(&old, &streams);
    let mut review = Vec::new();
    for row in &streams {
        let acks = acks(&old, row);
        let acked = acks.iter().map(|(_, through)| *through).max().unwrap_or_default();
        let found = read_entries(&old, row, pos_last);
        let readable = found.iter().filter(|entry| entry.key.seq > acked).count();
        let missing = row.head.seq.0.saturating_sub(acked.max(row.purged.seq).0);
        salvaged.unreadable = salvaged
            .unreadable
            .saturating_add(missing.saturating_sub(u64::try_from(readable).unwrap_or(u64::MAX)));
        let (mut run, rest) = choose(runs(row, found), acked);
        if node.me().role == Role::Terminal {
            shorten(&mut run, acked);
        }
        salvaged.taken =
            salvaged.taken.saturating_add(node.adopt(row, run.base, &run.entries, cut(&old, row), now_ms)?);
        for (upstream, through) in acks {
            node.adopt_ack(&upstream, row.id, through, now_ms)?;
        }
        let held = node.store().stream(&row.id)?.map_or(Seq::NONE, |row| row.head.seq);
        review.extend(rest.into_iter().filter(|entry| entry.key.seq > acked && entry.key.seq > held));
    }
    salvaged.for_review = u64::try_from(review.len()).unwrap_or(u64::MAX);
    write_review(&aside.folder, &review)?;
    Ok(salvaged)
}

/// The runs of entries that verify, in order.
fn runs(row: &StreamRow, found: Vec<Entry>) -> Vec<Run> {
    let mut runs = vec![Run { base: row.purged, entries: Vec::new() }];
    for entry in found {
        let Some(run) = runs.last_mut() else { break };
        let at = run.entries.last().map_or(run.base, |last| Head { seq: last.key.seq, hash: last.hash });
        if entry.key.seq == at.seq.next() && entry.hash == at.hash.chain(&entry.bytes) {
            run.entries.push(entry);
        } else {
            // What stands here is not borne out by the entry before it; what follows may be borne out by this.
            let base = Head { seq: entry.key.seq, hash: entry.hash };
            runs.push(Run { base, entries: Vec::new() });
        }
    }
    runs
}

/// The run that upstream can continue: it begins at or before what is acknowledged and goes furthest. Entries of the
/// others are left.
fn choose(runs: Vec<Run>, acked: Seq) -> (Run, Vec<Entry>) {
    let best = runs
        .iter()
        .enumerate()
        .filter(|(number, run)| *number == 0 || run.base.seq <= acked)
        .max_by_key(|(_, run)| run.end())
        .map_or(0, |(number, _)| number);
    let mut chosen = Run { base: Head { seq: Seq::NONE, hash: ChainHash([0; 32]) }, entries: Vec::new() };
    let mut rest = Vec::new();
    for (number, run) in runs.into_iter().enumerate() {
        if number == best {
            chosen = run;
        } else {
            rest.extend(run.entries);
        }
    }
    (chosen, rest)
}

fn shorten(run: &mut Run, acked: Seq) {
    let from = Seq(acked.0.saturating_sub(TILL_ACKNOWLEDGED_MAX));
    let old = run.entries.iter().take_while(|entry| entry.key.seq <= from).count();
    if let Some(last) = old.checked_sub(1).and_then(|last| run.entries.get(last)) {
        run.base = Head { seq: last.key.seq, hash: last.hash };
        run.entries.drain(..old);
    }
}

fn acks(old: &Connection, row: &StreamRow) -> Vec<(String, Seq)> {
    let read = || -> rusqlite::Result<Vec<(String, i64)>> {
        old.prepare(
            "SELECT a.upstream, a.through FROM acks a JOIN streams s ON s.stream_id = a.stream_id \
             WHERE s.device = $1 AND s.incarnation = $2",
        )?
        .query_map(params![row.id.device.0, row.id.incarnation.0], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
    };
    let found = read().unwrap_or_default();
    found.into_iter().map(|(name, through)| (name, Seq(u64::try_from(through).unwrap_or(0)))).collect()
}

/// Where a life ends for upstreams.
fn cut(old: &Connection, row: &StreamRow) -> Option<StreamCut> {
    let stream = row.id.to_text();
    old.query_row("SELECT through, next FROM stream_cuts WHERE stream = $1", [&stream], |row| {
        Ok(StreamCut { stream: stream.clone(), through: row.get(0)?, next: row.get(1)? })
    })
    .ok()
}

fn last_pos(old: &Connection, streams: &[StreamRow]) -> i64 {
    let said: rusqlite::Result<i64> =
        old.query_row("SELECT coalesce(max(pos), 0) FROM entries", [], |row| row.get(0));
    said.unwrap_or_else(|_| {
        let heads: u64 = streams.iter().map(|row| row.head.seq.0).sum();
        i64::try_from(heads).unwrap_or(i64::MAX)
    })
}

/// Every entry of a stream that reads, in order. By place and not by index: a broken page takes what is on it, and
/// nothing more.
fn read_entries(old: &Connection, row: &StreamRow, pos_last: i64) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < pos_last {
        let upto = at.saturating_add(STEP);
        match read_range(old, row, at, upto) {
            Ok(entries) => found.extend(entries),
            Err(_) => {
                for pos in at..upto {
                    found.extend(read_range(old, row, pos, pos.saturating_add(1)).unwrap_or_default());
                }
            }
        }
        at = upto;
    }
    found.sort_by_key(|entry| entry.key.seq);
    found.dedup_by_key(|entry| entry.key.seq);
    found
}

fn read_range(old: &Connection, row: &StreamRow, after: i64, upto: i64) -> rusqlite::Result<Vec<Entry>> {
    let mut statement = old.prepare_cached(
        "SELECT e.seq, e.hash, e.bytes FROM entries e NOT INDEXED \
         WHERE e.pos > $1 AND e.pos <= $2 AND e.stream_id = \
           (SELECT stream_id FROM streams WHERE device = $3 AND incarnation = $4)",
    )?;
    let id = row.id;
    statement
        .query_map(params![after, upto, id.device.0, id.incarnation.0], |row| {
            let seq: i64 = row.get(0)?;
            let key = EntryKey { stream: id, seq: Seq(u64::try_from(seq).unwrap_or(0)) };
            Ok(Entry { key, hash: ChainHash(row.get(1)?), bytes: row.get(2)? })
        })?
        .collect()
}

/// One line for each entry: whose it is, and its text as it stands.
fn write_review(folder: &Path, review: &[Entry]) -> Result<(), StoreError> {
    if review.is_empty() {
        return Ok(());
    }
    let path = folder.join(REVIEW_FILE);
    let io = |source| StoreError::File { path: path.display().to_string(), source };
    let mut file = std::fs::File::create(&path).map_err(io)?;
    for entry in review {
        let line = json!({
            "device": entry.key.stream.device.to_hex(),
            "incarnation": entry.key.stream.incarnation.to_hex(),
            "seq": entry.key.seq.0,
            "hash": ids::hex(&entry.hash.0),
            "entry": String::from_utf8_lossy(&entry.bytes),
        });
        writeln!(file, "{line}").map_err(io)?;
    }
    file.sync_all().map_err(io)
}
