//! Links upstream. Both say the same bytes and neither carries the guarantee: only the receiver's own
//! acknowledgement, in its reply, moves a cursor.

mod http;
mod mqtt;
mod report;
mod standby;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::watch;

pub use http::{HttpLink, SYNC_PATH};
pub use mqtt::{MqttLink, MqttLinkConfig, Topics};
pub use report::{AlarmReport, DaySold, Report, StateReport, TillReport};
pub use standby::{STANDBY_AFTER, Standby};

/// Why a request has no reply. The engine tries again; nothing is lost by it.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No connection.
    #[error("{upstream} cannot be reached: {why}")]
    Down {
        /// Where to.
        upstream: String,
        /// What happened.
        why: String,
    },
    /// No reply in time.
    #[error("{upstream} did not answer within {within_ms} ms")]
    Late {
        /// Where to.
        upstream: String,
        /// The limit.
        within_ms: u128,
    },
    /// Upstream does not accept this device, or not this message.
    #[error("{upstream} refused: {why}")]
    Refused {
        /// Where to.
        upstream: String,
        /// What it said.
        why: String,
    },
    /// Upstream does not let this device in: it is revoked, was enrolled again, or its certificate has ended.
    #[error("{upstream} does not let this device in ({status}): renew its certificate, or enrol it again")]
    NotAdmitted {
        /// Where to.
        upstream: String,
        /// The HTTP status.
        status: u16,
    },
    /// The reply is longer than a message may be.
    #[error("{upstream} sent a reply that is too long")]
    TooLong {
        /// Where to.
        upstream: String,
    },
}

/// A reply on its way.
pub type LinkFuture = Pin<Box<dyn Future<Output = Result<Vec<u8>, LinkError>> + Send>>;

/// A reply later than this counts as lost; the engine's own limit is the same.
pub const REPLY_WITHIN: Duration = Duration::from_secs(5);

/// A way to ask upstream one thing at a time, or several at once.
pub trait Link: Send + Sync + 'static {
    /// Sends a message and waits for its reply. `wait_ms` lets a pull wait upstream for news, where the link
    /// can (HTTP); over MQTT a poke says when there is news.
    fn request(&self, message: Vec<u8>, wait_ms: u32) -> LinkFuture;

    /// Whether upstream answers.
    fn up(&self) -> watch::Receiver<bool>;

    /// Changes when upstream says that there is something to pull.
    fn pokes(&self) -> watch::Receiver<u64>;
}
