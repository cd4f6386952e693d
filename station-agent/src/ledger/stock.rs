//! Stock and its movements 재고흐름.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sync::node::Beside;
use sync::{Draft, Store as _};
use sync_proto::decimal::format_milli;
use sync_proto::fact::{Fact, StockMoveReason, StockMoved};
use sync_proto::{Quantity, StationCode};

use super::{IdempotencyKey, LedgerError, Page, idempotency, product_of, shown};
use crate::calendar::Moment;
use crate::store::AgentNode;

/// Records a movement that no sale and no receipt explains; signed, positive is in. Gives the movement's id.
///
/// # Errors
/// Unknown product or reason; zero, part of a piece, or absurdly large.
pub fn move_stock(
    node: &mut AgentNode,
    now: &Moment,
    product: &str,
    milli: i64,
    reason: &str,
    key: Option<&IdempotencyKey>,
) -> Result<String, LedgerError> {
    let (product, unit) = product_of(node, product)?;
    let reason = StockMoveReason::parse(reason).ok_or_else(|| LedgerError::UnknownReason(shown(reason)))?;
    let quantity = Quantity::from_milli(unit, milli)?;
    if milli == 0 {
        return Err(LedgerError::ZeroQuantity);
    }
    let request = format!("move {product} {} {}", format_milli(milli), reason.as_str());
    if let Some(flow_id) = idempotency::outcome(node, key, &request)? {
        return Ok(flow_id);
    }
    // The projection names a movement by its entry, which is the next one of this journal.
    let own = node.own_stream();
    let seq = node.store().stream(&own)?.map(|row| row.head.seq).unwrap_or_default().next();
    let flow_id = format!("{}.1", sync_proto::EntryKey { stream: own, seq }.to_text());
    let rows = idempotency::rows(node, key, &request, &flow_id, now.stamp.wall_ms)?;
    let draft = Draft::new(Fact::StockMoved(StockMoved { product, quantity, reason }));
    node.record(now.stamp, now.day.as_ref(), &[draft], Beside { rows, cursors: Vec::new() })?;
    Ok(flow_id)
}

/// Stock of a product, with what was sold today and what is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockNow {
    /// The chain's code.
    pub product_id: String,
    /// Korean name; the code for a product that HQ has not sent yet.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// `fuel` or `goods`.
    pub kind: String,
    /// `L` or `ea`.
    pub unit: String,
    /// Book stock.
    pub on_hand_milli: i64,
    /// Net of cancellations.
    pub sold_today_milli: i64,
    /// Shipped to this station and not confirmed.
    pub expected_milli: i64,
}

/// Every product with its stock, also at zero, and every stock, also of a product not known yet.
///
/// # Errors
/// The database does not answer.
pub fn stock_now(
    connection: &Connection,
    station: &StationCode,
    day: &str,
) -> rusqlite::Result<Vec<StockNow>> {
    connection
        .prepare_cached(
            "SELECT coalesce(p.product_id, s.product_id) AS id, coalesce(p.name_ko, s.product_id), \
                    coalesce(p.name_en, s.product_id), coalesce(p.kind, 'goods'), coalesce(p.unit, 'ea'), \
                    coalesce(s.on_hand_milli, 0), coalesce(t.quantity_milli, 0), \
                    coalesce((SELECT sum(d.quantity_milli) FROM deliveries d \
                              WHERE d.station = $1 AND d.received_at_ms IS NULL \
                                AND d.product_id = coalesce(p.product_id, s.product_id)), 0) \
             FROM products p \
             FULL JOIN (SELECT product_id, on_hand_milli FROM stock WHERE station = $1) s \
               ON s.product_id = p.product_id \
             LEFT JOIN sales_summaries t \
               ON t.station = $1 AND t.business_day = $2 AND t.product_id = coalesce(p.product_id, s.product_id) \
             ORDER BY (coalesce(p.kind, 'goods') = 'goods'), id",
        )?
        .query_map(params![station.as_str(), day], |row| {
            Ok(StockNow {
                product_id: row.get(0)?,
                name_ko: row.get(1)?,
                name_en: row.get(2)?,
                kind: row.get(3)?,
                unit: row.get(4)?,
                on_hand_milli: row.get(5)?,
                sold_today_milli: row.get(6)?,
                expected_milli: row.get(7)?,
            })
        })?
        .collect()
}

/// A part of [`stock_now`] for integrations.
///
/// # Errors
/// `after` is not in the list, or the database does not answer.
pub fn summaries(
    connection: &Connection,
    station: &StationCode,
    page: &Page,
) -> Result<Vec<StockNow>, LedgerError> {
    page.cut(stock_now(connection, station, "")?, |row| &row.product_id)
}

/// A movement of stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Its id.
    pub flow_id: String,
    /// The chain's code.
    pub product_id: String,
    /// Korean name; the code for a product that HQ has not sent yet.
    pub name_ko: String,
    /// Signed, positive is in.
    pub quantity_milli: i64,
    /// Stock after it.
    pub after_milli: i64,
    /// Why.
    pub reason: String,
    /// Of a receipt.
    pub order_id: Option<String>,
    /// Of a sale or its cancellation.
    pub sale_id: Option<String>,
    /// On which business day.
    pub business_day: String,
    /// When, milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// Movements in the order they were booked here.
///
/// # Errors
/// `page.after` is not a movement's id, or the database does not answer.
pub fn flows(connection: &Connection, station: &StationCode, page: &Page) -> Result<Vec<Flow>, LedgerError> {
    let place = |id: &str| {
        connection
            .prepare_cached("SELECT rowid FROM stock_flows WHERE station = $1 AND flow_id = $2")?
            .query_row(params![station.as_str(), id], |row| row.get(0))
            .optional()
    };
    page.read(place, |after, limit| match after {
        None => connection
            .prepare_cached(
                "SELECT f.flow_id, f.product_id, coalesce(p.name_ko, f.product_id), f.quantity_milli, f.after_milli, \
                        f.reason, f.order_id, f.sale_id, f.business_day, f.at_ms \
                 FROM stock_flows f LEFT JOIN products p ON p.product_id = f.product_id \
                 WHERE f.station = $1 ORDER BY f.rowid DESC LIMIT $2",
            )?
            .query_map(params![station.as_str(), limit], flow)?
            .collect(),
        Some(after) => connection
            .prepare_cached(
                "SELECT f.flow_id, f.product_id, coalesce(p.name_ko, f.product_id), f.quantity_milli, f.after_milli, \
                        f.reason, f.order_id, f.sale_id, f.business_day, f.at_ms \
                 FROM stock_flows f LEFT JOIN products p ON p.product_id = f.product_id \
                 WHERE f.station = $1 AND f.rowid > $2 ORDER BY f.rowid LIMIT $3",
            )?
            .query_map(params![station.as_str(), after, limit], flow)?
            .collect(),
    })
}

fn flow(row: &Row<'_>) -> rusqlite::Result<Flow> {
    Ok(Flow {
        flow_id: row.get(0)?,
        product_id: row.get(1)?,
        name_ko: row.get(2)?,
        quantity_milli: row.get(3)?,
        after_milli: row.get(4)?,
        reason: row.get(5)?,
        order_id: row.get(6)?,
        sale_id: row.get(7)?,
        business_day: row.get(8)?,
        at_ms: row.get(9)?,
    })
}
