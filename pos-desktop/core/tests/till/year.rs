//! A till that sells for a year (R33): its database stays within a bound.

use pos_core::store;
use sync::Store as _;
use sync::retention::KeepDays;
use sync_proto::Seq;

use crate::fixture::{NOW_MS, Till, WATER, at};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A station's till sells two hundred times a day; these are a tenth of that, and so is the bound.
const SALES_PER_DAY: u32 = 20;

/// Database after a year, bytes: ninety days of twenty sales with 2 KiB each, and the catalogue.
const DATABASE_LEN_MAX: u64 = (90 * 20 * 2 + 1_024) * 1_024;

/// Write-ahead log at any time, bytes.
const WAL_LEN_MAX: u64 = 16 * 1024 * 1024;

#[test]
fn r33_a_simulated_year_stays_within_its_bound() {
    let mut till = Till::new();
    let retention = store::retention(KeepDays::default());
    till.node.store().connection().pragma_update(None, "synchronous", "OFF").unwrap();
    let database = till.folder.path().join(store::FILE_NAME);
    let own = till.node.own_stream();
    let mut len_of_quarter = 0;
    for day in 0..365 {
        let now_ms = NOW_MS + day * DAY_MS;
        till.now = at(now_ms);
        for _ in 0..SALES_PER_DAY {
            till.sell(WATER, 1_000);
        }
        let head = till.node.store().stream(&own).unwrap().unwrap().head.seq;
        for upstream in ["agent", "hq"] {
            till.node.keep_ack(upstream, own, head, now_ms).unwrap();
        }
        assert!(till.node.store().wal_len() <= WAL_LEN_MAX, "day {day}");
        till.node.store().note_night(&retention, now_ms).unwrap();
        while till.node.store().purge_due(&retention).unwrap() > 0 {}
        till.node.store().tend(true).unwrap();
        if day == 100 {
            len_of_quarter = std::fs::metadata(&database).unwrap().len();
        }
    }
    till.node.store().checkpoint().unwrap();
    let len = std::fs::metadata(&database).unwrap().len();
    assert!(len <= DATABASE_LEN_MAX, "{len} bytes after a year");
    assert!(len <= len_of_quarter + len_of_quarter / 20, "{len_of_quarter} bytes grew to {len}");
    let kept = i64::from(SALES_PER_DAY) * 90;
    for table in ["sales", "sale_lines", "sale_tenders", "cash_received"] {
        let rows = till.count(&format!("SELECT count(*) FROM {table}"));
        assert!(rows <= kept + i64::from(SALES_PER_DAY), "{rows} rows of {table}");
    }
    assert!(till.count("SELECT count(*) FROM ack_history") <= 2 * 91);
    assert!(till.count("SELECT count(*) FROM entries") >= kept, "what head office may need again is there");
    let row = till.node.store().stream(&own).unwrap().unwrap();
    assert_eq!(
        row.head.seq,
        Seq(row.purged.seq.0 + u64::try_from(till.count("SELECT count(*) FROM entries")).unwrap())
    );
    println!(
        "a year of {SALES_PER_DAY} sales a day: {len} bytes, {} entries kept",
        till.count("SELECT count(*) FROM entries")
    );
}
