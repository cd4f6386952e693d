//! Context Order 주문: takes orders, answers the requests of stations, and shows each order's status.
//!
//! It knows Logistics only by its facts.

mod answer;
mod cancel;
mod list;
mod place;
mod project;

pub use answer::WHEN_REQUESTED_ANSWER;
pub use cancel::cancel_order;
pub use list::{OrderRow, find, list};
pub use place::{PlaceOrder, place_order};
pub use project::{Order, OrderBook};

/// Order status as the orderer sees it, folded from the facts about the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Taken.
    Ordered,
    /// On its way.
    Shipped,
    /// Received and measured by the station.
    Confirmed,
    /// Called off.
    Cancelled,
}

impl Status {
    /// The name over HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Shipped => "shipped",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Order {
    /// What the facts so far make of the order. What was received was received, whatever came before.
    pub const fn status(&self) -> Status {
        if self.received_at_ms.is_some() {
            Status::Confirmed
        } else if self.cancelled_at_ms.is_some() {
            Status::Cancelled
        } else if self.shipped_at_ms.is_some() {
            Status::Shipped
        } else {
            Status::Ordered
        }
    }
}
