//! A station's orders and their status, as the orderer sees them.

use super::tables::{OrderLink, StationOrder};
use crate::envelope::Envelope;
use crate::fact::{Fact, Ordered};
use crate::ids::{OrderId, StationCode};
use crate::project::ProjectionError;
use crate::rows::{RowKey, Rows};

/// The station that an HQ fact about an order is for.
pub(super) const fn station_of(fact: &Fact) -> Option<&StationCode> {
    match fact {
        Fact::Ordered(ordered) => Some(&ordered.station),
        Fact::OrderRefused(refused) => Some(&refused.station),
        Fact::OrderCancelled(cancelled) => Some(&cancelled.station),
        Fact::Shipped(shipped) => Some(&shipped.station),
        _ => None,
    }
}

pub(super) fn wants(fact: &Fact, station: &StationCode, rows: &Rows) -> Vec<RowKey> {
    let station = station.as_str();
    match fact {
        Fact::OrderRequested(requested) => vec![StationOrder::key(station, requested.request.as_str())],
        Fact::OrderRefused(refused) => vec![StationOrder::key(station, refused.request.as_str())],
        Fact::Ordered(ordered) => vec![StationOrder::key(station, order_key(ordered))],
        Fact::OrderCancelled(cancelled) => by_order(station, &cancelled.order, rows),
        Fact::Shipped(shipped) => by_order(station, &shipped.order, rows),
        Fact::Received(received) => by_order(station, &received.order, rows),
        _ => Vec::new(),
    }
}

/// First the link, then, once that is read, the order it names.
fn by_order(station: &str, order: &OrderId, rows: &Rows) -> Vec<RowKey> {
    let link = OrderLink::key(station, order.as_str());
    match rows.get::<OrderLink>(&link) {
        Ok(Some(found)) => vec![link, StationOrder::key(station, found.order_key)],
        _ => vec![link],
    }
}

pub(super) fn apply(
    envelope: &Envelope,
    station: &StationCode,
    rows: &mut Rows,
) -> Result<(), ProjectionError> {
    let at_ms = envelope.at.wall_ms;
    match &envelope.fact {
        Fact::OrderRequested(requested) => {
            let key = StationOrder::key(station.as_str(), requested.request.as_str());
            if rows.get::<StationOrder>(&key)?.is_none() {
                rows.put(StationOrder {
                    station: station.to_string(),
                    order_key: requested.request.to_string(),
                    order_id: None,
                    product_id: requested.product.to_string(),
                    quantity_milli: requested.quantity.milli(),
                    unit: requested.quantity.unit().as_str().to_owned(),
                    status: "requested".to_owned(),
                    reason: None,
                    requested_at_ms: at_ms,
                });
            }
            Ok(())
        }
        Fact::Ordered(ordered) => took(ordered, station, at_ms, rows),
        Fact::OrderRefused(refused) => {
            let key = StationOrder::key(station.as_str(), refused.request.as_str());
            if let Some(mut row) = rows.get::<StationOrder>(&key)? {
                "refused".clone_into(&mut row.status);
                row.reason = Some(refused.code.clone());
                rows.put(row);
            }
            Ok(())
        }
        Fact::OrderCancelled(cancelled) => advance(station, &cancelled.order, "cancelled", rows),
        Fact::Shipped(shipped) => advance(station, &shipped.order, "shipped", rows),
        Fact::Received(received) => advance(station, &received.order, "confirmed", rows),
        _ => Ok(()),
    }
}

fn order_key(ordered: &Ordered) -> &str {
    ordered.request.as_ref().map_or(ordered.order.as_str(), |request| request.as_str())
}

fn took(
    ordered: &Ordered,
    station: &StationCode,
    at_ms: i64,
    rows: &mut Rows,
) -> Result<(), ProjectionError> {
    let key = order_key(ordered);
    let before = rows.get::<StationOrder>(&StationOrder::key(station.as_str(), key))?;
    rows.put(StationOrder {
        station: station.to_string(),
        order_key: key.to_owned(),
        order_id: Some(ordered.order.to_string()),
        product_id: ordered.product.to_string(),
        quantity_milli: ordered.quantity.milli(),
        unit: ordered.quantity.unit().as_str().to_owned(),
        status: "ordered".to_owned(),
        reason: None,
        requested_at_ms: before.map_or(at_ms, |row| row.requested_at_ms),
    });
    rows.put(OrderLink {
        station: station.to_string(),
        order_id: ordered.order.to_string(),
        order_key: key.to_owned(),
    });
    Ok(())
}

/// Moves an order's status forward; a later state is never taken back by an earlier fact that came late.
fn advance(
    station: &StationCode,
    order: &OrderId,
    status: &str,
    rows: &mut Rows,
) -> Result<(), ProjectionError> {
    let Some(link) = rows.get::<OrderLink>(&OrderLink::key(station.as_str(), order.as_str()))? else {
        return Ok(());
    };
    let key = StationOrder::key(station.as_str(), link.order_key);
    if let Some(mut row) = rows.get::<StationOrder>(&key)?
        && rank(status) > rank(&row.status)
    {
        status.clone_into(&mut row.status);
        rows.put(row);
    }
    Ok(())
}

fn rank(status: &str) -> u8 {
    match status {
        "requested" => 0,
        "ordered" => 1,
        "shipped" => 2,
        "confirmed" => 3,
        _ => 4,
    }
}
