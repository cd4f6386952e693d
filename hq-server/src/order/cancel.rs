//! `cancel_order`: an order is called off while nothing has left.

use sync::node::Beside;
use sync::{Draft, NodeError};
use sync_proto::fact::{Fact, FeedScope, OrderCancelled};
use sync_proto::{OrderId, Stamp, StationCode};

use super::{Order, Status};
use crate::once::Once;
use crate::refusal::Refusal;
use crate::role::{Role, check_running};
use crate::store::Hq;

/// Calls the order off. A second cancellation records nothing and is no error.
pub fn cancel_order(node: &mut Hq, now: Stamp, order_id: &str, once: &Once) -> Result<(), Refusal> {
    if once.answered(node)?.is_some() {
        return Ok(());
    }
    check_running(node, Role::Order)?;
    let unknown = || Refusal::UnknownOrder(order_id.chars().take(40).collect());
    let order = node.get::<Order>(&Order::key(order_id))?.ok_or_else(unknown)?;
    match order.status() {
        Status::Cancelled => return Ok(()),
        Status::Shipped | Status::Confirmed => {
            return Err(Refusal::OrderAlreadyShipped(order_id.to_owned()));
        }
        Status::Ordered => {}
    }
    let beside = once.beside(node, order_id, now.wall_ms)?;
    record_cancelled(node, now, &order, beside)?;
    Ok(())
}

/// `OrderCancelled` goes into the journal and the station's feed.
pub(super) fn record_cancelled(
    node: &mut Hq,
    now: Stamp,
    order: &Order,
    beside: Beside,
) -> Result<(), NodeError> {
    let damaged = |_| sync::StoreError::Damaged(format!("order {} has no readable id", order.order_id));
    let id = OrderId::new(order.order_id.as_str()).map_err(damaged)?;
    let station = StationCode::new(order.station.as_str()).map_err(damaged)?;
    let scope = FeedScope::Station(station.clone());
    let key = format!("cancelled/{id}");
    let fact = Fact::OrderCancelled(OrderCancelled { order: id, station });
    node.record(now, None, &[Draft::published(fact, scope, key)], beside)?;
    Ok(())
}
