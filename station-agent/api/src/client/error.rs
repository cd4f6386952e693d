//! What can go wrong between a client and the agent.

use crate::problem::Problem;

/// Why a call has no answer. A screen tells three cases apart: not reached, refused, and not understood.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The client was set up wrongly; no request was made.
    #[error("{what}")]
    Settings {
        /// What to change.
        what: &'static str,
    },
    /// No connection, or it broke or was silent before the reply was complete. A write may or may not be recorded.
    #[error("the station agent did not answer")]
    Unreachable(#[source] reqwest::Error),
    /// The agent said no; nothing was recorded.
    #[error("the station agent refused the request: {0}")]
    Refused(#[source] Box<Refusal>),
    /// The reply's body is not what the API promises.
    #[error("the station agent's reply cannot be read")]
    NotJson(#[source] serde_json::Error),
    /// The reply is larger than a client reads.
    #[error("the station agent's reply is larger than {limit_bytes} bytes")]
    TooLarge {
        /// [`crate::REPLY_BYTES_MAX`].
        limit_bytes: usize,
    },
    /// A status that the API does not use, without a problem that explains it.
    #[error(
        "the reply has status {status} and no problem that explains it; is this address a station agent?"
    )]
    UnexpectedStatus {
        /// The HTTP status.
        status: u16,
    },
}

impl ClientError {
    /// The agent was not reached (as opposed to: it refused, or answered nonsense).
    #[must_use]
    pub const fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }

    /// The agent's refusal, when it is one.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(refusal) => Some(&refusal.problem),
            Self::Settings { .. }
            | Self::Unreachable(_)
            | Self::NotJson(_)
            | Self::TooLarge { .. }
            | Self::UnexpectedStatus { .. } => None,
        }
    }

    /// Something answered that does not speak this API.
    #[must_use]
    pub const fn is_malformed(&self) -> bool {
        matches!(self, Self::NotJson(_) | Self::TooLarge { .. } | Self::UnexpectedStatus { .. })
    }
}

/// A refusal as it came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", problem.code.as_str(), problem.detail)]
pub struct Refusal {
    /// The HTTP status, which counts if the body says another.
    pub status: u16,
    /// The agent's reason.
    pub problem: Problem,
}
