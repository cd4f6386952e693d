//! Context Logistics 물류: plans a shipment for every order and sends it off with a vehicle.
//!
//! It knows Order only by its facts.

mod dispatch;
mod list;
mod plan;
mod project;
mod vehicles;

use sync::NodeError;
use sync_proto::rows::RowChange;

pub use dispatch::dispatch_shipment;
pub use list::{ShipmentRow, find, list, of_orders};
pub use plan::WHEN_ORDERED_PLAN_SHIPMENT;
pub use project::{OrderShipment, Shipment, ShipmentBook};
pub use vehicles::{Vehicle, seed_vehicles};

use crate::settings;
use crate::store::Hq;

const AUTO_DISPATCH: &str = "auto_dispatch";

/// Whether a planned shipment is sent off at once with a vehicle of the pool.
pub fn auto_dispatch(node: &mut Hq) -> Result<bool, NodeError> {
    settings::switch(node, AUTO_DISPATCH, false)
}

/// The change that turns it on or off, from the next planned shipment on.
pub fn set_auto_dispatch(on: bool) -> RowChange {
    settings::set_switch(AUTO_DISPATCH, on)
}

/// Whether it was ever set.
pub fn auto_dispatch_is_set(node: &mut Hq) -> Result<bool, NodeError> {
    Ok(node.get::<settings::Setting>(&settings::Setting::key(AUTO_DISPATCH))?.is_some())
}

/// A shipment's state, folded from the facts about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Waits for a vehicle.
    Planned,
    /// On its way.
    Shipped,
    /// Confirmed by the station.
    Received,
    /// Its order was cancelled before it left.
    CalledOff,
}

impl State {
    /// The name over HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Shipped => "shipped",
            Self::Received => "received",
            Self::CalledOff => "calledOff",
        }
    }
}

impl Shipment {
    /// What the facts so far make of the shipment.
    pub const fn state(&self) -> State {
        if self.received_at_ms.is_some() {
            State::Received
        } else if self.shipped_at_ms.is_some() {
            State::Shipped
        } else if self.called_off_at_ms.is_some() {
            State::CalledOff
        } else {
            State::Planned
        }
    }
}
