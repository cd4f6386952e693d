//! Read-only connections beside the writer, for lists and reports.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use crate::store::StoreError;
use crate::store::sqlite::open_reader;

/// Connections kept open; more are opened for a burst and closed after it.
const IDLE_MAX: usize = 4;

/// A small pool of read-only connections.
#[derive(Debug, Clone)]
pub struct Reader {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Reader {
    /// Reads from the database at `path`, which must exist.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Arc::new(Mutex::new(Vec::new())) }
    }

    /// Runs `read` with a connection, on the calling thread.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let kept = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        let connection = match kept {
            Some(connection) => connection,
            None => open_reader(&self.path)?,
        };
        let result = read(&connection);
        if let Ok(mut idle) = self.idle.lock()
            && idle.len() < IDLE_MAX
        {
            idle.push(connection);
        }
        Ok(result?)
    }

    /// Runs `read` on a thread that may block, from async code.
    pub async fn query<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let pool = self.clone();
        tokio::task::spawn_blocking(move || pool.read(read))
            .await
            .map_err(|why| StoreError::Damaged(format!("a read ended early: {why}")))?
    }
}
