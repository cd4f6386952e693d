//! Products as lists show them, with their prices and who has applied them.

use std::collections::HashMap;

use rusqlite::{Connection, Row};
use sync_proto::StationCode;
use sync_proto::catalogue::{Price, Product, price_at};

use super::acknowledgements::{Terminals, needed_version};
use crate::listing::{Page, newest_last};

/// A product with its chain-wide prices.
#[derive(Debug, Clone)]
pub struct ProductRow {
    /// The product.
    pub product: Product,
    /// The price that holds now; absent when none does yet.
    pub current: Option<Price>,
    /// Prices to come, soonest first.
    pub scheduled: Vec<Price>,
    /// Terminals known to HQ.
    pub terminals_total: usize,
    /// Those of them that have applied the product and its prices as they are.
    pub terminals_applied: usize,
}

const PRODUCTS: &str =
    "SELECT product_id, name_ko, name_en, kind, unit, tax, barcode, version FROM products p";
const PRICES: &str = "SELECT product_id, scope, effective_at_ms, price, version FROM prices";

/// A page of products, newest last. `writer` is HQ's incarnation, whose feed versions count.
pub fn list(
    connection: &Connection,
    page: &Page,
    writer: &str,
    at_ms: i64,
) -> rusqlite::Result<Vec<ProductRow>> {
    let place = "SELECT rowid FROM products WHERE product_id = $1";
    let products = newest_last(connection, PRODUCTS, "p", place, page, product_row)?;
    let mut prices: HashMap<String, Vec<Price>> = HashMap::new();
    let mut statement = connection.prepare_cached(&format!("{PRICES} WHERE scope = ''"))?;
    for price in statement.query_map([], price_row)? {
        let price = price?;
        prices.entry(price.product_id.clone()).or_default().push(price);
    }
    let terminals = Terminals::read(connection, writer)?;
    let with_prices = |product: Product| {
        let of_product = prices.remove(&product.product_id).unwrap_or_default();
        row_of(product, &of_product, &terminals, at_ms)
    };
    Ok(products.into_iter().map(with_prices).collect())
}

/// One product.
pub fn find(
    connection: &Connection,
    product_id: &str,
    writer: &str,
    at_ms: i64,
) -> rusqlite::Result<Option<ProductRow>> {
    use rusqlite::OptionalExtension as _;
    let product = connection
        .prepare_cached(&format!("{PRODUCTS} WHERE product_id = $1"))?
        .query_row([product_id], product_row)
        .optional()?;
    let Some(product) = product else { return Ok(None) };
    let prices = prices_of(connection, product_id)?;
    let terminals = Terminals::read(connection, writer)?;
    Ok(Some(row_of(product, &prices, &terminals, at_ms)))
}

/// Every scheduled price of a product, of all scopes.
pub(super) fn prices_of(connection: &Connection, product_id: &str) -> rusqlite::Result<Vec<Price>> {
    connection
        .prepare_cached(&format!("{PRICES} WHERE product_id = $1"))?
        .query_map([product_id], price_row)?
        .collect()
}

/// Prices that another one of the same product and scope replaced at or before `before_ms`.
pub(super) fn superseded(
    connection: &Connection,
    before_ms: i64,
    rows_max: u32,
) -> rusqlite::Result<Vec<Price>> {
    connection
        .prepare_cached(&format!(
            "{PRICES} WHERE EXISTS (SELECT 1 FROM prices later WHERE later.product_id = prices.product_id \
               AND later.scope = prices.scope AND later.effective_at_ms > prices.effective_at_ms \
               AND later.effective_at_ms <= $1) LIMIT $2"
        ))?
        .query_map((before_ms, rows_max), price_row)?
        .collect()
}

fn row_of(product: Product, prices: &[Price], terminals: &Terminals, at_ms: i64) -> ProductRow {
    // No station is called HQ, so only chain-wide prices count.
    let current = StationCode::new("HQ").ok().and_then(|nowhere| price_at(prices, &nowhere, at_ms).cloned());
    let mut scheduled: Vec<Price> = prices
        .iter()
        .filter(|price| price.scope.is_empty() && price.effective_at_ms > at_ms)
        .cloned()
        .collect();
    scheduled.sort_by_key(|price| (price.effective_at_ms, price.version));
    let needed = needed_version(&product, prices);
    ProductRow {
        terminals_total: terminals.len(),
        terminals_applied: terminals.applied(needed),
        product,
        current,
        scheduled,
    }
}

fn product_row(row: &Row<'_>) -> rusqlite::Result<Product> {
    Ok(Product {
        product_id: row.get(0)?,
        name_ko: row.get(1)?,
        name_en: row.get(2)?,
        kind: row.get(3)?,
        unit: row.get(4)?,
        tax: row.get(5)?,
        barcode: row.get(6)?,
        version: row.get(7)?,
    })
}

fn price_row(row: &Row<'_>) -> rusqlite::Result<Price> {
    Ok(Price {
        product_id: row.get(0)?,
        scope: row.get(1)?,
        effective_at_ms: row.get(2)?,
        price: row.get(3)?,
        version: row.get(4)?,
    })
}
