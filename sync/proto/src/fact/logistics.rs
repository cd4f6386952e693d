//! Logistics 물류.

use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, ProductId, ShipId, StationCode};
use crate::quantity::Quantity;

/// A shipment was planned for an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentPlanned {
    /// The shipment.
    pub ship: ShipId,
    /// The order it serves.
    pub order: OrderId,
    /// Where to.
    pub station: StationCode,
    /// What.
    pub product: ProductId,
    /// How much.
    pub quantity: Quantity,
    /// The destination as the orderer wrote it.
    pub dest_addr: String,
}

/// 배송: a tanker is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipped {
    /// The shipment.
    pub ship: ShipId,
    /// The order it serves.
    pub order: OrderId,
    /// Where to.
    pub station: StationCode,
    /// What.
    pub product: ProductId,
    /// How much was loaded.
    pub quantity: Quantity,
    /// The vehicle, 차량번호 of the chain's own fleet.
    pub car_number: String,
    /// The destination as the orderer wrote it.
    pub dest_addr: String,
}
