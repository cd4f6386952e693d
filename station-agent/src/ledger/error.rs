//! Why a use case said no. Nothing is recorded after any of these.

use station_api::ErrorCode;
use sync::{NodeError, QuarantineError, StoreError};
use sync_proto::decimal::DecimalError;
use sync_proto::quantity::QuantityError;
use sync_proto::rows::RowError;

use super::KEY_LEN_MAX;

/// What happened, why, and what now.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Not in the product master.
    #[error(
        "Product {0:?} is not in this station's product master. Check the code; new products arrive from head office."
    )]
    UnknownProduct(String),
    /// No delivery and no order of this station.
    #[error("Order {0:?} is not known at this station. Check the id in the list of deliveries or orders.")]
    UnknownOrder(String),
    /// Ordered, but nothing is on its way.
    #[error(
        "Order {0} has not been shipped, so there is nothing to confirm. Wait for the shipment to appear."
    )]
    NotShipped(String),
    /// Confirmed before with another quantity.
    #[error(
        "The delivery of order {order} was confirmed before with {received_milli} thousandths. Correct the difference as a stock movement."
    )]
    AlreadyConfirmed {
        /// Which order.
        order: String,
        /// What was recorded.
        received_milli: i64,
    },
    /// HQ called it off.
    #[error("Order {0} was cancelled. Order again if the product is still needed.")]
    OrderCancelled(String),
    /// Too late to call it off.
    #[error(
        "Order {0} can no longer be cancelled: its shipment has left. Receive it and correct the stock there."
    )]
    OrderOnItsWay(String),
    /// The quantity cannot be used.
    #[error("The quantity cannot be used: {0}. Nothing was recorded; enter the quantity again.")]
    BadQuantity(#[from] QuantityError),
    /// The number cannot be used.
    #[error("{field} cannot be used: {why}. Nothing was recorded; enter it again.")]
    BadNumber {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        why: DecimalError,
    },
    /// A movement of nothing.
    #[error("A stock movement of zero moves nothing. Enter a quantity above zero (in) or below zero (out).")]
    ZeroQuantity,
    /// Not a reason of a stock movement.
    #[error("{0:?} is not a reason of a stock movement. Use loss, dip, transfer or stocktake.")]
    UnknownReason(String),
    /// A name that is empty, too long or not printable.
    #[error("The name cannot be used: write 1 to {0} printable characters.")]
    BadName(usize),
    /// A card number where text is taken. It is not repeated in the answer.
    #[error(
        "The request holds what looks like a payment card's number; card data is never taken, and nothing was recorded. Leave the number out and send the request again."
    )]
    CardNumber,
    /// A credit limit below zero or with decimals.
    #[error("The credit limit cannot be used: write whole won from 0 to 1,000,000,000, or leave it out.")]
    BadLimit,
    /// A list was asked for from a place that is not in it.
    #[error("{0:?} is not in the list. Leave `after` out, or take an id from the list.")]
    UnknownPlace(String),
    /// Not a key.
    #[error("An Idempotency-Key has 1 to {KEY_LEN_MAX} printable ASCII characters. Use a UUID.")]
    BadIdempotencyKey,
    /// The key was used for something else.
    #[error(
        "This Idempotency-Key was used for another request. Use a new key for a new request; the first one stands."
    )]
    IdempotencyKeyReused,
    /// An entry set aside was not tried again.
    #[error(transparent)]
    Quarantine(QuarantineError),
    /// No room.
    #[error("The station computer's disk is full, so nothing was recorded. Make room and try again.")]
    StorageFull,
    /// The database did not take it.
    #[error("The station's database did not take it, so nothing was recorded: {0}. Try again.")]
    Storage(#[source] NodeError),
    /// Stored data has a shape that it cannot have.
    #[error("Stored data is damaged: {0}. Nothing was recorded; call support.")]
    Damaged(String),
    /// The daemon is stopping.
    #[error("The station agent is stopping. Try again in a moment.")]
    Stopping,
}

impl LedgerError {
    /// The stable code of the LAN API.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::UnknownProduct(_) => ErrorCode::UnknownProduct,
            Self::UnknownOrder(_) => ErrorCode::UnknownOrder,
            Self::NotShipped(_) => ErrorCode::NotShipped,
            Self::AlreadyConfirmed { .. } => ErrorCode::AlreadyConfirmed,
            Self::OrderCancelled(_) => ErrorCode::OrderCancelled,
            Self::OrderOnItsWay(_) => ErrorCode::OrderAlreadyShipped,
            Self::BadQuantity(_) | Self::BadNumber { .. } | Self::ZeroQuantity => ErrorCode::BadQuantity,
            Self::UnknownReason(_) => ErrorCode::UnknownReason,
            Self::BadName(_) => ErrorCode::BadName,
            Self::CardNumber => ErrorCode::CardNumberRefused,
            Self::BadLimit | Self::UnknownPlace(_) | Self::BadIdempotencyKey => ErrorCode::BadRequest,
            Self::IdempotencyKeyReused => ErrorCode::IdempotencyKeyReused,
            Self::Quarantine(QuarantineError::UnknownEntry(_)) => ErrorCode::UnknownEntry,
            Self::Quarantine(QuarantineError::AlreadyReplayed) => ErrorCode::AlreadyReplayed,
            Self::Quarantine(QuarantineError::AlreadySettled(_)) => ErrorCode::AlreadySettled,
            Self::Quarantine(QuarantineError::IsFork) => ErrorCode::EntryIsFork,
            Self::Quarantine(QuarantineError::BadReason) => ErrorCode::BadReason,
            Self::Quarantine(QuarantineError::Node(_)) => ErrorCode::StorageFailed,
            Self::StorageFull => ErrorCode::StorageFull,
            Self::Storage(_) => ErrorCode::StorageFailed,
            Self::Damaged(_) => ErrorCode::Internal,
            Self::Stopping => ErrorCode::NotReady,
        }
    }
}

impl From<NodeError> for LedgerError {
    fn from(why: NodeError) -> Self {
        match why {
            NodeError::Store(StoreError::Damaged(what)) => Self::Damaged(what),
            NodeError::Store(store) if store.is_disk_full() => Self::StorageFull,
            other => Self::Storage(other),
        }
    }
}

impl From<QuarantineError> for LedgerError {
    fn from(why: QuarantineError) -> Self {
        match why {
            QuarantineError::Node(why) => why.into(),
            other => Self::Quarantine(other),
        }
    }
}

impl From<StoreError> for LedgerError {
    fn from(why: StoreError) -> Self {
        NodeError::Store(why).into()
    }
}

impl From<rusqlite::Error> for LedgerError {
    fn from(why: rusqlite::Error) -> Self {
        StoreError::Sqlite(why).into()
    }
}

impl From<RowError> for LedgerError {
    fn from(why: RowError) -> Self {
        NodeError::Row(why).into()
    }
}

impl From<sync::WriterGone> for LedgerError {
    fn from(_: sync::WriterGone) -> Self {
        Self::Stopping
    }
}
