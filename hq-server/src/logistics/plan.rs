//! When an order was taken, plan its shipment; with `auto_dispatch`, send it off at once.

use sync::node::Beside;
use sync::{Draft, NodeError, StoreError};
use sync_proto::fact::{Fact, Ordered, ShipmentPlanned};
use sync_proto::{Role, ShipId, Stamp};

use super::vehicles::{next_vehicle, used};
use super::{OrderShipment, auto_dispatch};
use crate::counter::mint;
use crate::role::{Followed, Policy};
use crate::store::Hq;

/// The policy of role Logistics.
pub const WHEN_ORDERED_PLAN_SHIPMENT: Policy =
    Policy { types: &["Ordered"], answer: when_ordered_plan_shipment };

/// Only HQ's own entries are orders: `Ordered` in a station's journal is not.
fn when_ordered_plan_shipment(node: &mut Hq, followed: &Followed, now: Stamp) -> Result<bool, NodeError> {
    match &followed.envelope.fact {
        Fact::Ordered(ordered) if followed.writer == Role::Hq => plan(node, ordered, followed, now),
        _ => Ok(false),
    }
}

fn plan(node: &mut Hq, ordered: &Ordered, followed: &Followed, now: Stamp) -> Result<bool, NodeError> {
    if node.get::<OrderShipment>(&OrderShipment::key(ordered.order.as_str()))?.is_some() {
        // Planned before, or cancelled while Logistics was away.
        return Ok(false);
    }
    let minted = mint(node, "SH")?;
    let ship = ShipId::new(minted.id.as_str()).map_err(|why| StoreError::Damaged(why.to_string()))?;
    let mut beside = Beside { rows: vec![minted.row], cursors: vec![followed.cursor.clone()] };
    let planned = ShipmentPlanned {
        ship,
        order: ordered.order.clone(),
        station: ordered.station.clone(),
        product: ordered.product.clone(),
        quantity: ordered.quantity,
        dest_addr: ordered.dest_addr.clone(),
    };
    let mut drafts = vec![Draft::new(Fact::ShipmentPlanned(planned.clone()))];
    if auto_dispatch(node)? {
        match next_vehicle(node)? {
            Some(car_number) => {
                beside.rows.push(used(&car_number, now.wall_ms));
                drafts.push(super::dispatch::shipped(planned, car_number));
            }
            None => tracing::warn!("auto_dispatch is on and no vehicle is in the pool; the shipment waits"),
        }
    }
    node.record(now, None, &drafts, beside)?;
    Ok(true)
}
