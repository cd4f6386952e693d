//! The tables `shipments` and `order_shipments`, projections of the facts about deliveries.

use sync_proto::Fact;
use sync_proto::project::{Posting, Projection, ProjectionError};
use sync_proto::rows::{RowKey, Rows};

sync_proto::table! {
    /// A shipment with what the facts so far say about it.
    pub struct Shipment in "shipments" { ship_id: String } {
        order_id: String,
        station: String,
        product_id: String,
        quantity_milli: i64,
        unit: String,
        dest_addr: String,
        planned_at_ms: i64,
        car_number: Option<String>,
        shipped_at_ms: Option<i64>,
        received_at_ms: Option<i64>,
        called_off_at_ms: Option<i64>,
    }
}

sync_proto::table! {
    /// What Logistics knows of an order: the shipment that serves it, or that none will.
    pub struct OrderShipment in "order_shipments" { order_id: String } {
        ship_id: Option<String>,
        called_off_at_ms: Option<i64>,
    }
}

/// Keeps `shipments` and `order_shipments`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ShipmentBook;

impl Projection for ShipmentBook {
    fn wants(&self, posting: &Posting, rows: &Rows) -> Vec<RowKey> {
        match &posting.envelope.fact {
            Fact::ShipmentPlanned(planned) => vec![OrderShipment::key(planned.order.as_str())],
            Fact::Shipped(shipped) => vec![Shipment::key(shipped.ship.as_str())],
            Fact::Received(received) => vec![Shipment::key(received.ship.as_str())],
            Fact::OrderCancelled(cancelled) => {
                let link = OrderShipment::key(cancelled.order.as_str());
                let ship = rows.get::<OrderShipment>(&link).ok().flatten().and_then(|row| row.ship_id);
                std::iter::once(link).chain(ship.map(Shipment::key)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn project(&self, posting: &Posting, rows: &mut Rows) -> Result<(), ProjectionError> {
        let at_ms = posting.envelope.at.wall_ms;
        match &posting.envelope.fact {
            Fact::ShipmentPlanned(planned) => {
                let before = rows.get::<OrderShipment>(&OrderShipment::key(planned.order.as_str()))?;
                rows.put(OrderShipment {
                    order_id: planned.order.to_string(),
                    ship_id: Some(planned.ship.to_string()),
                    called_off_at_ms: before.as_ref().and_then(|row| row.called_off_at_ms),
                });
                rows.put(Shipment {
                    ship_id: planned.ship.to_string(),
                    order_id: planned.order.to_string(),
                    station: planned.station.to_string(),
                    product_id: planned.product.to_string(),
                    quantity_milli: planned.quantity.milli(),
                    unit: planned.quantity.unit().as_str().to_owned(),
                    dest_addr: planned.dest_addr.clone(),
                    planned_at_ms: at_ms,
                    car_number: None,
                    shipped_at_ms: None,
                    received_at_ms: None,
                    called_off_at_ms: before.and_then(|row| row.called_off_at_ms),
                });
            }
            Fact::Shipped(shipped) => change(rows, shipped.ship.as_str(), |row| {
                row.car_number = Some(shipped.car_number.clone());
                row.shipped_at_ms = Some(at_ms);
            })?,
            Fact::Received(received) => change(rows, received.ship.as_str(), |row| {
                // A station confirms its own deliveries only.
                if row.station == posting.origin.station.as_str() {
                    row.received_at_ms = row.received_at_ms.or(Some(at_ms));
                }
            })?,
            Fact::OrderCancelled(cancelled) => call_off(rows, cancelled.order.as_str(), at_ms)?,
            _ => {}
        }
        Ok(())
    }
}

fn change(rows: &mut Rows, ship: &str, how: impl FnOnce(&mut Shipment)) -> Result<(), ProjectionError> {
    if let Some(mut row) = rows.get::<Shipment>(&Shipment::key(ship))? {
        how(&mut row);
        rows.put(row);
    }
    Ok(())
}

/// The row stays also when nothing is planned yet: the plan that comes late must find it.
fn call_off(rows: &mut Rows, order: &str, at_ms: i64) -> Result<(), ProjectionError> {
    let before = rows.get::<OrderShipment>(&OrderShipment::key(order))?;
    let ship_id = before.and_then(|row| row.ship_id);
    if let Some(ship) = &ship_id {
        change(rows, ship, |row| {
            if row.shipped_at_ms.is_none() {
                row.called_off_at_ms = row.called_off_at_ms.or(Some(at_ms));
            }
        })?;
    }
    rows.put(OrderShipment { order_id: order.to_owned(), ship_id, called_off_at_ms: Some(at_ms) });
    Ok(())
}
