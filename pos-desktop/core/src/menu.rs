//! The menu: products that can be sold now, with their prices.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sync_proto::catalogue::{Price, next_price, price_at};
use sync_proto::fact::ProductKind;
use sync_proto::tax::TaxClass;
use sync_proto::{FeedVersion, Money, ProductId, StationCode, Unit};

use crate::error::TillError;

/// Products that one answer lists at most: more than a screen shows; the rest is a search away.
pub const MENU_ROWS_MAX: usize = 500;

/// Characters of a search that count; a barcode has 14, a product's name up to 100.
const QUERY_CHARS_MAX: usize = 100;

/// A product with its price now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuProduct {
    /// The chain's code.
    pub product: ProductId,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// Fuel or goods.
    pub kind: ProductKind,
    /// How it is counted.
    pub unit: Unit,
    /// How it is taxed.
    pub tax: TaxClass,
    /// EAN, if it has one.
    pub barcode: Option<String>,
    /// Per litre or piece, VAT included.
    pub price: Money,
    /// Feed version of that price (R19).
    pub price_version: FeedVersion,
    /// The next price and when it begins, milliseconds since 1970 UTC.
    pub next: Option<(Money, i64)>,
}

/// Where and when prices are read.
#[derive(Debug, Clone, Copy)]
pub struct PricePoint<'a> {
    /// At which station.
    pub station: &'a StationCode,
    /// At which moment, milliseconds since 1970 UTC.
    pub at_ms: i64,
}

const COLUMNS: &str = "SELECT product_id, name_ko, name_en, kind, unit, tax, barcode FROM products";

/// Products whose code, name or barcode contains `query`, fuels first; all of them when it is empty. Products
/// without a price now are left out.
///
/// # Errors
/// The database does not answer.
pub fn search(
    connection: &Connection,
    point: PricePoint<'_>,
    query: &str,
) -> Result<Vec<MenuProduct>, TillError> {
    let query: String = query.trim().chars().take(QUERY_CHARS_MAX).collect();
    let rows_max = i64::try_from(MENU_ROWS_MAX).unwrap_or(i64::MAX);
    let found: Vec<Listed> = if query.is_empty() {
        let sql = format!("{COLUMNS} ORDER BY (kind = 'goods'), product_id LIMIT $1");
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_map([rows_max], listed)?.collect::<Result<_, _>>()?
    } else {
        let sql = format!(
            "{COLUMNS} WHERE product_id LIKE $1 ESCAPE '\\' OR name_ko LIKE $1 ESCAPE '\\' \
             OR name_en LIKE $1 ESCAPE '\\' OR barcode LIKE $1 ESCAPE '\\' \
             ORDER BY (barcode IS $2 OR product_id = $2) DESC, (kind = 'goods'), product_id LIMIT $3"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        statement
            .query_map(params![containing(&query), query, rows_max], listed)?
            .collect::<Result<_, _>>()?
    };
    priced(connection, point, found)
}

/// Products in order of their code, after `after`, at most `limit`: the list of integrations.
///
/// # Errors
/// The database does not answer.
pub fn page(
    connection: &Connection,
    point: PricePoint<'_>,
    after: &str,
    limit: i64,
) -> Result<Vec<MenuProduct>, TillError> {
    let sql = format!("{COLUMNS} WHERE product_id > $1 ORDER BY product_id LIMIT $2");
    let mut statement = connection.prepare_cached(&sql)?;
    let found: Vec<Listed> = statement.query_map(params![after, limit], listed)?.collect::<Result<_, _>>()?;
    priced(connection, point, found)
}

/// One product with its price now.
///
/// # Errors
/// [`TillError::UnknownProduct`] when there is none, or it has no price yet.
pub fn product(
    connection: &Connection,
    point: PricePoint<'_>,
    product: &ProductId,
) -> Result<MenuProduct, TillError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE product_id = $1"))?;
    let found = statement.query_row([product.as_str()], listed).optional()?;
    let one = priced(connection, point, found.into_iter().collect())?.pop();
    one.ok_or_else(|| TillError::UnknownProduct(product.to_string()))
}

type Listed = (String, String, String, String, String, String, Option<String>);

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
}

fn priced(
    connection: &Connection,
    point: PricePoint<'_>,
    found: Vec<Listed>,
) -> Result<Vec<MenuProduct>, TillError> {
    let mut menu = Vec::with_capacity(found.len());
    for (product_id, name_ko, name_en, kind, unit, tax, barcode) in found {
        let prices = prices_of(connection, &product_id)?;
        let Some(current) = price_at(&prices, point.station, point.at_ms) else { continue };
        let (Ok(product), Some(kind), Some(unit), Some(tax)) = (
            ProductId::new(product_id),
            ProductKind::parse(&kind),
            Unit::parse(&unit),
            TaxClass::parse(&tax),
        ) else {
            continue;
        };
        let next = next_price(&prices, point.station, point.at_ms);
        menu.push(MenuProduct {
            product,
            name_ko,
            name_en,
            kind,
            unit,
            tax,
            barcode,
            price: Money(current.price),
            price_version: FeedVersion(u64::try_from(current.version).unwrap_or(0)),
            next: next.map(|price| (Money(price.price), price.effective_at_ms)),
        });
    }
    Ok(menu)
}

fn prices_of(connection: &Connection, product_id: &str) -> rusqlite::Result<Vec<Price>> {
    connection
        .prepare_cached(
            "SELECT product_id, scope, effective_at_ms, price, version FROM prices WHERE product_id = $1",
        )?
        .query_map([product_id], |row| {
            Ok(Price {
                product_id: row.get(0)?,
                scope: row.get(1)?,
                effective_at_ms: row.get(2)?,
                price: row.get(3)?,
                version: row.get(4)?,
            })
        })?
        .collect()
}

/// A LIKE pattern for "contains", with the wildcards of the search taken literally.
pub(crate) fn containing(query: &str) -> String {
    let mut pattern = String::with_capacity(query.len() + 2);
    pattern.push('%');
    for letter in query.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}
