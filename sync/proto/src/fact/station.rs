//! Facts of the station's back office.

use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, ProductId, ShipId};
use crate::quantity::Quantity;

/// Why stock moved without a sale or a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StockMoveReason {
    /// 감모, loss.
    Loss,
    /// 실측 correction after a tank dip.
    Dip,
    /// 이동 to or from another station or tank.
    Transfer,
    /// 재고조사, and the opening stock.
    Stocktake,
}

impl StockMoveReason {
    /// The name used in rows and over HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Dip => "dip",
            Self::Transfer => "transfer",
            Self::Stocktake => "stocktake",
        }
    }

    /// Reads the name back.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "loss" => Some(Self::Loss),
            "dip" => Some(Self::Dip),
            "transfer" => Some(Self::Transfer),
            "stocktake" => Some(Self::Stocktake),
            _ => None,
        }
    }
}

/// A movement of stock, signed: positive is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockMoved {
    /// Which product.
    pub product: ProductId,
    /// How much, signed.
    pub quantity: Quantity,
    /// Why.
    pub reason: StockMoveReason,
}

/// 입고확정: the manager confirmed a delivery with the quantity measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Which order.
    pub order: OrderId,
    /// Which shipment of it.
    pub ship: ShipId,
    /// Which product.
    pub product: ProductId,
    /// What was measured.
    pub measured: Quantity,
    /// What the shipment said.
    pub invoiced: Quantity,
}
