//! The invariants I1 to I7, from the databases themselves. It shares no code with the product: hashes, chains and sums are computed here again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};
use xtask::workspace;

use crate::eventually::holds;
use crate::seller::Log;
use crate::stage::{HEALED, Stage, list, milli, sold, won};

/// Device and incarnation.
type Key = (Vec<u8>, Vec<u8>);
/// The journals as one program holds them, with their entries in order.
type Journals = BTreeMap<Key, Stream>;
/// Last sequence number and last hash of each journal.
type Heads = BTreeMap<Key, (i64, Vec<u8>)>;

#[derive(Debug)]
struct Stream {
    own: bool,
    head_seq: i64,
    head_hash: Vec<u8>,
    entries: Vec<(i64, Vec<u8>, Vec<u8>)>,
}

/// One program's database, opened for reading only.
pub struct Database {
    name: String,
    pub connection: Connection,
}

/// What was done to the stock of one product besides selling it.
pub struct Expected<'log> {
    pub log: &'log Log,
    pub product: &'static str,
    pub price: u64,
    pub opening_milli: i64,
    pub received_milli: i64,
}

/// Waits until everything has arrived, then checks all of it.
pub fn check(stage: &Stage, expected: &Expected<'_>) {
    everything_arrives(stage, HEALED);
    let (hq, agent, tills) = databases(stage);
    for database in tills.iter().chain([&agent, &hq]) {
        journals_are_whole(database);
        nothing_stepped_aside(database);
    }
    nothing_is_invented(&hq, &agent, &tills);
    receipt_numbers_have_no_gaps(expected.log);
    for database in [&hq, &agent] {
        sales_are_as_confirmed(database, expected.log);
        tenders_add_up(database);
        litres_add_up(database, expected);
    }
    summaries_agree(stage, &hq, expected);
    books_are_proven(stage);
}

/// What head office's and the station's own checks say, each a command beside the running program: the file, every chain, and
/// that the books are what the journals make them.
pub fn books_are_proven(stage: &Stage) {
    for (program, name) in [("hq-server", "hq"), ("station-agent", "ST0001")] {
        let config = stage.data().join(format!("config/{name}.toml"));
        let checked = Command::new(workspace::binary(program))
            .args(["check", "--config"])
            .arg(config)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(
            checked.status.success(),
            "{program} check: {said}{}",
            String::from_utf8_lossy(&checked.stderr)
        );
        assert!(said.contains("proven"), "{program} check: {said}");
    }
}

/// I7, within a time.
pub fn everything_arrives(stage: &Stage, limit: Duration) {
    let (hq, agent, tills) = databases(stage);
    holds(limit, "every journal to be held upstream", || nothing_is_pending(&hq, &agent, &tills));
}

/// Head office's, the agent's and the tills' of the first station.
pub fn databases(stage: &Stage) -> (Database, Database, Vec<Database>) {
    let hq = Database::open("HQ", &stage.data().join("hq"));
    let agent = Database::open("agent", &stage.data().join("ST0001/agent"));
    let tills = stage.fleet.plan().stations[0]
        .tills
        .iter()
        .map(|till| till.launch.program.terminal.unwrap())
        .map(|terminal| {
            Database::open(&format!("till {terminal}"), &stage.data().join(format!("ST0001/till-{terminal}")))
        })
        .collect();
    (hq, agent, tills)
}

impl Database {
    pub fn open(name: &str, folder: &Path) -> Self {
        let files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "db" || ending == "sqlite"))
            .collect();
        let [file] = files.as_slice() else {
            panic!("{} should hold one database: {files:?}", folder.display());
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self { name: name.to_owned(), connection: Connection::open_with_flags(file, flags).unwrap() }
    }

    /// The same of a copy, whose log has still to be read into an index.
    pub fn open_again(name: &str, folder: &Path) -> Self {
        let mut database = Self::open(name, folder);
        let file = database.connection.path().unwrap().to_owned();
        database.connection = Connection::open(file).unwrap();
        database
    }

    pub fn file(&self) -> std::path::PathBuf {
        self.connection.path().unwrap().into()
    }

    pub fn number(&self, sql: &str) -> i64 {
        self.connection
            .query_row(sql, [], |row| row.get(0))
            .unwrap_or_else(|error| panic!("{}: {sql}: {error}", self.name))
    }

    fn journals(&self) -> Journals {
        let sql = "SELECT s.device, s.incarnation, s.own, s.head_seq, s.head_hash, e.seq, e.hash, e.bytes \
                   FROM streams s JOIN entries e USING (stream_id) ORDER BY s.stream_id, e.seq";
        let mut statement = self.connection.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut journals = Journals::new();
        while let Some(row) = rows.next().unwrap() {
            let stream =
                journals.entry((row.get(0).unwrap(), row.get(1).unwrap())).or_insert_with(|| Stream {
                    own: row.get::<_, i64>(2).unwrap() == 1,
                    head_seq: row.get(3).unwrap(),
                    head_hash: row.get(4).unwrap(),
                    entries: Vec::new(),
                });
            stream.entries.push((row.get(5).unwrap(), row.get(6).unwrap(), row.get(7).unwrap()));
        }
        journals
    }

    /// The heads of the journals it holds.
    fn heads(&self) -> Heads {
        let mut statement = self
            .connection
            .prepare("SELECT device, incarnation, head_seq, head_hash FROM streams WHERE head_seq > 0")
            .unwrap();
        let rows = statement
            .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?))))
            .unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn own_heads(&self) -> Heads {
        let own: BTreeSet<_> =
            self.journals().into_iter().filter(|(_, stream)| stream.own).map(|(key, _)| key).collect();
        self.heads().into_iter().filter(|(key, _)| own.contains(key)).collect()
    }
}

/// I7: each head of a till stands at the agent and at HQ, each head of the agent at HQ, and the devices know it; every feed is applied as far as it was written.
fn nothing_is_pending(hq: &Database, agent: &Database, tills: &[Database]) -> bool {
    let (at_hq, at_agent) = (hq.heads(), agent.heads());
    let arrived = tills.iter().all(|till| {
        till.own_heads()
            .iter()
            .all(|(key, head)| at_agent.get(key) == Some(head) && at_hq.get(key) == Some(head))
    }) && agent.own_heads().iter().all(|(key, head)| at_hq.get(key) == Some(head));
    // An acknowledgement may come a moment after the entry it is about.
    let sql = "SELECT count(*) FROM streams s WHERE s.own = 1 AND s.head_seq > 0 AND s.head_seq > \
               (SELECT coalesce(max(a.through), 0) FROM acks a WHERE a.stream_id = s.stream_id)";
    let acknowledged = tills.iter().chain([agent]).all(|database| database.number(sql) == 0);
    let version = |database: &Database| {
        database.number("SELECT coalesce(max(version), 0) FROM feeds WHERE scope = 'chain'")
    };
    let applied = tills.iter().chain([agent]).all(|database| version(database) == version(hq));
    arrived && acknowledged && applied
}

/// I3 and I4: no gap, no repeat, and every hash is the one that follows from the bytes.
pub fn journals_are_whole(database: &Database) {
    for ((device, incarnation), stream) in database.journals() {
        let mut hash: Vec<u8> = Sha256::new()
            .chain_update(b"juyu journal 1\n")
            .chain_update(&device)
            .chain_update(&incarnation)
            .finalize()
            .to_vec();
        for (expected, (seq, stored, bytes)) in (1..).zip(&stream.entries) {
            assert_eq!(*seq, expected, "{}: a gap or a repeat in a journal", database.name);
            hash = Sha256::new().chain_update(&hash).chain_update(bytes).finalize().to_vec();
            assert_eq!(&hash, stored, "{}: entry {seq} is not chained", database.name);
        }
        assert_eq!(stream.head_seq, i64::try_from(stream.entries.len()).unwrap(), "{}", database.name);
        assert_eq!(stream.head_hash, hash, "{}: the head is not the last entry", database.name);
    }
}

pub fn nothing_stepped_aside(database: &Database) {
    for table in ["set_aside", "forks"] {
        assert_eq!(
            database.number(&format!("SELECT count(*) FROM {table}")),
            0,
            "{}: {table}",
            database.name
        );
    }
}

/// I2: each entry at HQ stands, byte for byte, in the journal of the device that wrote it.
fn nothing_is_invented(hq: &Database, agent: &Database, tills: &[Database]) {
    let mut written = BTreeMap::new();
    for database in tills.iter().chain([agent, hq]) {
        written.extend(database.journals().into_iter().filter(|(_, stream)| stream.own));
    }
    for (key, stream) in hq.journals() {
        let source = written.get(&key).unwrap_or_else(|| panic!("HQ holds a journal that nobody wrote"));
        assert_eq!(stream.entries, source.entries, "HQ holds what its device did not write");
    }
}

/// I3: `STATION-TERMINAL-SERIES-COUNTER` counts without gaps in each series.
fn receipt_numbers_have_no_gaps(log: &Log) {
    let mut series: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for sale in log.sales.keys() {
        let (name, counter) = sale.rsplit_once('-').unwrap();
        assert!(series.entry(name).or_default().insert(counter.parse().unwrap()), "{sale} twice");
    }
    for (name, counters) in series {
        let expected: BTreeSet<u64> = (1..).take(counters.len()).collect();
        assert_eq!(counters, expected, "{name} has gaps");
    }
}

/// I1: what the tills confirmed is there exactly once with its quantity and its cancellation, and nothing else is.
pub fn sales_are_as_confirmed(database: &Database, log: &Log) {
    let mut statement = database
        .connection
        .prepare(
            "SELECT s.sale_id, l.quantity_milli, s.cancelled_at_ms IS NOT NULL \
             FROM sales s JOIN sale_lines l USING (sale_id) WHERE s.station = 'ST0001'",
        )
        .unwrap();
    let mut stored: Vec<(String, u64, bool)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs(), row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    stored.sort();
    let expected: Vec<(String, u64, bool)> = log
        .sales
        .iter()
        .map(|(sale, quantity_milli)| (sale.clone(), *quantity_milli, log.cancelled.contains(sale)))
        .collect();
    assert_eq!(stored, expected, "the sales at {}", database.name);
}

/// I5: tenders add up to the sale, sales to the day.
pub fn tenders_add_up(database: &Database) {
    let unequal = "SELECT count(*) FROM sales s WHERE s.total <> \
                   (SELECT coalesce(sum(t.amount), 0) FROM sale_tenders t WHERE t.sale_id = s.sale_id)";
    assert_eq!(database.number(unequal), 0, "{}: tenders that do not add up", database.name);
    let standing = database.number("SELECT coalesce(sum(total), 0) FROM sales WHERE cancelled_at_ms IS NULL");
    let days = database.number("SELECT coalesce(sum(amount), 0) FROM day_totals");
    assert_eq!(days, standing, "{}: the days do not add up to the sales", database.name);
}

/// I6: opening and received less sold is what is there, and the movements say the same.
pub fn litres_add_up(database: &Database, expected: &Expected<'_>) {
    let sold: i64 = expected.log.standing().map(|milli| i64::try_from(milli).unwrap()).sum();
    let closing = expected.opening_milli + expected.received_milli - sold;
    let of = format!("WHERE station = 'ST0001' AND product_id = '{}'", expected.product);
    let on_hand = database.number(&format!("SELECT on_hand_milli FROM stock {of}"));
    assert_eq!(on_hand, closing, "{}: litres of {}", database.name, expected.product);
    let moved = database.number(&format!("SELECT sum(quantity_milli) FROM stock_flows {of}"));
    assert_eq!(moved, closing, "{}: movements of {}", database.name, expected.product);
}

/// The same through the programs' own paths.
fn summaries_agree(stage: &Stage, hq: &Database, expected: &Expected<'_>) {
    let litres: i64 = expected.log.standing().map(|milli| i64::try_from(milli).unwrap()).sum();
    let amount: i64 = expected.log.standing().map(|milli| won(expected.price, milli)).sum();
    assert_eq!(sold(&stage.agent(), expected.product), (litres, amount), "the station's summary");
    let summary = stage.hq().get("/api/v1/summary").unwrap().body;
    assert_eq!(summary["salesAmount"].as_i64(), Some(amount), "HQ's summary: {summary}");
    assert_eq!(summary["quarantined"], 0);
    assert_eq!(hq.number("SELECT count(*) FROM sales"), i64::try_from(expected.log.sales.len()).unwrap());
    let listed: usize = stage.fleet.plan().stations[0]
        .tills
        .iter()
        .map(|till| till.launch.program.terminal.unwrap())
        .map(|terminal| list(&stage.fleet.till(0, terminal).unwrap(), "/sales"))
        .map(|sales| sales.iter().filter(|sale| milli(sale, "qty") > 0).count())
        .sum();
    assert_eq!(listed, expected.log.sales.len(), "the tills' own lists");
}
