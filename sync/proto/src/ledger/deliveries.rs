//! Expected deliveries 입고예정 and their confirmation.

use super::tables::Delivery;
use crate::fact::{Received, Shipped};
use crate::ids::{OrderId, StationCode};
use crate::project::{Posting, ProjectionError};
use crate::rows::{RowKey, Rows};

pub(super) fn key(station: &StationCode, order: &OrderId) -> RowKey {
    Delivery::key(station.as_str(), order.as_str())
}

pub(super) fn shipped(posting: &Posting, shipped: &Shipped, rows: &mut Rows) -> Result<(), ProjectionError> {
    let before = rows.get::<Delivery>(&key(&shipped.station, &shipped.order))?;
    rows.put(Delivery {
        station: shipped.station.to_string(),
        order_id: shipped.order.to_string(),
        ship_id: shipped.ship.to_string(),
        product_id: shipped.product.to_string(),
        quantity_milli: shipped.quantity.milli(),
        unit: shipped.quantity.unit().as_str().to_owned(),
        car_number: shipped.car_number.clone(),
        shipped_at_ms: posting.envelope.at.wall_ms,
        received_milli: before.as_ref().and_then(|row| row.received_milli),
        received_at_ms: before.as_ref().and_then(|row| row.received_at_ms),
    });
    Ok(())
}

pub(super) fn received(
    posting: &Posting,
    received: &Received,
    rows: &mut Rows,
) -> Result<(), ProjectionError> {
    let station = &posting.origin.station;
    let before = rows.get::<Delivery>(&key(station, &received.order))?;
    if before.as_ref().is_some_and(|row| row.received_at_ms.is_some()) {
        return Err(ProjectionError::Rejected(format!("order {} was received before", received.order)));
    }
    // A receipt may overtake its shipment where HQ was restored from a backup: the receipt still counts.
    let mut row = before.unwrap_or_else(|| Delivery {
        station: station.to_string(),
        order_id: received.order.to_string(),
        ship_id: received.ship.to_string(),
        product_id: received.product.to_string(),
        quantity_milli: received.invoiced.milli(),
        unit: received.invoiced.unit().as_str().to_owned(),
        car_number: String::new(),
        shipped_at_ms: posting.envelope.at.wall_ms,
        received_milli: None,
        received_at_ms: None,
    });
    row.received_milli = Some(received.measured.milli());
    row.received_at_ms = Some(posting.envelope.at.wall_ms);
    rows.put(row);
    Ok(())
}
