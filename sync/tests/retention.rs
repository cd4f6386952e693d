//! What may be purged, and what never (R33).

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use std::path::Path;
use std::sync::Arc;

use sync::life::{self, StoreMark, StoreNote};
use sync::node::{Beside, StreamCut};
use sync::retention::{KeepDays, Retention};
use sync::{Draft, Node, SqliteStore, Store as _};
use sync_proto::fact::{FeedApplied, FeedScope};
use sync_proto::project::All;
use sync_proto::rows::Table as _;
use sync_proto::{
    DeviceId, Fact, FeedVersion, Incarnation, Origin, Role, Seq, Stamp, StationCode, TerminalNo,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const START_MS: i64 = 20_000 * DAY_MS;

fn retention() -> Retention {
    Retention::new("hq", &["agent", "hq"], KeepDays::default(), &[])
}

fn open(folder: &Path) -> Node<SqliteStore> {
    let tables = [StoreMark::SPEC, StoreNote::SPEC, StreamCut::SPEC];
    let store = SqliteStore::open(&folder.join("till.db"), &sync::migrations(&[]), &tables).unwrap();
    let station = StationCode::new("ST0001").unwrap();
    let me =
        Origin { station, device: DeviceId([1; 16]), role: Role::Terminal, terminal: Some(TerminalNo(1)) };
    let now = Stamp::at_wall_ms(START_MS);
    life::open_node(store, Arc::new(All(Vec::new())), me, "this computer", [7; 16], now).unwrap()
}

fn record(node: &mut Node<SqliteStore>, count: u64) {
    for version in 1..=count {
        let (writer, version) = (Incarnation([3; 16]), FeedVersion(version));
        let draft = Draft::new(Fact::FeedApplied(FeedApplied { scope: FeedScope::Chain, writer, version }));
        node.record(Stamp::at_wall_ms(START_MS), None, &[draft], Beside::default()).unwrap();
    }
}

fn acked(node: &mut Node<SqliteStore>, agent: u64, hq: u64) {
    let own = node.own_stream();
    node.keep_ack("agent", own, Seq(agent), START_MS).unwrap();
    node.keep_ack("hq", own, Seq(hq), START_MS).unwrap();
}

/// The night of `day`, and what it purges.
fn night(node: &mut Node<SqliteStore>, day: i64) -> u64 {
    let now_ms = START_MS + day * DAY_MS;
    node.store().note_night(&retention(), now_ms).unwrap();
    node.store().purge_due(&retention()).unwrap()
}

fn purged(node: &mut Node<SqliteStore>) -> Seq {
    let own = node.own_stream();
    node.store().stream(&own).unwrap().unwrap().purged.seq
}

#[test]
fn r33_an_entry_goes_ninety_days_after_head_office_acknowledged_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = open(folder.path());
    record(&mut node, 9);
    acked(&mut node, 10, 6);
    assert_eq!(night(&mut node, 0), 0);
    acked(&mut node, 10, 10);
    assert_eq!(night(&mut node, 1), 0);
    assert_eq!(night(&mut node, 89), 0);
    assert_eq!(night(&mut node, 90), 6);
    // Held by everybody for long enough, and still the head of its chain.
    assert_eq!(night(&mut node, 400), 3);
    assert_eq!(purged(&mut node), Seq(9));
    record(&mut node, 1);
    let own = node.own_stream();
    assert_eq!(node.store().stream(&own).unwrap().unwrap().head.seq, Seq(11));
}

#[test]
fn r33_what_anybody_waits_for_never_goes() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = open(folder.path());
    record(&mut node, 9);
    acked(&mut node, 4, 8);
    night(&mut node, 0);
    // R36: the agent was away for years, head office has it by the direct path.
    assert_eq!(night(&mut node, 2_000), 4);
    assert_eq!(night(&mut node, 4_000), 0);
    assert_eq!(purged(&mut node), Seq(4));
}

#[test]
fn r33_an_entry_in_quarantine_stays_until_it_is_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = open(folder.path());
    record(&mut node, 9);
    acked(&mut node, 10, 10);
    let stream = node.own_stream().to_text();
    node.store()
        .connection()
        .execute(
            "INSERT INTO set_aside VALUES ($1, 5, '', 'ST0001', 1, 'unknown', '', '', NULL, '', NULL, 0, NULL, 0, 0, '', NULL, NULL)",
            [stream],
        )
        .unwrap();
    night(&mut node, 0);
    assert_eq!(night(&mut node, 91), 4);
    assert_eq!(purged(&mut node), Seq(4));
}

#[test]
fn r11_what_a_restored_head_office_lost_counts_from_when_it_has_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = open(folder.path());
    record(&mut node, 9);
    acked(&mut node, 10, 10);
    night(&mut node, 0);
    // Put back by days, and given everything again before the next night.
    acked(&mut node, 10, 3);
    acked(&mut node, 10, 10);
    night(&mut node, 50);
    assert_eq!(night(&mut node, 91), 3);
    assert_eq!(night(&mut node, 139), 0);
    assert_eq!(night(&mut node, 140), 6);
}

#[test]
fn the_nights_that_are_kept_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = open(folder.path());
    record(&mut node, 1);
    acked(&mut node, 1, 1);
    for day in 0..400 {
        night(&mut node, day);
    }
    let kept: i64 =
        node.store().connection().query_row("SELECT count(*) FROM ack_nights", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 91);
}

#[test]
fn fewer_days_than_a_restored_head_office_needs_are_not_taken() {
    for days in [90, 1_825, 3_660] {
        assert_eq!(i64::from(KeepDays::try_from(days).unwrap().days()), days);
    }
    for days in [i64::MIN, -1, 0, 7, 89, 3_661, 65_536 + 90] {
        let why = KeepDays::try_from(days).unwrap_err().to_string();
        assert!(why.starts_with(&format!("keep_days is {days}; write 90 to 3660")), "{why}");
    }
}
