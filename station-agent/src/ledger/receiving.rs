//! 입고확정: the manager confirms a delivery with the quantity measured.

use sync::Draft;
use sync::node::Beside;
use sync_proto::fact::{Fact, Received};
use sync_proto::ledger::{Delivery, OrderLink, StationOrder};
use sync_proto::{OrderId, ProductId, Quantity, ShipId, StationCode, Unit};

use super::{IdempotencyKey, LedgerError, idempotency, shown};
use crate::calendar::Moment;
use crate::store::AgentNode;

/// What the manager says arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// Thousandths, as measured.
    Milli(i64),
    /// What the shipment says; for integrations that do not measure.
    AsShipped,
}

/// Takes a delivery into stock. Confirming again with the same quantity (or as shipped) changes nothing and
/// gives what was recorded.
///
/// # Errors
/// Unknown, unshipped or cancelled order; not a positive quantity; confirmed before with another quantity.
pub fn confirm(
    node: &mut AgentNode,
    now: &Moment,
    station: &StationCode,
    order: &str,
    measured: Measured,
    key: Option<&IdempotencyKey>,
) -> Result<(), LedgerError> {
    let unknown = || LedgerError::UnknownOrder(shown(order));
    let order = OrderId::new(order).map_err(|_| unknown())?;
    let request = match measured {
        Measured::Milli(milli) => format!("confirm {order} {milli}"),
        Measured::AsShipped => format!("confirm {order} as shipped"),
    };
    if idempotency::outcome(node, key, &request)?.is_some() {
        return Ok(());
    }
    let Some(delivery) = node.get::<Delivery>(&Delivery::key(station.as_str(), order.as_str()))? else {
        return Err(why_no_delivery(node, station, &order)?);
    };
    let unit = Unit::parse(&delivery.unit)
        .ok_or_else(|| LedgerError::Damaged(format!("delivery {order} has unit {:?}", delivery.unit)))?;
    let milli = match measured {
        Measured::Milli(milli) => Quantity::positive_from_milli(unit, milli)?.milli(),
        Measured::AsShipped => delivery.received_milli.unwrap_or(delivery.quantity_milli),
    };
    if let Some(received_milli) = delivery.received_milli {
        return if received_milli == milli {
            Ok(())
        } else {
            Err(LedgerError::AlreadyConfirmed { order: order.to_string(), received_milli })
        };
    }
    let received = received_of(&delivery, order, Quantity::positive_from_milli(unit, milli)?, unit)?;
    let at_ms = now.stamp.wall_ms;
    let rows = idempotency::rows(node, key, &request, received.order.as_str(), at_ms)?;
    let draft = Draft::new(Fact::Received(received));
    node.record(now.stamp, now.day.as_ref(), &[draft], Beside { rows, cursors: Vec::new() })?;
    Ok(())
}

fn received_of(
    delivery: &Delivery,
    order: OrderId,
    measured: Quantity,
    unit: Unit,
) -> Result<Received, LedgerError> {
    let damaged = |why: &dyn std::fmt::Display| LedgerError::Damaged(format!("delivery {order}: {why}"));
    let ship = ShipId::new(delivery.ship_id.as_str()).map_err(|why| damaged(&why))?;
    let product = ProductId::new(delivery.product_id.as_str()).map_err(|why| damaged(&why))?;
    let invoiced = Quantity::from_milli(unit, delivery.quantity_milli).map_err(|why| damaged(&why))?;
    Ok(Received { order, ship, product, measured, invoiced })
}

fn why_no_delivery(
    node: &mut AgentNode,
    station: &StationCode,
    order: &OrderId,
) -> Result<LedgerError, LedgerError> {
    let link = node.get::<OrderLink>(&OrderLink::key(station.as_str(), order.as_str()))?;
    let Some(link) = link else { return Ok(LedgerError::UnknownOrder(order.to_string())) };
    let row = node.get::<StationOrder>(&StationOrder::key(station.as_str(), link.order_key))?;
    Ok(match row {
        Some(row) if row.status == "cancelled" => LedgerError::OrderCancelled(order.to_string()),
        Some(_) => LedgerError::NotShipped(order.to_string()),
        None => LedgerError::UnknownOrder(order.to_string()),
    })
}
