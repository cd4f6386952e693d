//! Sales 판매 and their cancellation.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, FeedVersion, ProductId, SaleId};
use crate::quantity::{Money, Quantity};
use crate::tax::TaxClass;

/// One line of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What was sold.
    #[serde(rename = "p")]
    pub product: ProductId,
    /// How much.
    #[serde(rename = "q")]
    pub quantity: Quantity,
    /// Price per litre or piece, VAT included.
    #[serde(rename = "u")]
    pub unit_price: Money,
    /// What the line costs: computed once at the till, or taken from the pump, and never again.
    #[serde(rename = "a")]
    pub amount: Money,
    /// How it is taxed.
    #[serde(rename = "x")]
    pub tax: TaxClass,
    /// Feed version of the price used (R19).
    #[serde(rename = "v")]
    pub price_version: FeedVersion,
}

/// How a sale was paid. Card numbers never enter: only the approval number of the card terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tender {
    /// 현금; `amount` is what stays in the drawer, after change.
    Cash {
        /// Won.
        amount: Money,
    },
    /// 카드.
    Card {
        /// Won.
        amount: Money,
        /// Approval number from the card terminal.
        approval: String,
    },
    /// 외상.
    Account {
        /// Won.
        amount: Money,
        /// Whom to charge.
        account: AccountId,
    },
}

impl Tender {
    /// Won that this tender pays.
    pub const fn amount(&self) -> Money {
        match self {
            Self::Cash { amount } | Self::Card { amount, .. } | Self::Account { amount, .. } => *amount,
        }
    }

    /// The name used in rows and over HTTP.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Cash { .. } => "cash",
            Self::Card { .. } => "card",
            Self::Account { .. } => "account",
        }
    }
}

/// A completed sale. Tenders always add up to the total of the lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sold {
    /// The receipt number, which is the sale's id.
    pub sale: SaleId,
    /// What was sold.
    pub lines: Vec<Line>,
    /// How it was paid.
    pub tenders: Vec<Tender>,
    /// Sum of the lines.
    pub total: Money,
    /// VAT within the total.
    pub vat: Money,
}

/// Why a sale was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The customer changed their mind.
    Customer,
    /// The cashier keyed it wrongly.
    Mistake,
    /// Something is wrong with the product.
    Product,
    /// Payment fell through, or another way of paying was wanted.
    Payment,
    /// Anything else.
    Other,
}

/// A sale taken back whole. It carries the lines and tenders, so that a receiver compensates 보상처리
/// without reading the sale, in whichever order the two arrive (R16).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleCancelled {
    /// Which sale.
    pub sale: SaleId,
    /// Why.
    pub reason: CancelReason,
    /// The sale's lines.
    pub lines: Vec<Line>,
    /// The sale's tenders.
    pub tenders: Vec<Tender>,
    /// The sale's total.
    pub total: Money,
}
