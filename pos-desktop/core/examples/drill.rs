//! One operation of a till, an agent or head office on its database, in a process of its own, so that a fault test can kill
//! it at every system call. What is durable is said on stdout, a line each, and never before it is.
//!
//! - `sell FOLDER COUNT [normal]` sells COUNT times and says `sold SALE`; `normal` syncs less than the product, to prove
//!   that a test of power loss sees it
//! - `cancel FOLDER SALE` says `cancelled SALE`
//! - `feed FOLDER VERSION` applies twenty prices as one answer and says `fed VERSION`
//! - `ack FOLDER SEQ` keeps an upstream's acknowledgement and says `acked SEQ`
//! - `check FOLDER` checks everything as at night and says `well`, or what is not
//! - `pack FOLDER OUT COUNT` writes the till's journal to OUT as batches of COUNT entries
//! - `receive agent|hq FOLDER BATCHES` takes them and says `held SEQ`
//!
//! `sell` waits before each sale for a line on stdin if a third word is `paced`.

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use pos_core::cancel::cancel_sale;
use pos_core::sale::{QuickSale, sell_one};
use pos_core::{Calendar, Moment, TillNode, store};
use sync::device::random_16;
use sync::life::{machine, open_node};
use sync::node::{Applied, FeedApply};
use sync::store::sqlite::{check_whole, open_reader};
use sync::{Node, Peer, SqliteStore, Store as _};
use sync_proto::catalogue::{Catalogue, price_feed_key, product_feed_key};
use sync_proto::engine::SenderConfig;
use sync_proto::fact::{
    CancelReason, Fact, FeedScope, PriceScheduled, PriceScope, ProductChanged, ProductKind,
};
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::tax::TaxClass;
use sync_proto::wire::{FeedCursor, FeedItem, Message, News, Outcome, PullAnswer, Reply};
use sync_proto::{
    DeviceId, Envelope, FeedVersion, Incarnation, Money, Origin, ProductId, Role, SaleId, Seq, Stamp,
    StationCode, TerminalNo, Unit,
};

type Failure = Box<dyn std::error::Error>;

/// 2026-11-23 14:05 in Seoul; the clock does not matter here.
const NOW_MS: i64 = 1_795_410_300_000;
/// Products in the catalogue, each with one price.
const PRODUCTS: u64 = 20;
/// What an agent calls head office.
const UPSTREAM: &str = "hq";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words {
        ["sell", folder, count] => sell(Path::new(folder), count.parse()?, Pace::Free),
        ["sell", folder, count, "paced"] => sell(Path::new(folder), count.parse()?, Pace::Asked),
        ["sell", folder, count, "normal"] => sell(Path::new(folder), count.parse()?, Pace::Careless),
        ["cancel", folder, sale] => cancel(Path::new(folder), sale),
        ["feed", folder, version] => feed(Path::new(folder), version.parse()?),
        ["ack", folder, seq] => acknowledge(Path::new(folder), Seq(seq.parse()?)),
        ["check", folder] => check(Path::new(folder)),
        ["pack", folder, out, count] => pack(Path::new(folder), Path::new(out), count.parse()?),
        ["receive", who, folder, batches] => receive(who, Path::new(folder), Path::new(batches)),
        _ => Err(format!("{words:?} is no drill").into()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    Free,
    Asked,
    Careless,
}

fn sell(folder: &Path, count: u32, pace: Pace) -> Result<(), Failure> {
    let mut till = till(folder)?;
    if pace == Pace::Careless {
        till.store().connection().pragma_update(None, "synchronous", "NORMAL")?;
    }
    let calendar = Calendar::new("Asia/Seoul", "00:00")?;
    let quick = QuickSale { product: product(1)?, milli: 20_000, account: None };
    let mut asked = std::io::stdin().lock().lines();
    for _ in 0..count {
        if pace == Pace::Asked && asked.next().transpose()?.is_none() {
            break;
        }
        match sell_one(&mut till, &calendar, &now(), &quick, None) {
            Ok(sale) => say(&format!("sold {sale}"))?,
            // Refused whole; whoever asks decides whether to go on.
            Err(why) if pace == Pace::Asked => say(&format!("refused {why}"))?,
            Err(why) => return Err(why.into()),
        }
    }
    Ok(())
}

fn cancel(folder: &Path, sale: &str) -> Result<(), Failure> {
    let mut till = till(folder)?;
    let calendar = Calendar::new("Asia/Seoul", "00:00")?;
    cancel_sale(&mut till, &calendar, &now(), (&SaleId::new(sale)?, CancelReason::Mistake), None)?;
    say(&format!("cancelled {sale}"))
}

fn feed(folder: &Path, version: u64) -> Result<(), Failure> {
    let mut till = till(folder)?;
    if apply(&mut till, version)? {
        say(&format!("fed {version}"))?;
    }
    Ok(())
}

fn acknowledge(folder: &Path, through: Seq) -> Result<(), Failure> {
    let mut till = till(folder)?;
    let own = till.own_stream();
    till.keep_ack("agent", own, through, NOW_MS)?;
    say(&format!("acked {}", through.0))
}

fn check(folder: &Path) -> Result<(), Failure> {
    let found = check_whole(&open_reader(&folder.join(store::FILE_NAME))?)?;
    say(&if found.is_well() { "well".to_owned() } else { found.summary() })
}

fn pack(folder: &Path, out: &Path, count: u32) -> Result<(), Failure> {
    let mut till = till(folder)?;
    let own = till.own_stream();
    let limits = SenderConfig { batch_entries_max: count, ..SenderConfig::STANDARD };
    let mut from = Seq(1);
    while let Some(batch) = till.batch(own, from, &limits)? {
        let to = batch.to();
        std::fs::write(out.join(format!("{:06}.batch", to.0)), Message::Batch(batch).encode())?;
        from = to.next();
    }
    Ok(())
}

fn receive(who: &str, folder: &Path, batches: &Path) -> Result<(), Failure> {
    let (role, from) = match who {
        "agent" => (Role::Agent, Role::Terminal),
        "hq" => (Role::Hq, Role::Agent),
        other => return Err(format!("{other} receives nothing").into()),
    };
    let mut node = receiver(folder, role)?;
    let sender = origin(from)?;
    let peer =
        Peer { station: sender.station, device: sender.device, role: sender.role, terminal: sender.terminal };
    let mut files: Vec<_> =
        std::fs::read_dir(batches)?.map(|entry| entry.map(|each| each.path())).collect::<Result<_, _>>()?;
    files.sort();
    for file in files {
        let reply = node.receive(&peer, &std::fs::read(file)?, UPSTREAM, NOW_MS)?;
        match Reply::decode(&reply)? {
            Reply::Receipt(receipt) => match receipt.outcome {
                Outcome::Accepted { through } | Outcome::Duplicate { through } => {
                    say(&format!("held {}", through.0))?;
                }
                other => return Err(format!("a batch was answered by {other:?}").into()),
            },
            other => return Err(format!("a batch was answered by {other:?}").into()),
        }
    }
    Ok(())
}

/// One `write` to the pipe for each line.
fn say(line: &str) -> Result<(), Failure> {
    Ok(std::io::stdout().lock().write_all(format!("{line}\n").as_bytes())?)
}

fn now() -> Moment {
    Moment::trusted(Stamp::at_wall_ms(NOW_MS))
}

fn product(number: u64) -> Result<ProductId, Failure> {
    Ok(ProductId::new(format!("CD{:04}", 1000 + number))?)
}

fn origin(role: Role) -> Result<Origin, Failure> {
    let (station, device) = match role {
        Role::Terminal => ("ST0001", 1),
        Role::Agent => ("ST0001", 2),
        Role::Hq | Role::Office => ("HQ", 3),
    };
    let terminal = (role == Role::Terminal).then_some(TerminalNo(1));
    Ok(Origin { station: StationCode::new(station)?, device: DeviceId([device; 16]), role, terminal })
}

fn entropy() -> Result<[u8; 16], Failure> {
    random_16().map_err(|why| format!("the system gives no random bytes: {why}").into())
}

/// A till with the products and their first prices.
fn till(folder: &Path) -> Result<TillNode, Failure> {
    let opened = store::open_store(&folder.join(store::FILE_NAME))?;
    let mut till = store::open_node(opened, origin(Role::Terminal)?, entropy()?, now().stamp)?;
    if cursor(&mut till)? == FeedCursor::START {
        apply(&mut till, 1)?;
    }
    Ok(till)
}

/// The answer that brings every price to `1000 + version` won; `false` when it is applied already.
fn apply(till: &mut TillNode, version: u64) -> Result<bool, Failure> {
    let asked = cursor(till)?;
    let mut items = Vec::new();
    let mut through = asked.version.0;
    for number in 1..=PRODUCTS {
        let product = product(number)?;
        let changed = ProductChanged {
            product: product.clone(),
            name_ko: format!("상품 {number}"),
            name_en: format!("Product {number}"),
            kind: ProductKind::Fuel,
            unit: Unit::Litre,
            tax: TaxClass::Taxed,
            barcode: None,
        };
        let won = i64::try_from(1000 + version)?;
        let price =
            PriceScheduled { product, scope: PriceScope::Chain, price: Money(won), effective_at_ms: 0 };
        let facts = [
            (product_feed_key(&changed), Fact::ProductChanged(changed)),
            (price_feed_key(&price), Fact::PriceScheduled(price)),
        ];
        for (key, fact) in facts {
            through += 1;
            let bytes = Envelope::new(now().stamp, None, fact).encode()?;
            items.push(FeedItem { key, version: FeedVersion(through), bytes });
        }
    }
    let answer = PullAnswer {
        scope: FeedScope::Chain,
        asked,
        reached: FeedCursor { writer: Incarnation([9; 16]), version: FeedVersion(through) },
        whole: asked == FeedCursor::START,
        from_writer: false,
        now_ms: NOW_MS,
        news: News::Items(items),
    };
    let applied = till.apply_pull(&answer, FeedApply { relay: false, report: true }, now().stamp)?;
    Ok(applied == Applied::Changed)
}

fn cursor(till: &mut TillNode) -> Result<FeedCursor, Failure> {
    Ok(till.store().feed_head(&FeedScope::Chain)?.unwrap_or(FeedCursor::START))
}

/// Journal and books as an agent or head office keeps them, without what only they have.
fn receiver(folder: &Path, role: Role) -> Result<Node<SqliteStore>, Failure> {
    let mut files: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sync/migrations"))?
        .map(|entry| entry.map(|each| each.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let migrations: Vec<String> = files.iter().map(std::fs::read_to_string).collect::<Result<_, _>>()?;
    let migrations: Vec<&str> = migrations.iter().map(String::as_str).collect();
    let opened = SqliteStore::open(&folder.join("node.db"), &migrations, &[])?;
    let books = All(vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Station))]);
    Ok(open_node(opened, Arc::new(books), origin(role)?, &machine(), entropy()?, now().stamp)?)
}
