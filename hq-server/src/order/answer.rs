//! When a station requests an order, answer it once: `Ordered` or `OrderRefused`.

use sync::node::Beside;
use sync::{Draft, NodeError};
use sync_proto::catalogue::{Product, Station};
use sync_proto::fact::{Fact, FeedScope, OrderCancelRequested, OrderRefused, OrderRequested, Ordered};
use sync_proto::ledger::{OrderLink, StationOrder};
use sync_proto::{OrderId, Quantity, Stamp, StationCode};

use super::cancel::record_cancelled;
use super::place::quantity_of;
use super::{Order, Status};
use crate::counter::mint;
use crate::refusal::Refusal;
use crate::role::{Followed, Policy};
use crate::store::Hq;

/// The policy of role Order.
pub const WHEN_REQUESTED_ANSWER: Policy =
    Policy { types: &["OrderRequested", "OrderCancelRequested"], answer: when_requested_answer };

fn when_requested_answer(node: &mut Hq, followed: &Followed, now: Stamp) -> Result<bool, NodeError> {
    let station = &followed.station;
    match &followed.envelope.fact {
        Fact::OrderRequested(request) => answer(node, station, request, followed, now),
        Fact::OrderCancelRequested(cancel) => call_off(node, station, cancel, followed, now),
        _ => Ok(false),
    }
}

fn answer(
    node: &mut Hq,
    station: &StationCode,
    request: &OrderRequested,
    followed: &Followed,
    now: Stamp,
) -> Result<bool, NodeError> {
    let row = node.get::<StationOrder>(&StationOrder::key(station.as_str(), request.request.as_str()))?;
    if row.is_some_and(|row| row.status != "requested") {
        // Answered before, for example by the life of this database that a backup was taken of.
        return Ok(false);
    }
    let mut beside = Beside { rows: Vec::new(), cursors: vec![followed.cursor.clone()] };
    let scope = FeedScope::Station(station.clone());
    let draft = match judged(node, station, request)? {
        Ok((quantity, dest_addr)) => {
            let minted = mint(node, "OR")?;
            let order =
                OrderId::new(minted.id.as_str()).map_err(|why| sync::StoreError::Damaged(why.to_string()))?;
            beside.rows.push(minted.row);
            let fact = Fact::Ordered(Ordered {
                order,
                request: Some(request.request.clone()),
                station: station.clone(),
                product: request.product.clone(),
                quantity,
                dest_addr,
            });
            Draft::published(fact, scope, format!("order/{}", minted.id))
        }
        Err(code) => {
            tracing::info!(%station, request = %request.request, code, "an order request was refused");
            let fact = Fact::OrderRefused(OrderRefused {
                request: request.request.clone(),
                station: station.clone(),
                code: code.to_owned(),
            });
            Draft::published(fact, scope, format!("refused/{}", request.request))
        }
    };
    node.record(now, None, &[draft], beside)?;
    Ok(true)
}

/// The quantity and destination of an order that can be taken, or the code of the refusal.
fn judged(
    node: &mut Hq,
    station: &StationCode,
    request: &OrderRequested,
) -> Result<Result<(Quantity, String), &'static str>, NodeError> {
    let Some(place) = node.get::<Station>(&Station::key(station.as_str()))? else {
        return Ok(Err("unknown_station"));
    };
    let Some(product) = node.get::<Product>(&Product::key(request.product.as_str()))? else {
        return Ok(Err("unknown_product"));
    };
    Ok(match quantity_of(&product, request.quantity.milli()) {
        Ok(quantity) if quantity.unit() == request.quantity.unit() => Ok((quantity, place.address)),
        Ok(_) => Err("bad_quantity"),
        Err(refusal @ Refusal::BadQuantity(_)) => Err(refusal.code()),
        Err(_) => Err("bad_request"),
    })
}

fn call_off(
    node: &mut Hq,
    station: &StationCode,
    cancel: &OrderCancelRequested,
    followed: &Followed,
    now: Stamp,
) -> Result<bool, NodeError> {
    let key = StationOrder::key(station.as_str(), cancel.request.as_str());
    let order_id = node.get::<StationOrder>(&key)?.and_then(|row| row.order_id);
    let Some(order_id) = order_id else { return Ok(false) };
    let of_station = node.get::<OrderLink>(&OrderLink::key(station.as_str(), order_id.as_str()))?;
    let order = node.get::<Order>(&Order::key(order_id.as_str()))?;
    match order {
        Some(order) if of_station.is_some() && order.status() == Status::Ordered => {
            let beside = Beside { rows: Vec::new(), cursors: vec![followed.cursor.clone()] };
            record_cancelled(node, now, &order, beside)?;
            Ok(true)
        }
        _ => {
            tracing::info!(%station, order_id, "an order could not be called off any more");
            Ok(false)
        }
    }
}
