//! A second way upstream that is used only while the first one is down (R36).

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Link, LinkError, LinkFuture};

/// The first way is given this long to come back: an agent that restarts is back sooner, and ten thousand stations do
/// not all move over to head office for a switch that was unplugged for a moment.
pub const STANDBY_AFTER: Duration = Duration::from_secs(10);

/// A link that refuses to be used while another one is up.
#[derive(Clone)]
pub struct Standby {
    link: Arc<dyn Link>,
    first: watch::Receiver<bool>,
    after: Duration,
    down_since: Arc<Mutex<Option<Instant>>>,
}

impl std::fmt::Debug for Standby {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Standby").field("after", &self.after).finish_non_exhaustive()
    }
}

impl Standby {
    /// `link`, once `first` was down for `after`.
    pub fn new(link: Arc<dyn Link>, first: watch::Receiver<bool>, after: Duration) -> Self {
        Self { link, first, after, down_since: Arc::new(Mutex::new(Some(Instant::now()))) }
    }

    fn is_wanted(&self) -> bool {
        let up = *self.first.borrow();
        let Ok(mut down_since) = self.down_since.lock() else { return false };
        if up {
            *down_since = None;
            return false;
        }
        down_since.get_or_insert_with(Instant::now).elapsed() >= self.after
    }
}

impl Link for Standby {
    fn request(&self, message: Vec<u8>, wait_ms: u32) -> LinkFuture {
        if self.is_wanted() {
            return self.link.request(message, wait_ms);
        }
        Box::pin(async {
            let why =
                "it is not needed: the nearer upstream answers, or was heard of a moment ago".to_owned();
            Err(LinkError::Down { upstream: "the second way upstream".to_owned(), why })
        })
    }

    fn up(&self) -> watch::Receiver<bool> {
        self.link.up()
    }

    fn pokes(&self) -> watch::Receiver<u64> {
        self.link.pokes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Answering(watch::Sender<bool>);

    impl Link for Answering {
        fn request(&self, message: Vec<u8>, _: u32) -> LinkFuture {
            Box::pin(async { Ok(message) })
        }

        fn up(&self) -> watch::Receiver<bool> {
            self.0.subscribe()
        }

        fn pokes(&self) -> watch::Receiver<u64> {
            watch::Sender::new(0).subscribe()
        }
    }

    #[tokio::test]
    async fn r36_the_second_way_is_used_only_while_the_first_is_down_for_long_enough() {
        let first = watch::Sender::new(true);
        let second: Arc<dyn Link> = Arc::new(Answering(watch::Sender::new(true)));
        let patient = Standby::new(Arc::clone(&second), first.subscribe(), Duration::from_secs(3_600));
        let prompt = Standby::new(second, first.subscribe(), Duration::ZERO);
        assert!(prompt.request(vec![1], 0).await.is_err());
        first.send_replace(false);
        assert_eq!(prompt.request(vec![1], 0).await.ok(), Some(vec![1]));
        assert!(patient.request(vec![1], 0).await.is_err());
        first.send_replace(true);
        assert!(prompt.request(vec![1], 0).await.is_err());
    }
}
