//! The one thread that owns a node and its database connection.

use std::sync::mpsc;

use sync_proto::wire::Receipt;
use tokio::sync::{oneshot, watch};

use crate::node::{Incoming, Node};
use crate::store::Store;

type Work<S> = Box<dyn FnOnce(&mut Node<S>) + Send>;

enum Job<S> {
    /// Anything, alone.
    Work(Work<S>),
    /// Reading alone. It sees what is durable, so that batches around it are stored together all the same.
    Look(Work<S>),
    /// A batch, stored together with those that wait behind it.
    Batch(Box<WaitingBatch>),
}

struct WaitingBatch {
    incoming: Incoming,
    now_ms: i64,
    answer: oneshot::Sender<Option<Receipt>>,
}

/// Entries stored in one transaction at most: a wait for the disk costs little beside so many, and whoever comes
/// next waits a tenth of a second.
const GROUP_ENTRIES_MAX: usize = 4_000;

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
            let mut next = None;
            while let Some(job) = next.take().or_else(|| queue.recv().ok()) {
                match job {
                    Job::Work(work) | Job::Look(work) => work(&mut node),
                    Job::Batch(first) => next = answer_together(&mut node, *first, &queue),
                }
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
        self.have_done(Job::Work, job).await
    }

    /// The same for a job that only reads: it may be done before batches that were handed in earlier are stored.
    pub async fn look<T, F>(&self, job: F) -> Result<T, WriterGone>
    where
        T: Send + 'static,
        F: FnOnce(&mut Node<S>) -> T + Send + 'static,
    {
        self.have_done(Job::Look, job).await
    }

    async fn have_done<T, F>(&self, kind: fn(Work<S>) -> Job<S>, job: F) -> Result<T, WriterGone>
    where
        T: Send + 'static,
        F: FnOnce(&mut Node<S>) -> T + Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        let work: Work<S> = Box::new(move |node| {
            // Nobody waits any more when the caller was cancelled; the job is done all the same.
            let _ = answer.send(job(node));
        });
        self.queue(kind(work)).await?;
        result.await.map_err(|_| WriterGone)
    }

    /// Hands a batch in. Batches that wait are stored together, in the order in which they were handed in, and each is
    /// answered after the commit that stores it.
    pub async fn hand_in(&self, incoming: Incoming, now_ms: i64) -> Result<BatchAnswer, WriterGone> {
        let (answer, result) = oneshot::channel();
        self.queue(Job::Batch(Box::new(WaitingBatch { incoming, now_ms, answer }))).await?;
        Ok(BatchAnswer(result))
    }

    async fn queue(&self, mut job: Job<S>) -> Result<(), WriterGone> {
        loop {
            match self.jobs.try_send(job) {
                Ok(()) => return Ok(()),
                Err(mpsc::TrySendError::Full(back)) => {
                    job = back;
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                Err(mpsc::TrySendError::Disconnected(_)) => return Err(WriterGone),
            }
        }
    }

    /// The same from a thread that may block.
    pub fn run_blocking<T, F>(&self, job: F) -> Result<T, WriterGone>
    where
        T: Send + 'static,
        F: FnOnce(&mut Node<S>) -> T + Send + 'static,
    {
        let (answer, result) = mpsc::sync_channel(1);
        let work: Work<S> = Box::new(move |node| {
            let _ = answer.send(job(node));
        });
        self.jobs.send(Job::Work(work)).map_err(|_| WriterGone)?;
        result.recv().map_err(|_| WriterGone)
    }

    /// Changes after every commit.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }
}

/// The reply to a batch, on its way.
#[derive(Debug)]
pub struct BatchAnswer(oneshot::Receiver<Option<Receipt>>);

impl BatchAnswer {
    /// Waits for the commit. `None` for what was no batch.
    pub async fn receipt(self) -> Result<Option<Receipt>, WriterGone> {
        self.0.await.map_err(|_| WriterGone)
    }
}

/// Answers a batch and those that wait right behind it. Gives back the job that is next and no batch.
fn answer_together<S: Store>(
    node: &mut Node<S>,
    first: WaitingBatch,
    queue: &mpsc::Receiver<Job<S>>,
) -> Option<Job<S>> {
    let mut entries = first.incoming.entry_count();
    let now_ms = first.now_ms;
    let (mut group, mut answers) = (vec![first.incoming], vec![first.answer]);
    let mut next = None;
    while entries < GROUP_ENTRIES_MAX {
        match queue.try_recv() {
            Ok(Job::Batch(more)) => {
                entries += more.incoming.entry_count();
                group.push(more.incoming);
                answers.push(more.answer);
            }
            Ok(Job::Look(work)) => work(node),
            Ok(other) => {
                next = Some(other);
                break;
            }
            Err(_) => break,
        }
    }
    for (answer, reply) in answers.into_iter().zip(node.answer_batches(group, now_ms)) {
        // Who asked may be gone; what was stored stays.
        let _ = answer.send(reply);
    }
    next
}
