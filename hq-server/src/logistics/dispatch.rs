//! `dispatch_shipment`: staff send a planned shipment off with a vehicle.

use sync::{Draft, StoreError};
use sync_proto::fact::{Fact, FeedScope, ShipmentPlanned, Shipped};
use sync_proto::ids::IdError;
use sync_proto::{OrderId, ProductId, Quantity, ShipId, Stamp, StationCode, Unit};

use super::{Shipment, State};
use crate::once::Once;
use crate::refusal::Refusal;
use crate::role::{Role, check_running};
use crate::store::Hq;

/// Longest vehicle number, in characters; a Korean plate has eight.
const CAR_NUMBER_LEN_MAX: usize = 20;

/// Sends the shipment off: `Shipped` goes into the journal and the station's feed.
pub fn dispatch_shipment(
    node: &mut Hq,
    now: Stamp,
    ship_id: &str,
    car_number: &str,
    once: &Once,
) -> Result<(), Refusal> {
    if once.answered(node)?.is_some() {
        return Ok(());
    }
    let car_number = car_number.trim();
    let len = car_number.chars().count();
    if len == 0 || len > CAR_NUMBER_LEN_MAX || car_number.chars().any(char::is_control) {
        return Err(Refusal::BadCarNumber);
    }
    check_running(node, Role::Logistics)?;
    let unknown = || Refusal::UnknownShipment(ship_id.chars().take(40).collect());
    let row = node.get::<Shipment>(&Shipment::key(ship_id))?.ok_or_else(unknown)?;
    match row.state() {
        State::Planned => {}
        State::CalledOff => return Err(Refusal::OrderCancelled(row.order_id)),
        State::Shipped | State::Received => return Err(Refusal::AlreadyDispatched(row.ship_id)),
    }
    let planned = planned(&row)
        .map_err(|why| StoreError::Damaged(format!("shipment {ship_id} does not read: {why}")))?;
    let beside = once.beside(node, ship_id, now.wall_ms)?;
    node.record(now, None, &[shipped(planned, car_number.to_owned())], beside)?;
    Ok(())
}

/// `Shipped` of a planned shipment, for the journal and the station's feed.
pub(super) fn shipped(planned: ShipmentPlanned, car_number: String) -> Draft {
    let scope = FeedScope::Station(planned.station.clone());
    let key = format!("shipped/{}", planned.ship);
    let fact = Fact::Shipped(Shipped {
        ship: planned.ship,
        order: planned.order,
        station: planned.station,
        product: planned.product,
        quantity: planned.quantity,
        car_number,
        dest_addr: planned.dest_addr,
    });
    Draft::published(fact, scope, key)
}

fn planned(row: &Shipment) -> Result<ShipmentPlanned, IdError> {
    let unit = Unit::parse(&row.unit).unwrap_or(Unit::Litre);
    Ok(ShipmentPlanned {
        ship: ShipId::new(row.ship_id.as_str())?,
        order: OrderId::new(row.order_id.as_str())?,
        station: StationCode::new(row.station.as_str())?,
        product: ProductId::new(row.product_id.as_str())?,
        quantity: Quantity::from_milli(unit, row.quantity_milli)
            .map_err(|_| IdError::Length(row.ship_id.len()))?,
        dest_addr: row.dest_addr.clone(),
    })
}
