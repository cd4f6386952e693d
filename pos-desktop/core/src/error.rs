//! What the till refuses, and why. Nothing is recorded when one of these comes back.

use sync::{NodeError, StoreError};
use sync_proto::quantity::QuantityError;
use sync_proto::{Money, ProductId};

/// Why the till did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum TillError {
    /// No such product in the menu, or it has no price yet.
    #[error("there is no product {0} with a price here; check the code, or wait for HQ's change to arrive")]
    UnknownProduct(String),
    /// Zero, negative, in parts of a piece, or absurdly large.
    #[error("{0}; correct the quantity")]
    BadQuantity(#[from] QuantityError),
    /// The line would cost more than a receipt can show.
    #[error("a line of more than {} won is refused; correct the quantity", crate::cart::LINE_AMOUNT_MAX.0)]
    AmountTooLarge,
    /// A preset amount for what is not fuel, or one that buys less than a millilitre.
    #[error("{0} cannot be sold by amount for {amount} won; enter a quantity", amount = .1.0)]
    NotByAmount(ProductId, Money),
    /// A payment of nothing, or of an absurd amount.
    #[error("a payment of {amount} won is refused; correct the amount", amount = .0.0)]
    BadAmount(Money),
    /// The approval number is not what a card terminal gives.
    #[error(
        "an approval number has 1 to {} letters and digits; copy it from the card terminal",
        crate::sale::APPROVAL_LEN_MAX
    )]
    BadApprovalNumber,
    /// A card number where text is taken. It is not repeated in the answer.
    #[error(
        "this looks like a payment card's number; card data is never taken and nothing was recorded; leave it out"
    )]
    CardNumberRefused,
    /// The cart holds as many lines as a receipt takes.
    #[error("a sale has at most {} lines; complete this one and start another", crate::cart::LINES_MAX)]
    CartFull,
    /// Nothing to sell.
    #[error("the cart is empty; add a product first")]
    EmptyCart,
    /// No such line in the cart.
    #[error("the cart has no line {0}; it was removed before")]
    UnknownLine(i64),
    /// The payments do not reach the total.
    #[error("{missing} won are missing; take the rest", missing = .0.0)]
    TenderShort(Money),
    /// Card or account pay more than the total; only cash has change.
    #[error("card and account pay {over} won too much; lower them, only cash has change", over = .0.0)]
    TenderOver(Money),
    /// No such sale at this till.
    #[error("this till has no sale {0}; check the number on the receipt")]
    UnknownSale(String),
    /// The sale was cancelled before; once is all there is.
    #[error("sale {0} was cancelled before; nothing more to do")]
    AlreadyCancelled(String),
    /// No such credit account at this station.
    #[error("there is no credit account {0} here; check the number or take another payment")]
    UnknownAccount(String),
    /// The charge would pass the account's limit.
    #[error("account {account} has {left} won left of its limit; take the rest otherwise", left = .left.0)]
    CreditExceeded {
        /// Which account.
        account: String,
        /// What may still be charged.
        left: Money,
    },
    /// The idempotency key was used for another request.
    #[error("this Idempotency-Key was used for another request; use a new key for a new request")]
    IdempotencyKeyReused,
    /// The request does not say what is needed.
    #[error("{0}")]
    BadRequest(String),
    /// The disk is full.
    #[error("the disk is full and nothing was recorded; make room and repeat, no restart is needed")]
    StorageFull(#[source] StoreError),
    /// The database did not take it.
    #[error("the database failed and nothing was recorded: {0}; repeat once, then call support")]
    StorageFailed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl TillError {
    /// The stable code that screens and integrations match on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownProduct(_) => "unknown_product",
            Self::BadQuantity(_) | Self::AmountTooLarge | Self::NotByAmount(..) => "bad_quantity",
            Self::BadAmount(_) => "bad_amount",
            Self::BadApprovalNumber => "bad_approval_number",
            Self::CardNumberRefused => "card_number_refused",
            Self::CartFull => "cart_full",
            Self::EmptyCart => "empty_cart",
            Self::UnknownLine(_) => "unknown_line",
            Self::TenderShort(_) => "tender_short",
            Self::TenderOver(_) => "tender_over",
            Self::UnknownSale(_) => "unknown_sale",
            Self::AlreadyCancelled(_) => "already_cancelled",
            Self::UnknownAccount(_) => "unknown_account",
            Self::CreditExceeded { .. } => "credit_exceeded",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::BadRequest(_) => "bad_request",
            Self::StorageFull(_) => "storage_full",
            Self::StorageFailed(_) => "storage_failed",
        }
    }

    /// Wraps a failure that is not the database's own as one: the caller cannot do anything else about it.
    pub fn storage(why: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::StorageFailed(Box::new(why))
    }
}

impl From<StoreError> for TillError {
    fn from(why: StoreError) -> Self {
        if why.is_disk_full() { Self::StorageFull(why) } else { Self::storage(why) }
    }
}

impl From<rusqlite::Error> for TillError {
    fn from(why: rusqlite::Error) -> Self {
        StoreError::from(why).into()
    }
}

impl From<NodeError> for TillError {
    fn from(why: NodeError) -> Self {
        match why {
            NodeError::Store(why) => why.into(),
            why => Self::storage(why),
        }
    }
}

impl From<sync::WriterGone> for TillError {
    fn from(why: sync::WriterGone) -> Self {
        Self::storage(why)
    }
}
