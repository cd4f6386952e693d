//! Orders from this station to HQ. The id is minted here, so that ordering works while HQ is away.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sync::Draft;
use sync::node::Beside;
use sync_proto::fact::{Fact, OrderCancelRequested, OrderRequested};
use sync_proto::ledger::StationOrder;
use sync_proto::{Quantity, RequestId, StationCode};

use super::{IdempotencyKey, LedgerError, idempotency, product_of, shown};
use crate::calendar::Moment;
use crate::store::{AgentNode, next_number};

/// Counter of requests.
const COUNTER: &str = "order_request";

/// Most orders in one list.
const LIST_LEN_MAX: u32 = 1_000;

/// 주문요청: asks HQ for a product. Gives the request's id, `ST0001-R-K7Q2M-12`.
///
/// # Errors
/// Unknown product; not positive, part of a piece, or absurdly large.
pub fn request(
    node: &mut AgentNode,
    now: &Moment,
    station: &StationCode,
    product: &str,
    milli: i64,
    key: Option<&IdempotencyKey>,
) -> Result<String, LedgerError> {
    let (product, unit) = product_of(node, product)?;
    let quantity = Quantity::positive_from_milli(unit, milli)?;
    let asked = format!("order {product} {milli}");
    if let Some(request) = idempotency::outcome(node, key, &asked)? {
        return Ok(request);
    }
    let (series, number, counter) = next_number(node, COUNTER)?;
    let request = RequestId::new(format!("{station}-R-{series}-{number}"))
        .map_err(|why| LedgerError::Damaged(format!("a request's number: {why}")))?;
    let mut rows = idempotency::rows(node, key, &asked, request.as_str(), now.stamp.wall_ms)?;
    rows.push(counter);
    let id = request.to_string();
    let draft = Draft::new(Fact::OrderRequested(OrderRequested { request, product, quantity }));
    node.record(now.stamp, now.day.as_ref(), &[draft], Beside { rows, cursors: Vec::new() })?;
    Ok(id)
}

/// Asks HQ to call an order off; HQ answers with `OrderCancelled` unless its shipment has left.
///
/// # Errors
/// Not a request of this station, or its shipment has left.
pub fn request_cancel(
    node: &mut AgentNode,
    now: &Moment,
    station: &StationCode,
    request: &str,
    key: Option<&IdempotencyKey>,
) -> Result<(), LedgerError> {
    let unknown = || LedgerError::UnknownOrder(shown(request));
    let request = RequestId::new(request).map_err(|_| unknown())?;
    let asked = format!("cancel {request}");
    if idempotency::outcome(node, key, &asked)?.is_some() {
        return Ok(());
    }
    let row = node.get::<StationOrder>(&StationOrder::key(station.as_str(), request.as_str()))?;
    let row = row.ok_or_else(unknown)?;
    match row.status.as_str() {
        "requested" | "ordered" => {}
        "shipped" | "confirmed" => return Err(LedgerError::OrderOnItsWay(request.to_string())),
        _ => return Ok(()),
    }
    let rows = idempotency::rows(node, key, &asked, request.as_str(), now.stamp.wall_ms)?;
    let draft = Draft::new(Fact::OrderCancelRequested(OrderCancelRequested { request }));
    node.record(now.stamp, now.day.as_ref(), &[draft], Beside { rows, cursors: Vec::new() })?;
    Ok(())
}

/// An order with its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNow {
    /// The request's id, or HQ's when HQ placed it.
    pub order_key: String,
    /// HQ's id, once it has answered.
    pub order_id: Option<String>,
    /// The chain's code.
    pub product_id: String,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// Thousandths.
    pub quantity_milli: i64,
    /// `L` or `ea`.
    pub unit: String,
    /// `requested`, `ordered`, `shipped`, `confirmed`, `cancelled`, `refused`.
    pub status: String,
    /// Code of a refusal.
    pub reason: Option<String>,
    /// Milliseconds since 1970 UTC.
    pub requested_at_ms: i64,
}

/// Orders, newest first.
///
/// # Errors
/// The database does not answer.
pub fn list(connection: &Connection, station: &StationCode) -> rusqlite::Result<Vec<OrderNow>> {
    connection
        .prepare_cached(
            "SELECT o.order_key, o.order_id, o.product_id, coalesce(p.name_ko, o.product_id), \
                    coalesce(p.name_en, o.product_id), o.quantity_milli, o.unit, o.status, o.reason, \
                    o.requested_at_ms \
             FROM station_orders o LEFT JOIN products p ON p.product_id = o.product_id \
             WHERE o.station = $1 ORDER BY o.rowid DESC LIMIT $2",
        )?
        .query_map(params![station.as_str(), LIST_LEN_MAX], order)?
        .collect()
}

/// One order.
///
/// # Errors
/// The database does not answer.
pub fn find(
    connection: &Connection,
    station: &StationCode,
    order_key: &str,
) -> rusqlite::Result<Option<OrderNow>> {
    connection
        .prepare_cached(
            "SELECT o.order_key, o.order_id, o.product_id, coalesce(p.name_ko, o.product_id), \
                    coalesce(p.name_en, o.product_id), o.quantity_milli, o.unit, o.status, o.reason, \
                    o.requested_at_ms \
             FROM station_orders o LEFT JOIN products p ON p.product_id = o.product_id \
             WHERE o.station = $1 AND o.order_key = $2",
        )?
        .query_row(params![station.as_str(), order_key], order)
        .optional()
}

fn order(row: &Row<'_>) -> rusqlite::Result<OrderNow> {
    Ok(OrderNow {
        order_key: row.get(0)?,
        order_id: row.get(1)?,
        product_id: row.get(2)?,
        name_ko: row.get(3)?,
        name_en: row.get(4)?,
        quantity_milli: row.get(5)?,
        unit: row.get(6)?,
        status: row.get(7)?,
        reason: row.get(8)?,
        requested_at_ms: row.get(9)?,
    })
}
