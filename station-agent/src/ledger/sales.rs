//! Sales of the station: totals of a business day, by product and by hour. Cancellations are taken out on
//! the business day on which they happened.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use sync::link::DaySold;
use sync_proto::{BusinessDay, StationCode};

use super::{LedgerError, Page};
use crate::calendar::Calendar;

/// Zones differ from UTC by whole quarters of an hour, so a quarter belongs to one hour in any of them.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// What was sold of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductSales {
    /// The chain's code.
    pub product_id: String,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// `L` or `ea`.
    pub unit: String,
    /// Thousandths.
    pub quantity_milli: i64,
    /// Won.
    pub amount: i64,
    /// Lines of sales.
    pub line_count: i64,
}

/// By product: of one business day, or of all of them.
///
/// # Errors
/// The database does not answer.
pub fn by_product(
    connection: &Connection,
    station: &StationCode,
    day: Option<&BusinessDay>,
) -> rusqlite::Result<Vec<ProductSales>> {
    connection
        .prepare_cached(
            "SELECT t.product_id, coalesce(p.name_ko, t.product_id), coalesce(p.name_en, t.product_id), \
                    coalesce(p.unit, 'ea'), sum(t.quantity_milli), sum(t.amount), sum(t.line_count) \
             FROM sales_summaries t LEFT JOIN products p ON p.product_id = t.product_id \
             WHERE t.station = $1 AND ($2 IS NULL OR t.business_day = $2) \
             GROUP BY t.product_id ORDER BY t.product_id",
        )?
        .query_map(params![station.as_str(), day.map(BusinessDay::as_str)], |row| {
            Ok(ProductSales {
                product_id: row.get(0)?,
                name_ko: row.get(1)?,
                name_en: row.get(2)?,
                unit: row.get(3)?,
                quantity_milli: row.get(4)?,
                amount: row.get(5)?,
                line_count: row.get(6)?,
            })
        })?
        .collect()
}

/// A part of [`by_product`] for integrations.
///
/// # Errors
/// `page.after` is not in the list, or the database does not answer.
pub fn summaries(
    connection: &Connection,
    station: &StationCode,
    day: Option<&BusinessDay>,
    page: &Page,
) -> Result<Vec<ProductSales>, LedgerError> {
    page.cut(by_product(connection, station, day)?, |row| &row.product_id)
}

/// Totals of a business day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DaySales {
    /// Sales made.
    pub sale_count: i64,
    /// Cancellations made.
    pub cancelled_count: i64,
    /// Won, cancellations taken out.
    pub amount: i64,
}

/// All tills together.
///
/// # Errors
/// The database does not answer.
pub fn day_total(
    connection: &Connection,
    station: &StationCode,
    day: &BusinessDay,
) -> rusqlite::Result<DaySales> {
    connection
        .prepare_cached(
            "SELECT coalesce(sum(sale_count), 0), coalesce(sum(cancelled_count), 0), coalesce(sum(amount), 0) \
             FROM day_totals WHERE station = $1 AND business_day = $2",
        )?
        .query_row(params![station.as_str(), day.as_str()], |row| {
            Ok(DaySales { sale_count: row.get(0)?, cancelled_count: row.get(1)?, amount: row.get(2)? })
        })
}

/// What all tills together sold on the newest business day that has sales.
///
/// # Errors
/// The database does not answer.
pub fn newest_day(connection: &Connection, station: &StationCode) -> rusqlite::Result<Option<DaySold>> {
    connection
        .prepare_cached(
            "SELECT business_day, sum(sale_count), sum(amount) FROM day_totals WHERE station = $1 \
             GROUP BY business_day ORDER BY business_day DESC LIMIT 1",
        )?
        .query_row([station.as_str()], |row| {
            Ok(DaySold { business_day: row.get(0)?, sales: row.get(1)?, amount: row.get(2)? })
        })
        .optional()
}

/// What was sold in one hour of the station's clock; cancelled sales are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HourTotal {
    /// Won.
    pub amount: i64,
    /// Quantities of all products added up.
    pub quantity_milli: i64,
}

/// Hours with sales.
///
/// # Errors
/// The database does not answer.
pub fn by_hour(
    connection: &Connection,
    station: &StationCode,
    day: &BusinessDay,
    calendar: &Calendar,
) -> rusqlite::Result<BTreeMap<u8, HourTotal>> {
    let mut statement = connection.prepare_cached(
        "SELECT s.sold_at_ms / $1 * $1, sum(l.amount), sum(l.quantity_milli) \
         FROM sales s JOIN sale_lines l ON l.sale_id = s.sale_id \
         WHERE s.station = $2 AND s.business_day = $3 AND s.sold_at_ms IS NOT NULL AND s.cancelled_at_ms IS NULL \
         GROUP BY 1",
    )?;
    let rows = statement.query_map(params![QUARTER_MS, station.as_str(), day.as_str()], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    let mut hours: BTreeMap<u8, HourTotal> = BTreeMap::new();
    for row in rows {
        let (at_ms, amount, quantity_milli) = row?;
        let Some(hour) = calendar.hour(at_ms) else { continue };
        let total = hours.entry(hour).or_default();
        total.amount = total.amount.saturating_add(amount);
        total.quantity_milli = total.quantity_milli.saturating_add(quantity_milli);
    }
    Ok(hours)
}
