//! Drivers: the IO around the engine. Each is an async function that runs until its task is dropped.

mod audit;
mod downlink;
mod keep;
mod progress;
mod rebuild;
mod uplink;

use tokio::sync::watch;

pub use audit::audit;
pub use downlink::{DownlinkConfig, downlink};
pub use keep::keep_feeds;
pub use progress::progress;
pub use rebuild::rebuild;
pub use uplink::uplink;

/// How a link stands, for status bars and reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkStatus {
    /// Upstream answers.
    pub up: bool,
    /// When upstream last acknowledged or answered, milliseconds since 1970 UTC.
    pub last_ack_at_ms: Option<i64>,
    /// When a feed last turned out to differ from upstream's, and was taken anew (R20).
    pub feed_differed_at_ms: Option<i64>,
}

/// A shared [`LinkStatus`]; drivers write it, screens read it.
#[derive(Debug, Clone)]
pub struct StatusBoard(watch::Sender<LinkStatus>);

impl Default for StatusBoard {
    fn default() -> Self {
        Self(watch::Sender::new(LinkStatus::default()))
    }
}

impl StatusBoard {
    /// How the link stands now.
    pub fn now(&self) -> LinkStatus {
        *self.0.borrow()
    }

    /// Changes with the status.
    pub fn changes(&self) -> watch::Receiver<LinkStatus> {
        self.0.subscribe()
    }

    fn set_up(&self, up: bool) {
        self.0.send_if_modified(|status| std::mem::replace(&mut status.up, up) != up);
    }

    fn feed_differed(&self, at_ms: i64) {
        self.0.send_modify(|status| status.feed_differed_at_ms = Some(at_ms));
    }

    fn acknowledged(&self, at_ms: i64) {
        self.0.send_modify(|status| status.last_ack_at_ms = Some(at_ms));
    }
}
