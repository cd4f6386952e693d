//! The one thread that owns a node and its database connection.

use std::sync::mpsc;

use tokio::sync::{oneshot, watch};

use crate::node::Node;
use crate::store::Store;

type Job<S> = Box<dyn FnOnce(&mut Node<S>) + Send>;

/// Jobs waiting at most; a caller beyond that waits for a place, so memory stays bounded.
const QUEUE_LEN_MAX: usize = 1_024;

/// The writer's thread has ended; the program is shutting down or has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal's writer has stopped")]
pub struct WriterGone;

/// A handle to the writer. Clones share it; the thread ends when the last is dropped.
pub struct Writer<S: Store + 'static> {
    jobs: mpsc::SyncSender<Job<S>>,
    changed: watch::Receiver<u64>,
}

impl<S: Store + 'static> Clone for Writer<S> {
    fn clone(&self) -> Self {
        Self { jobs: self.jobs.clone(), changed: self.changed.clone() }
    }
}

impl<S: Store + 'static> std::fmt::Debug for Writer<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

impl<S: Store + 'static> Writer<S> {
    /// Moves `node` to a thread of its own.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(mut node: Node<S>) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::sync_channel::<Job<S>>(QUEUE_LEN_MAX);
        let (announce, changed) = watch::channel(node.commits());
        std::thread::Builder::new().name("journal".to_owned()).spawn(move || {
            while let Ok(job) = queue.recv() {
                job(&mut node);
                let commits = node.commits();
                announce.send_if_modified(|seen| std::mem::replace(seen, commits) != commits);
            }
            // Whoever waits for the announcements to end finds the database closed and its lease free.
            drop(node);
            drop(announce);
        })?;
        Ok(Self { jobs, changed })
    }

    /// Runs `job` on the writer's thread and waits for its result, from async code.
    pub async fn run<T, F>(&self, job: F) -> Result<T, WriterGone>
    where
        T: Send + 'static,
        F: FnOnce(&mut Node<S>) -> T + Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        let mut boxed: Job<S> = Box::new(move |node| {
            // Nobody waits any more when the caller was cancelled; the job is done all the same.
            let _ = answer.send(job(node));
        });
        loop {
            match self.jobs.try_send(boxed) {
                Ok(()) => break,
                Err(mpsc::TrySendError::Full(back)) => {
                    boxed = back;
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                Err(mpsc::TrySendError::Disconnected(_)) => return Err(WriterGone),
            }
        }
        result.await.map_err(|_| WriterGone)
    }

    /// The same from a thread that may block.
    pub fn run_blocking<T, F>(&self, job: F) -> Result<T, WriterGone>
    where
        T: Send + 'static,
        F: FnOnce(&mut Node<S>) -> T + Send + 'static,
    {
        let (answer, result) = mpsc::sync_channel(1);
        let boxed: Job<S> = Box::new(move |node| {
            let _ = answer.send(job(node));
        });
        self.jobs.send(boxed).map_err(|_| WriterGone)?;
        result.recv().map_err(|_| WriterGone)
    }

    /// Changes after every commit.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }
}
