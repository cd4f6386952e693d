//! Sales of this till: the last ones with how far each has got, one in full, and the list of integrations.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sync_proto::fact::{ProductKind, Tender};
use sync_proto::{AccountId, Money, SaleId};

use crate::cart::{CartLine, read_line};
use crate::error::TillError;
use crate::tables::CartLineRow;

/// Sales that one answer lists at most.
pub const SALE_ROWS_MAX: i64 = 1_000;

/// The till's upstreams, as its acknowledgements name them.
pub const AGENT: &str = "agent";
/// See [`AGENT`].
pub const HQ: &str = "hq";

/// A sale as a list shows it. Times are milliseconds since 1970 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleRow {
    /// The receipt number, which is the sale's id.
    pub sale: SaleId,
    /// When it was sold.
    pub sold_at_ms: i64,
    /// First product, and how many lines more, in Korean.
    pub summary_ko: String,
    /// The same in English.
    pub summary_en: String,
    /// Won.
    pub total: Money,
    /// `cash`, `card`, `account`, as paid.
    pub tenders: Vec<String>,
    /// When it was cancelled, if it was.
    pub cancelled_at_ms: Option<i64>,
    /// When this till committed it, or its cancellation.
    pub till_at_ms: i64,
    /// Since when the station holds that; `None` as long as it does not.
    pub station_at_ms: Option<i64>,
    /// Since when HQ holds that.
    pub hq_at_ms: Option<i64>,
}

const COLUMNS: &str = "SELECT s.sale_id, s.sold_at_ms, s.total, s.cancelled_at_ms, \
     coalesce(c.stream, s.stream), coalesce(c.seq, s.seq) \
     FROM sales s LEFT JOIN cancellation_places c ON c.sale_id = s.sale_id WHERE s.sold_at_ms IS NOT NULL";

/// The last sales, newest first.
///
/// # Errors
/// The database does not answer.
pub fn sales(connection: &Connection, limit: i64) -> Result<Vec<SaleRow>, TillError> {
    let limit = limit.clamp(0, SALE_ROWS_MAX);
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} ORDER BY s.rowid DESC LIMIT $1"))?;
    let found: Vec<Listed> = statement.query_map([limit], listed)?.collect::<Result<_, _>>()?;
    let streams = streams(connection)?;
    found.into_iter().map(|row| completed(connection, &streams, row)).collect()
}

/// One sale.
///
/// # Errors
/// [`TillError::UnknownSale`] when this till has none of that number.
pub fn sale(connection: &Connection, sale: &SaleId) -> Result<SaleRow, TillError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} AND s.sale_id = $1"))?;
    let found = statement.query_row([sale.as_str()], listed).optional()?;
    let found = found.ok_or_else(|| TillError::UnknownSale(sale.to_string()))?;
    completed(connection, &streams(connection)?, found)
}

/// Lines of a sale, with the products' names as they are now.
///
/// # Errors
/// The database does not answer.
pub fn lines(connection: &Connection, sale: &SaleId) -> Result<Vec<CartLine>, TillError> {
    let mut statement = connection.prepare_cached(
        "SELECT l.line_no, l.product_id, l.quantity_milli, l.unit, l.unit_price, l.amount, l.tax, l.price_version, \
         coalesce(p.name_ko, l.product_id), coalesce(p.name_en, l.product_id), coalesce(p.kind, 'goods') \
         FROM sale_lines l LEFT JOIN products p ON p.product_id = l.product_id \
         WHERE l.sale_id = $1 ORDER BY l.line_no",
    )?;
    let mut rows = statement.query([sale.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read_cart_line(row)?);
    }
    Ok(found)
}

/// Reads the eleven columns of a line with its product's names and kind.
pub(crate) fn read_cart_line(row: &Row<'_>) -> Result<CartLine, TillError> {
    let stored = CartLineRow {
        line_no: row.get(0)?,
        product_id: row.get(1)?,
        quantity_milli: row.get(2)?,
        unit: row.get(3)?,
        unit_price: row.get(4)?,
        amount: row.get(5)?,
        tax: row.get(6)?,
        price_version: row.get(7)?,
    };
    let kind: String = row.get(10)?;
    Ok(CartLine {
        line_no: stored.line_no,
        name_ko: row.get(8)?,
        name_en: row.get(9)?,
        kind: ProductKind::parse(&kind).unwrap_or(ProductKind::Goods),
        line: read_line(stored)?,
    })
}

/// Tenders of a sale.
///
/// # Errors
/// The database does not answer, or holds a tender that does not read.
pub fn tenders(connection: &Connection, sale: &SaleId) -> Result<Vec<Tender>, TillError> {
    type Stored = (String, i64, Option<String>, Option<String>);
    let damaged = || sync::StoreError::Damaged(format!("a tender of sale {sale} does not read"));
    let stored: Vec<Stored> = connection
        .prepare_cached(
            "SELECT kind, amount, approval, account_id FROM sale_tenders WHERE sale_id = $1 ORDER BY tender_no",
        )?
        .query_map([sale.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    let mut found = Vec::with_capacity(stored.len());
    for (kind, amount, approval, account) in stored {
        let amount = Money(amount);
        found.push(match (kind.as_str(), approval, account) {
            ("cash", _, _) => Tender::Cash { amount },
            ("card", Some(approval), _) => Tender::Card { amount, approval },
            ("account", _, Some(account)) => {
                Tender::Account { amount, account: AccountId::new(account).map_err(|_| damaged())? }
            }
            _ => return Err(damaged().into()),
        });
    }
    Ok(found)
}

/// A line of a sale as integrations list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldLine {
    /// The sale.
    pub sale_id: String,
    /// The chain's code.
    pub product_id: String,
    /// Korean name as it is now.
    pub product_name: String,
    /// Won per litre or piece.
    pub price: i64,
    /// Thousandths of a litre or piece.
    pub quantity_milli: i64,
    /// Won.
    pub amount: i64,
    /// Whom it was charged to.
    pub account_id: Option<String>,
    /// Their name, if its record is here.
    pub account_name: Option<String>,
    /// Whether the sale was cancelled.
    pub cancelled: bool,
}

/// Lines of sales in the order they were sold, newest last: of the `limit` newest sales, or of the `limit` that
/// follow the sale `after`.
///
/// # Errors
/// [`TillError::UnknownSale`] when there is no sale `after`.
pub fn page(connection: &Connection, after: Option<&SaleId>, limit: i64) -> Result<Vec<SoldLine>, TillError> {
    let limit = limit.clamp(0, SALE_ROWS_MAX);
    let from: i64 = match after {
        Some(after) => connection
            .prepare_cached("SELECT rowid FROM sales WHERE sale_id = $1")?
            .query_row([after.as_str()], |row| row.get::<_, i64>(0))
            .optional()?
            .ok_or_else(|| TillError::UnknownSale(after.to_string()))?,
        None => connection
            .prepare_cached(
                "SELECT coalesce(min(place), 1) FROM (SELECT rowid AS place FROM sales ORDER BY rowid DESC LIMIT $1)",
            )?
            .query_row([limit], |row| row.get::<_, i64>(0))?
            .saturating_sub(1),
    };
    let mut statement = connection.prepare_cached(
        "SELECT s.sale_id, l.product_id, coalesce(p.name_ko, l.product_id), l.unit_price, l.quantity_milli, \
         l.amount, s.account_id, n.name, s.cancelled_at_ms IS NOT NULL \
         FROM (SELECT rowid AS place, * FROM sales WHERE rowid > $1 AND sold_at_ms IS NOT NULL \
               ORDER BY rowid LIMIT $2) s \
         JOIN sale_lines l ON l.sale_id = s.sale_id \
         LEFT JOIN products p ON p.product_id = l.product_id \
         LEFT JOIN subjects n ON n.subject_id = s.account_id \
         ORDER BY s.place, l.line_no",
    )?;
    let found = statement.query_map(params![from, limit], |row| {
        Ok(SoldLine {
            sale_id: row.get(0)?,
            product_id: row.get(1)?,
            product_name: row.get(2)?,
            price: row.get(3)?,
            quantity_milli: row.get(4)?,
            amount: row.get(5)?,
            account_id: row.get(6)?,
            account_name: row.get(7)?,
            cancelled: row.get(8)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

struct Listed {
    sale_id: String,
    sold_at_ms: i64,
    total: i64,
    cancelled_at_ms: Option<i64>,
    stream: String,
    seq: i64,
}

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed {
        sale_id: row.get(0)?,
        sold_at_ms: row.get(1)?,
        total: row.get(2)?,
        cancelled_at_ms: row.get(3)?,
        stream: row.get(4)?,
        seq: row.get(5)?,
    })
}

fn completed(
    connection: &Connection,
    streams: &BTreeMap<String, i64>,
    row: Listed,
) -> Result<SaleRow, TillError> {
    let sale = SaleId::new(row.sale_id).map_err(TillError::storage)?;
    let lines = lines(connection, &sale)?;
    let tenders = tenders(connection, &sale)?;
    let (stream, seq) = carried_to(connection, row.stream, row.seq)?;
    let place = streams.get(&stream).map(|stream| (*stream, seq));
    let reached = |upstream| match place {
        Some(place) => reached_at_ms(connection, upstream, place),
        None => Ok(None),
    };
    let first = |name: fn(&CartLine) -> &str| lines.first().map(name).unwrap_or_default().to_owned();
    let (mut summary_ko, mut summary_en) = (first(|l| &l.name_ko), first(|l| &l.name_en));
    if let Some(more @ 1..) = lines.len().checked_sub(1) {
        summary_ko.push_str(&format!(" 외 {more}건"));
        summary_en.push_str(&format!(" and {more} more"));
    }
    Ok(SaleRow {
        station_at_ms: reached(AGENT)?,
        hq_at_ms: reached(HQ)?,
        sale,
        sold_at_ms: row.sold_at_ms,
        summary_ko,
        summary_en,
        total: Money(row.total),
        tenders: tenders.iter().map(|tender| tender.kind().to_owned()).collect(),
        cancelled_at_ms: row.cancelled_at_ms,
        till_at_ms: row.cancelled_at_ms.unwrap_or(row.sold_at_ms),
    })
}

/// The database's streams by their name in rows.
fn streams(connection: &Connection) -> rusqlite::Result<BTreeMap<String, i64>> {
    connection
        .prepare_cached("SELECT lower(hex(device) || hex(incarnation)), stream_id FROM streams")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Where an entry stands now that goes upstream: behind the end of a life it was carried over into the next one.
fn carried_to(connection: &Connection, stream: String, seq: i64) -> rusqlite::Result<(String, i64)> {
    let mut place = (stream, seq);
    loop {
        let next: Option<(i64, String)> = connection
            .prepare_cached("SELECT through, next FROM stream_cuts WHERE stream = $1 AND through < $2")?
            .query_row(params![place.0, place.1], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match next {
            // The next life's first entry says who writes; what was carried follows it.
            Some((through, next)) => place = (next, place.1 - through + 1),
            None => return Ok(place),
        }
    }
}

/// Since when `upstream` holds an entry; `None` while it does not, also after it was put back (R11).
fn reached_at_ms(
    connection: &Connection,
    upstream: &str,
    (stream, seq): (i64, i64),
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT h.at_ms FROM acks a JOIN ack_history h ON h.upstream = a.upstream AND h.stream_id = a.stream_id \
             WHERE a.upstream = $1 AND a.stream_id = $2 AND a.through >= $3 AND h.through >= $3 \
             ORDER BY h.through LIMIT 1",
        )?
        .query_row(params![upstream, stream, seq], |row| row.get(0))
        .optional()
}
