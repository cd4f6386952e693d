//! What a key press costs in a till with 20,000 products: `menu::search` by the beginning of names, words within them,
//! codes and barcodes, beside a plain scan of the same table for the same words. Prints one line of JSON.

use std::time::Instant;

use pos_core::menu::{self, PricePoint};
use pos_core::store;
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

const PRODUCTS: u64 = 20_000;
/// Key presses measured.
const PRESSES: u64 = 2_000;
const NOW_MS: i64 = 1_795_410_300_000;
/// What `experience.md` allows for a search, microseconds.
const MUST_US: u128 = 50_000;

const WORDS: [(&str, &str); 8] = [
    ("생수", "Water"),
    ("커피", "Coffee"),
    ("초콜릿", "Chocolate"),
    ("엔진오일", "Engine oil"),
    ("와이퍼", "Wiper"),
    ("워셔액", "Washer fluid"),
    ("휴대용 티슈", "Tissues"),
    ("에너지 음료", "Energy drink"),
];

fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let station = StationCode::new("ST0001")?;
    let me = Origin {
        station: station.clone(),
        device: DeviceId([1; 16]),
        role: Role::Terminal,
        terminal: Some(TerminalNo(1)),
    };
    let now = Stamp::at_wall_ms(NOW_MS);
    let mut till = store::open_node(store::open_store(&folder.path().join("till.db"))?, me, [2; 16], now)?;
    till.apply_pull(&everything()?, FeedApply { relay: false, report: true }, now)?;
    let connection = till.store().connection();
    let point = PricePoint { station: &station, at_ms: NOW_MS };
    let mut plain = connection.prepare(
        "SELECT count(*) FROM products WHERE product_id LIKE $1 OR name_ko LIKE $1 OR name_en LIKE $1 \
         OR barcode LIKE $1",
    )?;
    let (mut ours, mut theirs, mut found) = (Vec::new(), Vec::new(), 0);
    for press in 0..PRESSES {
        let query = typed(press);
        let begun = Instant::now();
        found += menu::search(connection, point, &query)?.len();
        ours.push(begun.elapsed().as_micros());
        let begun = Instant::now();
        plain.query_row([format!("%{query}%")], |row| row.get::<_, i64>(0))?;
        theirs.push(begun.elapsed().as_micros());
    }
    ours.sort_unstable();
    theirs.sort_unstable();
    let at = |sorted: &[u128], milli: usize| sorted.get(sorted.len() * milli / 1_000).copied().unwrap_or(0);
    let p99 = at(&ours, 990);
    use std::io::Write as _;
    writeln!(
        std::io::stdout(),
        r#"{{"products":{PRODUCTS},"presses":{PRESSES},"rows_found":{found},"p50_us":{},"p99_us":{p99},"max_us":{},"scan_p50_us":{},"scan_p99_us":{},"ratio_p50_milli":{},"must":"p99_us <= {MUST_US}","met":{}}}"#,
        at(&ours, 500),
        ours.last().copied().unwrap_or(0),
        at(&theirs, 500),
        at(&theirs, 990),
        at(&ours, 500) * 1_000 / at(&theirs, 500).max(1),
        p99 <= MUST_US,
    )?;
    Ok(())
}

/// What somebody has typed or scanned at a key press: names letter by letter, numbers, whole barcodes, nothing yet.
fn typed(press: u64) -> String {
    let number = 1 + press * 7_919 % PRODUCTS;
    let (ko, en) =
        usize::try_from(press).ok().and_then(|at| WORDS.get(at % WORDS.len())).copied().unwrap_or_default();
    match press % 6 {
        0 => String::new(),
        1 => ko.chars().take(1 + usize::try_from(press / 6 % 3).unwrap_or(0)).collect(),
        2 => en
            .chars()
            .take(1 + usize::try_from(press / 6 % 5).unwrap_or(0))
            .collect::<String>()
            .to_lowercase(),
        3 => barcode(number),
        4 => format!("{}", number / 10),
        _ => format!("PR{number:05}"),
    }
}

fn barcode(number: u64) -> String {
    format!("880{:010}", number * 7_919)
}

/// The whole catalogue, as one answer.
fn everything() -> Result<PullAnswer, Failure> {
    let mut items = Vec::new();
    let mut version = 0;
    let now = Stamp::at_wall_ms(NOW_MS);
    let mut add = |key: String, fact: Fact| -> Result<(), Failure> {
        version += 1;
        items.push(FeedItem {
            key,
            version: FeedVersion(version),
            bytes: Envelope::new(now, None, fact).encode()?,
        });
        Ok(())
    };
    for number in 1..=PRODUCTS {
        let product = ProductId::new(format!("PR{number:05}"))?;
        let (ko, en) = usize::try_from(number)
            .ok()
            .and_then(|at| WORDS.get(at % WORDS.len()))
            .copied()
            .unwrap_or_default();
        let changed = ProductChanged {
            product: product.clone(),
            name_ko: format!("{ko} {number}호"),
            name_en: format!("{en} no. {number}"),
            kind: ProductKind::Goods,
            unit: Unit::Piece,
            tax: TaxClass::Taxed,
            barcode: Some(barcode(number)),
        };
        add(product_feed_key(&changed), Fact::ProductChanged(changed))?;
        let price = PriceScheduled {
            product,
            scope: PriceScope::Chain,
            price: Money(1_000 + i64::try_from(number)?),
            effective_at_ms: 0,
        };
        add(price_feed_key(&price), Fact::PriceScheduled(price))?;
    }
    Ok(PullAnswer {
        scope: FeedScope::Chain,
        asked: FeedCursor::START,
        reached: FeedCursor { writer: Incarnation([9; 16]), version: FeedVersion(version) },
        whole: true,
        from_writer: false,
        now_ms: NOW_MS,
        news: News::Items(items),
    })
}
