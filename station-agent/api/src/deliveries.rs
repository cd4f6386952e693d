//! Deliveries: what HQ Logistics dispatched to this station, and what arrived.

use serde::{Deserialize, Serialize};

use crate::unit::Unit;

/// One shipment to this station. Lists are newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The order that the shipment fulfils; names the delivery in the API.
    pub order_id: String,
    /// Id of the shipment.
    pub ship_id: String,
    /// The chain's product code.
    pub product_id: String,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// Unit of the quantities.
    pub unit: Unit,
    /// Quantity that left the depot, as invoiced.
    pub quantity_milli: i64,
    /// Plate of the tanker; none when HQ named none.
    pub car_number: Option<String>,
    /// When HQ dispatched it.
    pub shipped_at: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Quantity measured on arrival; none until confirmed.
    pub received_milli: Option<i64>,
    /// When the manager confirmed it; none until then.
    pub received_at: Option<String>,
}

impl Delivery {
    /// Measured less shipped: positive is over, negative is short; none until confirmed.
    #[must_use]
    pub fn over_short_milli(&self) -> Option<i64> {
        self.received_milli.map(|received| received.saturating_sub(self.quantity_milli))
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// On its way, or standing in the yard unconfirmed.
    Expected,
    /// Measured and taken into stock.
    Confirmed,
}

/// Body of `POST /api/v1/deliveries/{order_id}/confirm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmDelivery {
    /// Quantity measured; more than zero, at most [`crate::QUANTITY_MILLI_MAX`].
    pub quantity_milli: i64,
}
