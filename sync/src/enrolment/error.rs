//! Why a device does not belong.

use sync_identity::authority::IssueError;

use crate::node::NodeError;

/// Longest reason of a revocation.
pub(super) const REASON_CHARS_MAX: usize = 200;

/// Why a device does not belong now. Nothing was issued.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// No such code, or another secret.
    #[error("There is no such enrolment code. Check it letter by letter, or ask for another.")]
    CodeUnknown,
    /// It is older than it may be.
    #[error("The enrolment code is older than 15 minutes. Ask for another.")]
    CodeExpired,
    /// It was used.
    #[error("The enrolment code was used already. Ask for another.")]
    CodeUsed,
    /// Tried too often.
    #[error("The enrolment code was mistyped too often and is closed. Ask for another.")]
    CodeUsedUp,
    /// The request cannot be used.
    #[error("The request cannot be used: {0}. Bring both programs to versions that fit together.")]
    BadRequest(String),
    /// The device id of an existing database is taken.
    #[error("The database here is of another device or another station. Start with an empty data folder.")]
    OtherDevice,
    /// No such device.
    #[error("There is no device {0}. Choose one of the list.")]
    UnknownDevice(String),
    /// A reason is missing or too long.
    #[error("A reason of 1 to {REASON_CHARS_MAX} printable characters is needed. Give one.")]
    BadReason,
    /// Less than half of the certificate's life is over.
    #[error("The certificate is too young to be renewed. Nothing to do.")]
    NotDue,
    /// The certificate could not be made.
    #[error("The certificate was not issued: {0}")]
    Issue(#[from] IssueError),
    /// The database did not take it.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl EnrolmentError {
    /// The stable code that screens match on.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CodeUnknown => "code_unknown",
            Self::CodeExpired => "code_expired",
            Self::CodeUsed => "code_used",
            Self::CodeUsedUp => "code_used_up",
            Self::BadRequest(_) => "bad_request",
            Self::OtherDevice => "other_device",
            Self::UnknownDevice(_) => "unknown_device",
            Self::BadReason => "bad_reason",
            Self::NotDue => "not_due",
            Self::Issue(_) | Self::Node(_) | Self::Random(_) => "storage_failed",
        }
    }
}
