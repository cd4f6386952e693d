//! Tasks that are started again when they fail.

use std::future::Future;
use std::time::Duration;

use sync::WriterGone;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A task that fails at once is not started faster than this.
pub(crate) const RESTART_AFTER: Duration = Duration::from_secs(1);

/// The daemon's components. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Supervisor {
    tasks: JoinSet<()>,
    stopping: CancellationToken,
    restart_after: Duration,
}

impl Supervisor {
    pub(crate) fn new(stopping: CancellationToken, restart_after: Duration) -> Self {
        Self { tasks: JoinSet::new(), stopping, restart_after }
    }

    /// Runs what `component` makes until the daemon stops; makes it anew when it panics or ends.
    pub(crate) fn start<F, R>(&mut self, name: &'static str, component: F)
    where
        F: Fn() -> R + Send + 'static,
        R: Future<Output = Result<(), WriterGone>> + Send + 'static,
    {
        let (stopping, restart_after) = (self.stopping.clone(), self.restart_after);
        self.tasks.spawn(async move {
            loop {
                let mut task = JoinSet::new();
                task.spawn(component());
                let ended = tokio::select! {
                    ended = task.join_next() => ended,
                    () = stopping.cancelled() => return,
                };
                match ended {
                    Some(Ok(Err(WriterGone))) => {
                        return tracing::error!(name, "component ended: the journal's writer has stopped");
                    }
                    Some(Ok(Ok(()))) | None => tracing::warn!(name, "component ended; starting it again"),
                    Some(Err(why)) => tracing::error!(name, %why, "component failed; starting it again"),
                }
                tokio::select! {
                    () = tokio::time::sleep(restart_after) => {}
                    () = stopping.cancelled() => return,
                }
            }
        });
    }

    /// Waits until every task has ended; they do when the daemon is stopping.
    pub(crate) async fn ended(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_component_that_panics_is_started_again_until_the_daemon_stops() {
        let stopping = CancellationToken::new();
        let mut supervisor = Supervisor::new(stopping.clone(), Duration::ZERO);
        let (starts, third) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let (counted, reached) = (Arc::clone(&starts), Arc::clone(&third));
        supervisor.start("test", move || {
            let (starts, third) = (Arc::clone(&counted), Arc::clone(&reached));
            async move {
                assert!(starts.fetch_add(1, Ordering::Relaxed) >= 2, "the first two attempts fail");
                third.notify_one();
                std::future::pending().await
            }
        });
        third.notified().await;
        assert_eq!(starts.load(Ordering::Relaxed), 3);
        stopping.cancel();
        supervisor.ended().await;
    }
}
