//! A fleet in a folder of its own, and what tests read from it.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::catalogue;
use xtask::client::{Answer, Client};
use xtask::demo::{Fleet, Wish};
use xtask::workspace;

/// A busy machine with two cores starts four programs.
const READY: Duration = Duration::from_secs(90);
/// From a till to its station, on the LAN.
pub const LAN: Duration = Duration::from_secs(1);
/// From one end to the other, retries of a broken link included.
pub const HEALED: Duration = Duration::from_secs(60);

/// Programs that run, and their folder; both go when it is dropped.
pub struct Stage {
    pub fleet: Fleet,
    folder: TempDir,
}

impl Stage {
    /// One station with one till.
    pub fn small() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Wish)) -> Self {
        for program in ["hq-server", "station-agent", "pos-desktop"] {
            let binary = workspace::binary(program);
            assert!(binary.exists(), "{} is missing: run `cargo build --workspace --bins`", binary.display());
        }
        let folder = tempfile::tempdir().unwrap();
        let mut wish = Wish::new(folder.path());
        change(&mut wish);
        let fleet = Fleet::start(&wish, Instant::now() + READY, &|| false).unwrap();
        Self { fleet, folder }
    }

    /// Stops everything and leaves the folder.
    pub fn stopped(self) -> TempDir {
        let Self { fleet, folder } = self;
        drop(fleet);
        folder
    }

    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    pub fn hq(&self) -> Client {
        self.fleet.hq()
    }

    pub fn agent(&self) -> Client {
        self.fleet.station(0).unwrap()
    }

    pub fn till(&self) -> Client {
        self.fleet.till(0, 1).unwrap()
    }

    /// Thousandths on hand at the station.
    pub fn stock_milli(&self, product: &str) -> i64 {
        stock_milli(&self.agent(), product)
    }

    /// Places an order at HQ as an integration does, and returns its id.
    pub fn place_order(&self, product: &str, litres: &str) -> String {
        let hq = self.hq();
        let before: Vec<String> = ids(&list(&hq, "/orders"), "orderId");
        let fields = [("productId", product), ("qty", litres), ("destAddr", "SK_Imme_Station")];
        let answer = hq.post_form("/orders/placeOrder", &fields).unwrap();
        assert_eq!((answer.status, &answer.body), (200, &Value::Bool(true)));
        ids(&list(&hq, "/orders"), "orderId").into_iter().find(|id| !before.contains(id)).unwrap()
    }

    pub fn order_status(&self, order: &str) -> Option<String> {
        let rows = self.hq().get("/orderStatuses").ok()?;
        let row = find(rows.rows(), "orderId", order)?;
        Some(text(row, "status"))
    }

    /// The station's delivery for an order, once it is expected there.
    pub fn delivery(&self, order: &str) -> Option<Value> {
        let rows = self.agent().get("/api/v1/deliveries").ok()?;
        find(rows.rows(), "order_id", order).cloned()
    }

    /// Changes a price from now on, in HQ's API for the console.
    pub fn change_price(&self, product: &str, price: u64) {
        let body = json!({"price": price, "effectiveAt": null, "stationCode": null});
        let answer = self.hq().post_json(&format!("/api/v1/products/{product}/prices"), body).unwrap();
        assert!(answer.is_success(), "{answer:?}");
    }
}

/// A list, which must be there.
pub fn list(client: &Client, path: &str) -> Vec<Value> {
    let answer: Answer = client.get(path).unwrap();
    assert_eq!(answer.status, 200, "GET {path}: {}", answer.body);
    answer.rows().to_vec()
}

/// The row whose field has a value.
pub fn find<'rows>(rows: &'rows [Value], field: &str, value: &str) -> Option<&'rows Value> {
    rows.iter().find(|row| row.get(field).and_then(Value::as_str) == Some(value))
}

pub fn text(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_else(|| panic!("no text `{field}` in {row}")).to_owned()
}

pub fn ids(rows: &[Value], field: &str) -> Vec<String> {
    rows.iter().map(|row| text(row, field)).collect()
}

/// A quantity of the JSON in thousandths, read from its digits.
pub fn milli(row: &Value, field: &str) -> i64 {
    let digits = row[field].to_string();
    let (whole, rest) = digits.split_once('.').unwrap_or((&digits, ""));
    assert!(rest.len() <= 3, "{field} has more than three decimals: {digits}");
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    let whole: i64 = whole.parse().unwrap_or_else(|_| panic!("{field} is no quantity: {digits}"));
    whole * 1000 + sign * format!("{rest:0<3}").parse::<i64>().unwrap()
}

pub fn stock_milli(agent: &Client, product: &str) -> i64 {
    let rows = list(agent, "/stockSummaries");
    find(&rows, "productId", product).map_or(0, |row| milli(row, "qty"))
}

/// Quantity in thousandths and won that the station counts as sold today.
pub fn sold(agent: &Client, product: &str) -> (i64, i64) {
    let rows = list(agent, "/salesSummaries");
    find(&rows, "productId", product)
        .map_or((0, 0), |row| (milli(row, "qty"), row["amount"].as_i64().unwrap()))
}

/// Sells at a till and returns the new sale's id.
pub fn sell(till: &Client, product: &str, quantity: &str) -> String {
    let before = ids(&list(till, "/sales"), "saleId");
    let answer = till.post_form("/sales", &[("productId", product), ("qty", quantity)]).unwrap();
    assert_eq!((answer.status, &answer.body), (200, &Value::Bool(true)));
    ids(&list(till, "/sales"), "saleId").into_iter().find(|id| !before.contains(id)).unwrap()
}

/// What a till asks for a product now.
pub fn menu_price(till: &Client, product: &str) -> Option<u64> {
    let menu = till.get("/productMenus").ok()?;
    find(menu.rows(), "productId", product)?["price"].as_u64()
}

/// The price of the sample catalogue.
pub fn sample_price(product: &str) -> u64 {
    catalogue::products().unwrap().into_iter().find(|known| known.product_id == product).unwrap().price
}

/// Won of a line: unit price times quantity, half up; written here again so that it does not trust the product's.
pub fn won(price: u64, quantity_milli: u64) -> i64 {
    i64::try_from((price * quantity_milli + 500) / 1000).unwrap()
}
