//! Orders 주문 and the register of stations.

use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, ProductId, RequestId, StationCode};
use crate::quantity::Quantity;

/// 주문요청, minted at the station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequested {
    /// The station's own number for it.
    pub request: RequestId,
    /// What is wanted.
    pub product: ProductId,
    /// How much.
    pub quantity: Quantity,
}

/// A station wants its order called off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancelRequested {
    /// The request it made.
    pub request: RequestId,
}

/// 주문: HQ took an order, of a station's request or of its own staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordered {
    /// HQ's number for it.
    pub order: OrderId,
    /// The station's request that it answers, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// For whom.
    pub station: StationCode,
    /// What.
    pub product: ProductId,
    /// How much.
    pub quantity: Quantity,
    /// The destination as the orderer wrote it.
    pub dest_addr: String,
}

/// HQ answers a request with no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRefused {
    /// The request.
    pub request: RequestId,
    /// For whom.
    pub station: StationCode,
    /// A stable code, as in problem+json.
    pub code: String,
}

/// 주문취소.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancelled {
    /// Which order.
    pub order: OrderId,
    /// Whose.
    pub station: StationCode,
}

/// A station of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationAdded {
    /// Its code.
    pub station: StationCode,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
}
