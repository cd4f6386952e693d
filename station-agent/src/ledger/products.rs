//! The station's product master 상품 with the price that holds now and the next one.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use sync_proto::StationCode;
use sync_proto::catalogue::{Price, next_price, price_at};

use super::{LedgerError, Page};

/// A product with its prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductNow {
    /// The chain's code.
    pub product_id: String,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// `fuel` or `goods`.
    pub kind: String,
    /// `L` or `ea`.
    pub unit: String,
    /// Won; absent while HQ has set none.
    pub price: Option<i64>,
    /// Won and from when, milliseconds since 1970 UTC.
    pub next: Option<(i64, i64)>,
}

/// Products, fuels first.
///
/// # Errors
/// `page.after` is not a product's code, or the database does not answer.
pub fn list(
    connection: &Connection,
    station: &StationCode,
    at_ms: i64,
    page: &Page,
) -> Result<Vec<ProductNow>, LedgerError> {
    let prices = prices(connection, station)?;
    let rows = connection
        .prepare_cached(
            "SELECT product_id, name_ko, name_en, kind, unit FROM products ORDER BY (kind = 'goods'), product_id",
        )?
        .query_map([], |row| {
            let product_id: String = row.get(0)?;
            let of: &[Price] = prices.get(&product_id).map_or(&[], Vec::as_slice);
            Ok(ProductNow {
                price: price_at(of, station, at_ms).map(|price| price.price),
                next: next_price(of, station, at_ms).map(|price| (price.price, price.effective_at_ms)),
                product_id,
                name_ko: row.get(1)?,
                name_en: row.get(2)?,
                kind: row.get(3)?,
                unit: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    page.cut(rows, |row| &row.product_id)
}

fn prices(connection: &Connection, station: &StationCode) -> rusqlite::Result<BTreeMap<String, Vec<Price>>> {
    let mut by_product: BTreeMap<String, Vec<Price>> = BTreeMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT product_id, scope, effective_at_ms, price, version FROM prices WHERE scope IN ('', $1)",
    )?;
    let rows = statement.query_map(params![station.as_str()], |row| {
        Ok(Price {
            product_id: row.get(0)?,
            scope: row.get(1)?,
            effective_at_ms: row.get(2)?,
            price: row.get(3)?,
            version: row.get(4)?,
        })
    })?;
    for price in rows {
        let price = price?;
        by_product.entry(price.product_id.clone()).or_default().push(price);
    }
    Ok(by_product)
}
