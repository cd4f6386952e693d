//! A till with a catalogue and accounts, as its feeds bring them.

use std::path::Path;

use pos_core::cart::{self, Cart, LineEntry};
use pos_core::sale::{self, CompletedSale, Payment, QuickSale};
use pos_core::{Calendar, Moment, TillError, TillNode, store};
use sync::node::{Applied, FeedApply};
use sync_proto::catalogue::{price_feed_key, product_feed_key};
use sync_proto::fact::{
    AccountOpened, Fact, FeedScope, PriceScheduled, PriceScope, ProductChanged, ProductKind, SubjectNamed,
};
use sync_proto::tax::TaxClass;
use sync_proto::wire::{FeedCursor, FeedItem, Message, News, Pull, PullAnswer};
use sync_proto::{
    AccountId, Decoded, DeviceId, Envelope, FeedVersion, Incarnation, Money, Origin, ProductId, Role, SaleId,
    Seq, Stamp, StationCode, TerminalNo, Unit,
};

/// 2026-11-23 14:05 in Seoul.
pub const NOW_MS: i64 = 1_795_410_300_000;

pub const GASOLINE: &str = "CD1001";
pub const WATER: &str = "CD2001";
pub const RICE: &str = "CD2002";

pub struct Till {
    pub node: TillNode,
    pub calendar: Calendar,
    pub folder: tempfile::TempDir,
    pub now: Moment,
    version: u64,
}

pub fn at(at_ms: i64) -> Moment {
    Moment::trusted(Stamp::at_wall_ms(at_ms))
}

pub fn station() -> StationCode {
    StationCode::new("ST0001").unwrap()
}

pub fn origin() -> Origin {
    Origin {
        station: station(),
        device: DeviceId([1; 16]),
        role: Role::Terminal,
        terminal: Some(TerminalNo(1)),
    }
}

fn open(folder: &Path) -> TillNode {
    let store = store::open_store(&folder.join(store::FILE_NAME)).unwrap();
    store::open_node(store, origin(), [0xff; 16], Stamp::at_wall_ms(NOW_MS)).unwrap()
}

pub fn id(text: &str) -> ProductId {
    ProductId::new(text).unwrap()
}

pub fn account(text: &str) -> AccountId {
    AccountId::new(text).unwrap()
}

pub fn cash(received: i64) -> Payment {
    Payment::Cash { received: Money(received) }
}

pub fn card(amount: i64) -> Payment {
    Payment::Card { amount: Money(amount), approval: "12345678".to_owned() }
}

pub fn on_account(amount: i64, id: &str) -> Payment {
    Payment::Account { amount: Money(amount), account: account(id) }
}

pub fn milli(milli: i64) -> LineEntry {
    LineEntry::Quantity { milli }
}

impl Till {
    /// With gasoline at 1,670 won, water at 1,000 and tax-exempt rice at 9,000.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = open(folder.path());
        let calendar = Calendar::new("Asia/Seoul", "00:00").unwrap();
        let mut till = Self { node, calendar, folder, now: at(NOW_MS), version: 0 };
        till.product(GASOLINE, ("휘발유", "Gasoline"), Unit::Litre, TaxClass::Taxed);
        till.product(WATER, ("생수", "Water"), Unit::Piece, TaxClass::Taxed);
        till.product(RICE, ("쌀", "Rice"), Unit::Piece, TaxClass::Exempt);
        for (product, price) in [(GASOLINE, 1_670), (WATER, 1_000), (RICE, 9_000)] {
            till.price(product, price, 0);
        }
        till
    }

    pub fn product(&mut self, product: &str, (ko, en): (&str, &str), unit: Unit, tax: TaxClass) {
        let product = ProductChanged {
            product: id(product),
            name_ko: ko.to_owned(),
            name_en: en.to_owned(),
            kind: if unit == Unit::Litre { ProductKind::Fuel } else { ProductKind::Goods },
            unit,
            tax,
            barcode: Some(format!("880{product}")),
        };
        let key = product_feed_key(&product);
        self.feed(FeedScope::Chain, key, Fact::ProductChanged(product));
    }

    pub fn price(&mut self, product: &str, price: i64, effective_at_ms: i64) {
        let scheduled = PriceScheduled {
            product: id(product),
            scope: PriceScope::Chain,
            price: Money(price),
            effective_at_ms,
        };
        let key = price_feed_key(&scheduled);
        self.feed(FeedScope::Chain, key, Fact::PriceScheduled(scheduled));
    }

    pub fn open_account(&mut self, text: &str, name: &str, limit: Option<i64>) {
        let scope = FeedScope::Local(station());
        let opened = AccountOpened { account: account(text), limit: limit.map(Money) };
        self.feed(scope.clone(), format!("account/{text}"), Fact::AccountOpened(opened));
        let named = SubjectNamed { account: account(text), name: name.to_owned() };
        self.feed(scope, format!("subject/{text}"), Fact::SubjectNamed(named));
    }

    pub fn feed(&mut self, scope: FeedScope, key: String, fact: Fact) {
        self.version += 1;
        let version = FeedVersion(self.version);
        let bytes = Envelope::new(self.now.stamp, None, fact).encode().unwrap();
        let Message::Pull(Pull { cursor, .. }) = self.node.next_feed_message(&scope).unwrap() else {
            unreachable!("no snapshot is on its way")
        };
        let answer = PullAnswer {
            scope,
            asked: cursor,
            reached: FeedCursor { writer: Incarnation([9; 16]), version },
            whole: cursor == FeedCursor::START,
            from_writer: false,
            now_ms: NOW_MS,
            news: News::Items(vec![FeedItem { key, version, bytes }]),
        };
        let how = FeedApply { relay: false, report: true };
        assert_eq!(self.node.apply_pull(&answer, how, self.now.stamp).unwrap(), Applied::Changed);
    }

    /// As after a crash: the process is gone, the database is opened again.
    pub fn reopened(self) -> Self {
        let Self { node, calendar, folder, now, version } = self;
        drop(node);
        let node = open(folder.path());
        Self { node, calendar, folder, now, version }
    }

    pub fn add(&mut self, product: &str, entry: LineEntry) -> Result<Cart, TillError> {
        cart::add_line(&mut self.node, &self.now, &id(product), entry)
    }

    pub fn cart(&mut self) -> Cart {
        cart::cart(self.node.store().connection(), &station()).unwrap()
    }

    pub fn pay(&mut self, payments: &[Payment]) -> Result<CompletedSale, TillError> {
        sale::complete_sale(&mut self.node, &self.calendar, &self.now, payments)
    }

    pub fn sell(&mut self, product: &str, milli: i64) -> SaleId {
        let quick = QuickSale { product: id(product), milli, account: None };
        sale::sell_one(&mut self.node, &self.calendar, &self.now, &quick, None).unwrap()
    }

    /// Every fact of the till's own journal.
    pub fn journal(&mut self) -> Vec<Fact> {
        use sync::Store as _;
        let own = self.node.own_stream();
        let entries = self.node.store().entries(&own, Seq(1), u32::MAX, usize::MAX).unwrap();
        let decode = |bytes: &[u8]| match Envelope::decode(bytes).unwrap() {
            Decoded::Known(envelope) => envelope.fact,
            Decoded::Unknown { type_name, .. } => panic!("{type_name}"),
        };
        entries.iter().map(|entry| decode(&entry.bytes)).collect()
    }

    /// The sales and cancellations of the journal.
    pub fn trade(&mut self) -> Vec<Fact> {
        let trade = |fact: &Fact| matches!(fact, Fact::Sold(_) | Fact::SaleCancelled(_));
        self.journal().into_iter().filter(trade).collect()
    }

    /// A number out of the database.
    pub fn count(&mut self, sql: &str) -> i64 {
        self.node.store().connection().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// The code of a refusal.
pub fn code<T: std::fmt::Debug>(result: Result<T, TillError>) -> &'static str {
    result.unwrap_err().code()
}
