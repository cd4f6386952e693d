//! Why head office did not do what it was asked, with the stable code that clients match on.
//!
//! Every text says what happened, why, and what to do now; the Korean texts stand under the same codes in
//! `assets/locales/errors.ko.json`.

use sync::carry::CarryError;
use sync::enrolment::EnrolmentError;
use sync::{NodeError, QuarantineError, StoreError, WriterGone};

/// A refused or failed request. Nothing of it was recorded.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No or a wrong token.
    #[error(
        "The token is missing or not the right one. Send `Authorization: Bearer TOKEN` with the token of api_token_file."
    )]
    Unauthorized,
    /// A path of devices without a device's certificate.
    #[error("This path takes a device's certificate, and none was shown. Enrol the device first.")]
    NoCertificate,
    /// The certificate does not open this path.
    #[error(
        "The certificate that was shown does not open this path: the device is revoked, was enrolled again, or its certificate has ended. Renew it, or enrol the device again."
    )]
    NotAllowed,
    /// A device was not enrolled, renewed or revoked.
    #[error("{0}")]
    Enrolment(EnrolmentError),
    /// An entry set aside was not replayed or settled.
    #[error("{0}")]
    Quarantine(QuarantineError),
    /// Entries of the device have not reached head office, or may not have.
    #[error("{}", pending_words(*count, since.as_deref()))]
    PendingEntries {
        /// As its station said last.
        count: u64,
        /// Since when nothing is heard of it.
        since: Option<String>,
    },
    /// A journal's file was not imported.
    #[error("The file was not imported: {0}.")]
    Carried(CarryError),
    /// No such path.
    #[error("There is nothing at this path. Check the address against the documentation.")]
    NotFound,
    /// The path has other methods.
    #[error("This path does not take this method. Check the method against the documentation.")]
    MethodNotAllowed,
    /// The body is longer than a request may be.
    #[error("The body is longer than 1 MiB. Send less at a time.")]
    BodyTooLarge,
    /// The body is not in a form that is read here.
    #[error(
        "The body is neither JSON nor a form. Send it as application/json or application/x-www-form-urlencoded."
    )]
    UnsupportedMediaType,
    /// The body does not parse.
    #[error("The body cannot be read: {0}. Send it again in the form that the path takes.")]
    MalformedBody(String),
    /// A value has a form that is not accepted.
    #[error("{0}. Check the value and send it again.")]
    BadRequest(String),
    /// A parameter is not there.
    #[error("`{0}` is missing. Send it as a form field, a query parameter or a member of a JSON object.")]
    MissingField(&'static str),
    /// Not a usable quantity.
    #[error(
        "The quantity cannot be used: {0}. Give a number above zero, at most 1,000,000,000, with at most three decimals."
    )]
    BadQuantity(String),
    /// Not a usable price.
    #[error("The price cannot be used: {0}. Give a whole number of won above zero, at most 1,000,000,000.")]
    BadPrice(String),
    /// Not a usable name.
    #[error("The name cannot be used: it has to have 1 to 100 printable characters. Give another name.")]
    BadName,
    /// Not a usable time.
    #[error(
        "`{0}` is not a time that can be used. Give it as 2026-11-23T06:00:00Z, within two years, or leave it out to change at once."
    )]
    BadEffectiveAt(String),
    /// Not a tax class.
    #[error("The tax class is unknown. It is taxed, exempt or taxFree.")]
    BadTaxClass,
    /// Not a usable vehicle number.
    #[error(
        "The vehicle number cannot be used: it has to have 1 to 20 printable characters. Give the number as on the plate."
    )]
    BadCarNumber,
    /// A card number where text is taken. It is not repeated in the answer.
    #[error(
        "The request holds what looks like a payment card's number; card data is never taken, and nothing was recorded. Leave the number out and send the request again."
    )]
    CardNumberRefused,
    /// No such product.
    #[error("Product {0} is not in the catalogue. Choose one that GET /products lists.")]
    UnknownProduct(String),
    /// The product's code is taken.
    #[error("Product {0} is in the catalogue already. Change it with PATCH, or choose another code.")]
    DuplicateProduct(String),
    /// No station answers to the destination.
    #[error("No station is called {0:?}. Give a station's code, name or address.")]
    UnknownDestination(String),
    /// Several do.
    #[error("{0:?} fits more than one station ({1}). Give the station's code.")]
    AmbiguousDestination(String, String),
    /// No such station.
    #[error("Station {0} is not in the register. Choose one that GET /api/v1/stations lists.")]
    UnknownStation(String),
    /// The station `POST /orders/station` answers with is not configured.
    #[error("No station is configured here. Add [station] to the configuration of hq-server.")]
    NoStation,
    /// No such order.
    #[error("There is no order {0}. Choose one that GET /orders lists.")]
    UnknownOrder(String),
    /// No such shipment.
    #[error("There is no shipment {0}. Choose one that GET /shipments lists.")]
    UnknownShipment(String),
    /// The order left already.
    #[error(
        "Order {0} has been shipped and cannot be cancelled any more. Receive it, or send it back as a new movement."
    )]
    OrderAlreadyShipped(String),
    /// The order is cancelled.
    #[error("Order {0} is cancelled. Place a new order if the goods are needed.")]
    OrderCancelled(String),
    /// The shipment left already.
    #[error("Shipment {0} has left already. Nothing to do.")]
    AlreadyDispatched(String),
    /// No such role.
    #[error("There is no role {0:?}. The roles are order and logistics.")]
    UnknownRole(String),
    /// The role is stopped.
    #[error(
        "The role {0} is stopped. Start it with `hq-server role start {0}` and try again; nothing was recorded."
    )]
    RoleStopped(&'static str),
    /// The key was used for something else.
    #[error("This Idempotency-Key was used for another request. Use a new key for a new request.")]
    IdempotencyKeyReused,
    /// The database has no room.
    #[error("The disk of head office is full; nothing was recorded. Make room on it and try again.")]
    StorageFull,
    /// The database failed.
    #[error(
        "The database of head office failed; nothing was recorded. Look into the log of hq-server and try again."
    )]
    StorageFailed(#[source] NodeError),
    /// The program is going down.
    #[error("Head office is shutting down. Try again in a moment.")]
    NotReady,
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::NoCertificate => "no_certificate",
            Self::NotAllowed => "not_allowed",
            Self::Enrolment(why) => why.code(),
            Self::Quarantine(why) => why.code(),
            Self::PendingEntries { .. } => "pending_entries",
            Self::Carried(CarryError::UnknownDevice(_)) => "unknown_device",
            Self::Carried(CarryError::BadReason) => "bad_reason",
            Self::Carried(_) => "bad_journal_file",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::BodyTooLarge => "body_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::MalformedBody(_) => "malformed_body",
            Self::BadRequest(_) => "bad_request",
            Self::MissingField(_) => "missing_field",
            Self::BadQuantity(_) => "bad_quantity",
            Self::BadPrice(_) => "bad_price",
            Self::BadName => "bad_name",
            Self::BadEffectiveAt(_) => "bad_effective_at",
            Self::BadTaxClass => "bad_tax_class",
            Self::BadCarNumber => "bad_car_number",
            Self::CardNumberRefused => "card_number_refused",
            Self::UnknownProduct(_) => "unknown_product",
            Self::DuplicateProduct(_) => "duplicate_product",
            Self::UnknownDestination(_) => "unknown_destination",
            Self::AmbiguousDestination(..) => "ambiguous_destination",
            Self::UnknownStation(_) | Self::NoStation => "unknown_station",
            Self::UnknownOrder(_) => "unknown_order",
            Self::UnknownShipment(_) => "unknown_shipment",
            Self::OrderAlreadyShipped(_) => "order_already_shipped",
            Self::OrderCancelled(_) => "order_cancelled",
            Self::AlreadyDispatched(_) => "already_dispatched",
            Self::UnknownRole(_) => "unknown_role",
            Self::RoleStopped(_) => "role_stopped",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::StorageFull => "storage_full",
            Self::StorageFailed(_) => "storage_failed",
            Self::NotReady => "not_ready",
        }
    }

    /// The HTTP status that goes with it.
    pub const fn status(&self) -> u16 {
        match self {
            Self::MalformedBody(_)
            | Self::BadRequest(_)
            | Self::MissingField(_)
            | Self::BadQuantity(_)
            | Self::BadPrice(_)
            | Self::BadName
            | Self::BadEffectiveAt(_)
            | Self::BadTaxClass
            | Self::BadCarNumber
            | Self::CardNumberRefused => 400,
            Self::Unauthorized | Self::NoCertificate => 401,
            Self::NotAllowed => 403,
            Self::Enrolment(why) => match why {
                EnrolmentError::UnknownDevice(_) => 404,
                EnrolmentError::CodeUnknown => 403,
                EnrolmentError::CodeExpired | EnrolmentError::CodeUsed | EnrolmentError::CodeUsedUp => 410,
                EnrolmentError::OtherDevice | EnrolmentError::NotDue => 409,
                EnrolmentError::BadRequest(_) | EnrolmentError::BadReason => 400,
                EnrolmentError::Issue(_) | EnrolmentError::Node(_) | EnrolmentError::Random(_) => 500,
            },
            Self::Quarantine(why) => match why {
                QuarantineError::UnknownEntry(_) => 404,
                QuarantineError::BadReason => 400,
                QuarantineError::AlreadyReplayed
                | QuarantineError::AlreadySettled(_)
                | QuarantineError::IsFork => 409,
                QuarantineError::Node(_) => 500,
            },
            Self::Carried(CarryError::UnknownDevice(_)) => 404,
            Self::Carried(_) => 400,
            Self::PendingEntries { .. } => 409,
            Self::NotFound
            | Self::UnknownProduct(_)
            | Self::UnknownDestination(_)
            | Self::UnknownStation(_)
            | Self::NoStation
            | Self::UnknownOrder(_)
            | Self::UnknownShipment(_)
            | Self::UnknownRole(_) => 404,
            Self::MethodNotAllowed => 405,
            Self::DuplicateProduct(_)
            | Self::AmbiguousDestination(..)
            | Self::OrderAlreadyShipped(_)
            | Self::OrderCancelled(_)
            | Self::AlreadyDispatched(_) => 409,
            Self::BodyTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::IdempotencyKeyReused => 422,
            Self::StorageFailed(_) => 500,
            Self::RoleStopped(_) | Self::NotReady => 503,
            Self::StorageFull => 507,
        }
    }
}

fn pending_words(count: u64, since: Option<&str>) -> String {
    let silent = since.map_or_else(String::new, |since| {
        format!(", and nothing is heard of it since {since}: it may hold more")
    });
    format!(
        "{count} entries of this device have not reached head office{silent}. It was not revoked. Wait until none is pending, or send overridePending: that is noted, and what the device holds can be exported there and imported here."
    )
}

impl From<CarryError> for Refusal {
    fn from(why: CarryError) -> Self {
        match why {
            CarryError::Node(why) => why.into(),
            why => Self::Carried(why),
        }
    }
}

impl From<NodeError> for Refusal {
    fn from(why: NodeError) -> Self {
        match why {
            NodeError::Store(store) if store.is_disk_full() => Self::StorageFull,
            other => Self::StorageFailed(other),
        }
    }
}

impl From<EnrolmentError> for Refusal {
    fn from(why: EnrolmentError) -> Self {
        match why {
            EnrolmentError::Node(why) => why.into(),
            EnrolmentError::Issue(sync_identity::IssueError::Request(why)) => {
                Self::Enrolment(EnrolmentError::BadRequest(why))
            }
            why => Self::Enrolment(why),
        }
    }
}

impl From<QuarantineError> for Refusal {
    fn from(why: QuarantineError) -> Self {
        match why {
            QuarantineError::Node(why) => why.into(),
            why => Self::Quarantine(why),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(why: StoreError) -> Self {
        NodeError::Store(why).into()
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(why: rusqlite::Error) -> Self {
        StoreError::Sqlite(why).into()
    }
}

impl From<WriterGone> for Refusal {
    fn from(_: WriterGone) -> Self {
        Self::NotReady
    }
}
