//! Products, prices and stations as every program keeps them from HQ's feeds, and the rule of the price.

use crate::fact::{Fact, FeedScope, PriceScheduled, PriceScope, ProductChanged};
use crate::ids::{ProductId, StationCode};
use crate::project::{LiveTable, Posting, Projection, ProjectionError};
use crate::rows::{RowKey, Rows, Table as _, Value};

crate::table! {
    /// A product.
    pub struct Product in "products" { product_id: String } {
        name_ko: String,
        name_en: String,
        /// `fuel` or `goods`.
        kind: String,
        /// `L` or `ea`.
        unit: String,
        /// `taxed`, `exempt` or `taxFree`.
        tax: String,
        barcode: Option<String>,
        /// Feed version that brought it.
        version: i64,
    }
}

crate::table! {
    /// A scheduled price. `scope` is empty for the chain, or a station's code.
    pub struct Price in "prices" { product_id: String, scope: String, effective_at_ms: i64 } {
        price: i64,
        /// Feed version that brought it.
        version: i64,
    }
}

crate::table! {
    /// A station of the chain.
    pub struct Station in "stations" { station: String } {
        name: String,
        address: String,
        version: i64,
    }
}

/// The price of a product at a moment (R19): of the most specific scope that has one, the schedule with the
/// greatest `effective_at_ms` not after `at_ms`; ties go to the higher version. `prices` are of one product.
pub fn price_at<'a>(prices: &'a [Price], station: &StationCode, at_ms: i64) -> Option<&'a Price> {
    let best = |scope: &str| {
        prices
            .iter()
            .filter(|price| price.scope == scope && price.effective_at_ms <= at_ms)
            .max_by_key(|price| (price.effective_at_ms, price.version))
    };
    best(station.as_str()).or_else(|| best(""))
}

/// The next change after `at_ms` that will be felt at `station`, if one is scheduled.
pub fn next_price<'a>(prices: &'a [Price], station: &StationCode, at_ms: i64) -> Option<&'a Price> {
    let current = price_at(prices, station, at_ms);
    prices
        .iter()
        .filter(|price| price.effective_at_ms > at_ms)
        .filter(|price| price.scope == station.as_str() || price.scope.is_empty())
        .filter(|price| price.scope == station.as_str() || current.is_none_or(|now| now.scope.is_empty()))
        .min_by_key(|price| (price.effective_at_ms, price.version))
}

/// Key of a product in the chain feed.
pub fn product_feed_key(product: &ProductChanged) -> String {
    product_published_as(&product.product)
}

/// The same, of a product that is known by its code.
pub fn product_published_as(product: &ProductId) -> String {
    format!("product/{product}")
}

/// The key under which a stored price was published in its feed.
pub fn price_published_as(price: &Price) -> String {
    format!("price/{}/{}/{}", price.product_id, price.scope, price.effective_at_ms)
}

/// Key of a price in its feed: two schedules for the same moment and scope replace each other.
pub fn price_feed_key(price: &PriceScheduled) -> String {
    format!("price/{}/{}/{}", price.product, scope_text(&price.scope), price.effective_at_ms)
}

/// Key of a station in the chain feed.
pub fn station_feed_key(station: &StationCode) -> String {
    format!("station/{station}")
}

/// The row that an item with this key fills, if it is one of the catalogue's.
fn row_of(key: &str) -> Option<RowKey> {
    let (kind, rest) = key.split_once('/')?;
    match kind {
        "product" => Some(Product::key(rest)),
        "station" => Some(Station::key(rest)),
        "price" => {
            let mut parts = rest.split('/');
            let (product, scope, at_ms) = (parts.next()?, parts.next()?, parts.next()?.parse::<i64>().ok()?);
            parts.next().is_none().then(|| Price::key(product, scope, at_ms))
        }
        _ => None,
    }
}

const fn all(_: &FeedScope, _: &[Value]) -> bool {
    true
}

/// A chain-wide price has the empty scope, a station's price its code.
fn price_is_of(feed: &FeedScope, key: &[Value]) -> bool {
    let Some(Value::Text(scope)) = key.get(1) else { return false };
    match feed {
        FeedScope::Chain => scope.is_empty(),
        FeedScope::Station(code) => scope == code.as_str(),
        FeedScope::Local(_) => false,
    }
}

fn scope_text(scope: &PriceScope) -> &str {
    match scope {
        PriceScope::Chain => "",
        PriceScope::Station(code) => code.as_str(),
    }
}

/// Keeps `products`, `prices` and `stations`.
#[derive(Debug, Default, Clone, Copy)]
pub struct Catalogue;

impl Projection for Catalogue {
    fn wants(&self, _posting: &Posting, _rows: &Rows) -> Vec<RowKey> {
        Vec::new()
    }

    fn project(&self, posting: &Posting, rows: &mut Rows) -> Result<(), ProjectionError> {
        let version = posting.feed_version.map_or(0, |version| i64::try_from(version.0).unwrap_or(i64::MAX));
        match &posting.envelope.fact {
            Fact::ProductChanged(product) => rows.put(Product {
                product_id: product.product.to_string(),
                name_ko: product.name_ko.clone(),
                name_en: product.name_en.clone(),
                kind: product.kind.as_str().to_owned(),
                unit: product.unit.as_str().to_owned(),
                tax: product.tax.as_str().to_owned(),
                barcode: product.barcode.clone(),
                version,
            }),
            Fact::PriceScheduled(price) => {
                if price.price.0 < 0 {
                    return Err(ProjectionError::Rejected("a price must not be negative".to_owned()));
                }
                rows.put(Price {
                    product_id: price.product.to_string(),
                    scope: scope_text(&price.scope).to_owned(),
                    effective_at_ms: price.effective_at_ms,
                    price: price.price.0,
                    version,
                });
            }
            Fact::StationAdded(station) => rows.put(Station {
                station: station.station.to_string(),
                name: station.name.clone(),
                address: station.address.clone(),
                version,
            }),
            _ => {}
        }
        Ok(())
    }

    fn live(&self, scope: &FeedScope) -> Vec<LiveTable> {
        let prices = LiveTable { table: Price::SPEC, holds: price_is_of };
        match scope {
            FeedScope::Chain => vec![
                LiveTable { table: Product::SPEC, holds: all },
                prices,
                LiveTable { table: Station::SPEC, holds: all },
            ],
            FeedScope::Station(_) => vec![prices],
            FeedScope::Local(_) => Vec::new(),
        }
    }

    fn withdrawn(&self, scope: &FeedScope, key: &str) -> Vec<RowKey> {
        // A feed takes back what it may publish, and nothing of another.
        let may = |row: &RowKey| {
            self.live(scope).iter().any(|live| live.table == row.table.0 && (live.holds)(scope, &row.key))
        };
        row_of(key).filter(may).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(scope: &str, effective_at_ms: i64, price: i64, version: i64) -> Price {
        Price { product_id: "CD1001".into(), scope: scope.into(), effective_at_ms, price, version }
    }

    #[test]
    fn the_most_specific_scope_wins_and_then_the_latest_schedule() {
        let here = StationCode::new("ST0001").unwrap();
        let there = StationCode::new("ST0002").unwrap();
        let prices = [
            price("", 0, 1600, 1),
            price("", 100, 1700, 2),
            price("ST0001", 50, 1650, 3),
            price("", 900, 1800, 4),
        ];
        assert_eq!(price_at(&prices, &there, 99).unwrap().price, 1600);
        assert_eq!(price_at(&prices, &there, 100).unwrap().price, 1700);
        assert_eq!(price_at(&prices, &here, 100).unwrap().price, 1650);
        assert_eq!(next_price(&prices, &there, 100).unwrap().price, 1800);
        assert_eq!(next_price(&prices, &here, 100), None);
        assert_eq!(price_at(&[], &here, 100), None);
    }
}
