//! Orders from this station to HQ.

use serde::{Deserialize, Serialize};

use crate::unit::Unit;

/// One order with its status as the station sees it. Lists are newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationOrder {
    /// HQ's id, known once HQ has answered; an order that HQ staff placed has one from the start.
    pub order_id: Option<String>,
    /// The id minted at the station when it asked; none for an order that HQ staff placed.
    pub request_id: Option<String>,
    /// The chain's product code.
    pub product_id: String,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// Unit of `quantity_milli`.
    pub unit: Unit,
    /// Quantity ordered.
    pub quantity_milli: i64,
    /// Where it stands.
    pub status: OrderStatus,
    /// When it was asked for (or placed by HQ).
    pub requested_at: String,
    /// Why HQ refused or cancelled it, in HQ's words; none otherwise.
    pub reason: Option<String>,
}

/// The way of an order: requested, ordered, shipped, confirmed; or it ends as cancelled or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Written at the station; HQ has not answered yet, or has not been reached yet.
    Requested,
    /// HQ accepted it.
    Ordered,
    /// Logistics dispatched it.
    Shipped,
    /// The station confirmed its arrival.
    Confirmed,
    /// HQ called it off.
    Cancelled,
    /// HQ did not accept it; the reason says why.
    Refused,
}

/// Body of `POST /api/v1/orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// A product of the station's catalogue.
    pub product_id: String,
    /// More than zero, at most [`crate::QUANTITY_MILLI_MAX`].
    pub quantity_milli: i64,
}
