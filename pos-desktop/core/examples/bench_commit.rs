//! J1: what a sale's commit costs at the till, against a bare SQLite transaction of the same rows with the
//! same pragmas, measured in turn in one run. Prints one line of JSON; figures are integers.
//!
//! Durability class D2: both wait for the disk before they are done.

use std::path::Path;
use std::time::Instant;

use pos_core::sale::{QuickSale, sell_one};
use pos_core::{Calendar, Moment, TillNode, store};
use rusqlite::{Connection, TransactionBehavior, params};
use sync::node::FeedApply;
use sync_proto::catalogue::{price_feed_key, product_feed_key};
use sync_proto::fact::{Fact, FeedScope, PriceScheduled, PriceScope, ProductChanged, ProductKind};
use sync_proto::tax::TaxClass;
use sync_proto::wire::{FeedCursor, FeedItem, News, PullAnswer};
use sync_proto::{
    DeviceId, Envelope, FeedVersion, Incarnation, Money, Origin, ProductId, Role, Stamp, StationCode,
    TerminalNo, Unit,
};

type Failure = Box<dyn std::error::Error>;

/// Sales measured when the command line does not say.
const SALES: usize = 4_000;

/// Sales before the measuring starts: caches warm, statements prepared, a first checkpoint done.
const WARM_UP: usize = 400;

/// 2026-11-23 14:05 in Seoul; the clock of the sales does not matter here.
const NOW_MS: i64 = 1_795_410_300_000;

fn main() -> Result<(), Failure> {
    let sales = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(SALES);
    let folder = tempfile::tempdir()?;
    let mut till = till(&folder.path().join("till.db"))?;
    let calendar = Calendar::new("Asia/Seoul", "00:00")?;
    let now = Moment::trusted(Stamp::at_wall_ms(NOW_MS));
    let quick = QuickSale { product: ProductId::new("CD1001")?, milli: 20_000, account: None };
    sell_one(&mut till, &calendar, &now, &quick, None)?;
    let mut bare = Bare::beside(till.store().path(), &folder.path().join("bare.db"))?;
    let (mut ours_us, mut bare_us) = (Vec::with_capacity(sales), Vec::with_capacity(sales));
    for turn in 0..sales + WARM_UP {
        let begin = Instant::now();
        sell_one(&mut till, &calendar, &now, &quick, None)?;
        let ours = begin.elapsed().as_nanos();
        let begin = Instant::now();
        bare.sell()?;
        let theirs = begin.elapsed().as_nanos();
        if turn >= WARM_UP {
            ours_us.push(ours);
            bare_us.push(theirs);
        }
    }
    ours_us.sort_unstable();
    bare_us.sort_unstable();
    let (p50, bare_p50) = (at(&ours_us, 500), at(&bare_us, 500));
    println(&format!(
        r#"{{"name":"J1","p50_us":{},"bare_p50_us":{},"ratio_milli":{},"p99_us":{},"bare_p99_us":{},"n":{sales}}}"#,
        p50 / 1000,
        bare_p50 / 1000,
        p50 * 1000 / bare_p50.max(1),
        at(&ours_us, 990) / 1000,
        at(&bare_us, 990) / 1000,
    ))?;
    Ok(())
}

fn println(line: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{line}")
}

/// The value below which `milli` thousandths of the sorted values are.
fn at(sorted: &[u128], milli: usize) -> u128 {
    sorted.get(sorted.len() * milli / 1000).copied().unwrap_or_default()
}

/// A till with one product.
fn till(path: &Path) -> Result<TillNode, Failure> {
    let me = Origin {
        station: StationCode::new("ST0001")?,
        device: DeviceId([1; 16]),
        role: Role::Terminal,
        terminal: Some(TerminalNo(1)),
    };
    let now = Stamp::at_wall_ms(NOW_MS);
    let mut node = store::open_node(store::open_store(path)?, me, [2; 16], now)?;
    let product = ProductId::new("CD1001")?;
    let changed = ProductChanged {
        product: product.clone(),
        name_ko: "휘발유".to_owned(),
        name_en: "Gasoline".to_owned(),
        kind: ProductKind::Fuel,
        unit: Unit::Litre,
        tax: TaxClass::Taxed,
        barcode: None,
    };
    let price = PriceScheduled { product, scope: PriceScope::Chain, price: Money(1_670), effective_at_ms: 0 };
    let facts = [
        (product_feed_key(&changed), Fact::ProductChanged(changed)),
        (price_feed_key(&price), Fact::PriceScheduled(price)),
    ];
    let mut items = Vec::new();
    for (version, (key, fact)) in (1..).zip(facts) {
        let bytes = Envelope::new(now, None, fact).encode()?;
        items.push(FeedItem { key, version: FeedVersion(version), bytes });
    }
    let answer = PullAnswer {
        scope: FeedScope::Chain,
        asked: FeedCursor::START,
        reached: FeedCursor { writer: Incarnation([9; 16]), version: FeedVersion(2) },
        whole: true,
        from_writer: false,
        now_ms: NOW_MS,
        news: News::Items(items),
    };
    node.apply_pull(&answer, FeedApply { relay: false, report: true }, now)?;
    Ok(node)
}

/// The rows of a sale and nothing else: no journal, no projection, no reads, statements prepared once.
struct Bare {
    connection: Connection,
    entry: Vec<u8>,
    sold: i64,
}

impl Bare {
    /// A database with the same tables, indexes and pragmas as the till's, and an entry of the same bytes.
    fn beside(till: &Path, path: &Path) -> Result<Self, Failure> {
        drop(store::open_store(path)?);
        let entry = Connection::open(till)?.query_row(
            "SELECT bytes FROM entries ORDER BY pos DESC LIMIT 1",
            [],
            |row| row.get(0),
        )?;
        let connection = Connection::open(path)?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.set_prepared_statement_cache_capacity(128);
        connection.execute(
            "INSERT INTO streams (stream_id, device, incarnation, station, role, terminal, own, head_seq, \
             head_hash, opened_at_ms) VALUES (1, $1, $1, 'ST0001', 'terminal', 1, 1, 0, $2, 0)",
            params![[1u8; 16], [0u8; 32]],
        )?;
        Ok(Self { connection, entry, sold: 0 })
    }

    fn sell(&mut self) -> rusqlite::Result<()> {
        self.sold += 1;
        let sale_id = format!("ST0001-01-00000-{:06}", self.sold);
        let hash = [7u8; 32];
        let stream = "01010101010101010101010101010101".repeat(2);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction
            .prepare_cached("INSERT INTO entries (stream_id, seq, hash, received_at_ms, bytes) VALUES (1, $1, $2, $3, $4)")?
            .execute(params![self.sold, hash, NOW_MS, self.entry])?;
        transaction
            .prepare_cached("UPDATE streams SET head_seq = $1, head_hash = $2 WHERE stream_id = 1")?
            .execute(params![self.sold, hash])?;
        transaction
            .prepare_cached("INSERT INTO sales VALUES ($1, 'ST0001', 1, $2, $3, '2026-11-23', $4, 33400, 3036, NULL, NULL, NULL)")?
            .execute(params![sale_id, self.sold, stream, NOW_MS])?;
        transaction
            .prepare_cached(
                "INSERT INTO sale_lines VALUES ($1, 1, 'CD1001', 20000, 'L', 1670, 33400, 'taxed', 2)",
            )?
            .execute([&sale_id])?;
        transaction
            .prepare_cached("INSERT INTO sale_tenders VALUES ($1, 1, 'cash', 33400, NULL, NULL)")?
            .execute([&sale_id])?;
        transaction
            .prepare_cached(
                "INSERT INTO receipt_counters VALUES ($1, $2) ON CONFLICT DO UPDATE SET last = excluded.last",
            )?
            .execute(params!["02020202020202020202020202020202", self.sold])?;
        transaction.prepare_cached("INSERT INTO cash_received VALUES ($1, 33400)")?.execute([&sale_id])?;
        transaction.commit()
    }
}
