//! Refusals: problem+json (RFC 9457) with a closed set of codes.

use serde::{Deserialize, Serialize};

/// Media type of a [`Problem`].
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was refused. The strings on the wire are stable; screens match on them to explain in their language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The body or the query does not say what the path needs.
    BadRequest,
    /// The body is not JSON (or not a form) at all.
    MalformedBody,
    /// A field that must be there is not.
    MissingField,
    /// No token, or a wrong one.
    Unauthorized,
    /// The device is not enrolled here, is revoked, or there is none of that id.
    UnknownDevice,
    /// The path takes a device's certificate, and none was shown.
    NoCertificate,
    /// The certificate does not open this path.
    NotAllowed,
    /// The agent is not enrolled yet.
    NotEnrolled,
    /// No such enrolment code, or another secret.
    CodeUnknown,
    /// The code's fifteen minutes are over.
    CodeExpired,
    /// The code was used already.
    CodeUsed,
    /// The code was tried too often.
    CodeUsedUp,
    /// What was typed is no code: its check letter does not fit.
    CodeMistyped,
    /// Who answered is not of the authority that the code was made for.
    WrongAuthority,
    /// HQ cannot be reached, and enrolling needs it.
    HqUnreachable,
    /// The database is of another device or another station.
    OtherDevice,
    /// A reason that is empty or too long.
    BadReason,
    /// The certificate is too young to be renewed.
    NotDue,
    /// No such path.
    NotFound,
    /// The path does not take this method.
    MethodNotAllowed,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// No such product in the catalogue.
    UnknownProduct,
    /// No such order, or no delivery for it.
    UnknownOrder,
    /// No such entry is set aside.
    UnknownEntry,
    /// The entry is in the books already.
    AlreadyReplayed,
    /// What becomes of the entry was decided already.
    AlreadySettled,
    /// A fork is never replayed.
    EntryIsFork,
    /// Entries of the device have not reached HQ, or may not have.
    PendingEntries,
    /// Not a file of a journal, or not one for here.
    BadJournalFile,
    /// No such credit account.
    UnknownAccount,
    /// Not a stock movement's reason.
    UnknownReason,
    /// Zero, negative, not a number, with too many decimals, or absurdly large.
    BadQuantity,
    /// A name that is empty or too long.
    BadName,
    /// A card number where text is taken; card data is never kept.
    CardNumberRefused,
    /// The order has not been dispatched, so nothing can be received for it.
    NotShipped,
    /// The delivery was confirmed before, with another quantity.
    AlreadyConfirmed,
    /// The order was cancelled.
    OrderCancelled,
    /// The order's shipment has left, so it can no longer be called off.
    OrderAlreadyShipped,
    /// The idempotency key was used before with another body.
    IdempotencyKeyReused,
    /// No room left on the station's disk.
    StorageFull,
    /// The database refused.
    StorageFailed,
    /// The daemon starts or stops.
    NotReady,
    /// A fault of the daemon; its log says more.
    Internal,
    /// A code of a newer daemon; never sent. Go by the status and the detail.
    #[serde(other)]
    Unrecognised,
}

impl ErrorCode {
    /// Every code that may be sent.
    pub const ALL: [Self; 43] = [
        Self::BadRequest,
        Self::MalformedBody,
        Self::MissingField,
        Self::Unauthorized,
        Self::UnknownDevice,
        Self::NoCertificate,
        Self::NotAllowed,
        Self::NotEnrolled,
        Self::CodeUnknown,
        Self::CodeExpired,
        Self::CodeUsed,
        Self::CodeUsedUp,
        Self::CodeMistyped,
        Self::WrongAuthority,
        Self::HqUnreachable,
        Self::OtherDevice,
        Self::BadReason,
        Self::NotDue,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::BodyTooLarge,
        Self::UnknownProduct,
        Self::UnknownOrder,
        Self::UnknownEntry,
        Self::AlreadyReplayed,
        Self::AlreadySettled,
        Self::EntryIsFork,
        Self::PendingEntries,
        Self::BadJournalFile,
        Self::UnknownAccount,
        Self::UnknownReason,
        Self::BadQuantity,
        Self::BadName,
        Self::CardNumberRefused,
        Self::NotShipped,
        Self::AlreadyConfirmed,
        Self::OrderCancelled,
        Self::OrderAlreadyShipped,
        Self::IdempotencyKeyReused,
        Self::StorageFull,
        Self::StorageFailed,
        Self::NotReady,
        Self::Internal,
    ];

    /// The code as the wire writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::MalformedBody => "malformed_body",
            Self::MissingField => "missing_field",
            Self::Unauthorized => "unauthorized",
            Self::UnknownDevice => "unknown_device",
            Self::NoCertificate => "no_certificate",
            Self::NotAllowed => "not_allowed",
            Self::NotEnrolled => "not_enrolled",
            Self::CodeUnknown => "code_unknown",
            Self::CodeExpired => "code_expired",
            Self::CodeUsed => "code_used",
            Self::CodeUsedUp => "code_used_up",
            Self::CodeMistyped => "code_mistyped",
            Self::WrongAuthority => "wrong_authority",
            Self::HqUnreachable => "hq_unreachable",
            Self::OtherDevice => "other_device",
            Self::BadReason => "bad_reason",
            Self::NotDue => "not_due",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::BodyTooLarge => "body_too_large",
            Self::UnknownProduct => "unknown_product",
            Self::UnknownOrder => "unknown_order",
            Self::UnknownEntry => "unknown_entry",
            Self::AlreadyReplayed => "already_replayed",
            Self::AlreadySettled => "already_settled",
            Self::EntryIsFork => "entry_is_fork",
            Self::PendingEntries => "pending_entries",
            Self::BadJournalFile => "bad_journal_file",
            Self::UnknownAccount => "unknown_account",
            Self::UnknownReason => "unknown_reason",
            Self::BadQuantity => "bad_quantity",
            Self::BadName => "bad_name",
            Self::CardNumberRefused => "card_number_refused",
            Self::NotShipped => "not_shipped",
            Self::AlreadyConfirmed => "already_confirmed",
            Self::OrderCancelled => "order_cancelled",
            Self::OrderAlreadyShipped => "order_already_shipped",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::StorageFull => "storage_full",
            Self::StorageFailed => "storage_failed",
            Self::NotReady => "not_ready",
            Self::Internal => "internal",
            Self::Unrecognised => "unrecognised",
        }
    }

    /// The HTTP status that goes with the code.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest
            | Self::MalformedBody
            | Self::MissingField
            | Self::UnknownReason
            | Self::BadQuantity
            | Self::BadName
            | Self::CodeMistyped
            | Self::BadReason
            | Self::BadJournalFile
            | Self::CardNumberRefused => 400,
            Self::Unauthorized | Self::NoCertificate => 401,
            Self::NotAllowed | Self::CodeUnknown => 403,
            Self::UnknownDevice
            | Self::NotFound
            | Self::UnknownProduct
            | Self::UnknownOrder
            | Self::UnknownEntry
            | Self::UnknownAccount => 404,
            Self::MethodNotAllowed => 405,
            Self::NotShipped
            | Self::AlreadyConfirmed
            | Self::OrderCancelled
            | Self::OrderAlreadyShipped
            | Self::AlreadyReplayed
            | Self::AlreadySettled
            | Self::EntryIsFork
            | Self::PendingEntries
            | Self::OtherDevice
            | Self::NotDue => 409,
            Self::CodeExpired | Self::CodeUsed | Self::CodeUsedUp => 410,
            Self::BodyTooLarge => 413,
            Self::IdempotencyKeyReused => 422,
            Self::StorageFailed | Self::Internal | Self::Unrecognised => 500,
            Self::WrongAuthority | Self::HqUnreachable => 502,
            Self::NotReady | Self::NotEnrolled => 503,
            Self::StorageFull => 507,
        }
    }

    /// A few English words, the same for every problem of this code (RFC 9457, section 3.1.3).
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "Bad request",
            Self::MalformedBody => "Malformed body",
            Self::MissingField => "Missing field",
            Self::Unauthorized => "Unauthorized",
            Self::UnknownDevice => "Unknown device",
            Self::NoCertificate => "No certificate",
            Self::NotAllowed => "Not allowed",
            Self::NotEnrolled => "Not enrolled yet",
            Self::CodeUnknown => "Unknown enrolment code",
            Self::CodeExpired => "Enrolment code expired",
            Self::CodeUsed => "Enrolment code used",
            Self::CodeUsedUp => "Enrolment code tried too often",
            Self::CodeMistyped => "Enrolment code mistyped",
            Self::WrongAuthority => "Another authority",
            Self::HqUnreachable => "Head office unreachable",
            Self::OtherDevice => "Another device",
            Self::BadReason => "Bad reason",
            Self::NotDue => "Renewal not due",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::BodyTooLarge => "Body too large",
            Self::UnknownProduct => "Unknown product",
            Self::UnknownOrder => "Unknown order",
            Self::UnknownEntry => "Unknown entry",
            Self::AlreadyReplayed => "Already replayed",
            Self::AlreadySettled => "Already settled",
            Self::EntryIsFork => "Entry is a fork",
            Self::PendingEntries => "Entries pending",
            Self::BadJournalFile => "Bad journal file",
            Self::UnknownAccount => "Unknown account",
            Self::UnknownReason => "Unknown reason",
            Self::BadQuantity => "Bad quantity",
            Self::BadName => "Bad name",
            Self::CardNumberRefused => "Card number refused",
            Self::NotShipped => "Not shipped yet",
            Self::AlreadyConfirmed => "Already confirmed",
            Self::OrderCancelled => "Order cancelled",
            Self::OrderAlreadyShipped => "Order already shipped",
            Self::IdempotencyKeyReused => "Idempotency key reused",
            Self::StorageFull => "Storage full",
            Self::StorageFailed => "Storage failed",
            Self::NotReady => "Not ready",
            Self::Internal => "Internal error",
            Self::Unrecognised => "Unrecognised code",
        }
    }
}

/// Body of every refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Always `about:blank`: the code says more than an address would.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// [`ErrorCode::title`].
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// The reason, for programs.
    pub code: ErrorCode,
    /// What happened, why, and what now; English, one or two sentences.
    pub detail: String,
    /// Always `false`: older integrations read a bare boolean.
    #[serde(default)]
    pub result: bool,
}

impl Problem {
    /// The problem of `code`; `detail` says what happened, why and what now.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            problem_type: "about:blank".to_owned(),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            detail: detail.into(),
            result: false,
        }
    }
}
