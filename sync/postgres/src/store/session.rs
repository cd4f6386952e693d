//! One connection with its prepared statements, driven by the thread that calls.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::time::Duration;

use sync::store::{ServerError, ServerFault, StoreError};
use sync_proto::rows::TableSpec;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use super::fault::failed;

/// Statements kept prepared: three of every table, and the journal's.
const STATEMENTS_MAX: usize = 256;

/// A server that does not answer in this time will find the connection closed.
const GOODBYE_TIME_MAX: Duration = Duration::from_secs(1);

/// Parameters of a statement.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A connection. It makes progress only while a call waits for its answer.
pub(super) struct Session {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    client: Client,
    statements: HashMap<String, Statement>,
    shapes: HashMap<&'static str, Vec<Type>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("statements", &self.statements.len()).finish_non_exhaustive()
    }
}

impl Drop for Session {
    /// Gives the lease back before it returns, so that the next writer need not try twice.
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        // Where asynchronous tasks run, nothing may wait: the server gives the lease back by itself in a moment.
        if !self.client.is_closed() && Handle::try_current().is_err() {
            let unlocking = self.client.batch_execute("SELECT pg_advisory_unlock_all()");
            let unlocked =
                runtime.block_on(async { tokio::time::timeout(GOODBYE_TIME_MAX, unlocking).await });
            tracing::debug!(?unlocked, "the database's lease is given back");
        }
        runtime.shutdown_background();
    }
}

impl Session {
    pub(super) fn connect(config: &Config) -> Result<Self, StoreError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(unreachable)?;
        let (client, connection) = runtime.block_on(config.connect(NoTls)).map_err(|why| {
            // A refusal of the server has a state; anything else is the way to it.
            if why.code().is_some() { failed(why) } else { unreachable(why) }
        })?;
        runtime.spawn(async move {
            if let Err(why) = connection.await {
                tracing::warn!(%why, "the connection to the database ended");
            }
        });
        Ok(Self { runtime: Some(runtime), client, statements: HashMap::new(), shapes: HashMap::new() })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs statements that take nothing and give nothing.
    pub(super) fn run(&self, statements: &str) -> Result<(), StoreError> {
        self.wait(self.client.batch_execute(statements))
    }

    pub(super) fn query(&mut self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepare(sql)?;
        self.wait(self.client.query(&statement, params))
    }

    pub(super) fn query_opt(&mut self, sql: &str, params: Params<'_>) -> Result<Option<Row>, StoreError> {
        let statement = self.prepare(sql)?;
        self.wait(self.client.query_opt(&statement, params))
    }

    pub(super) fn execute(&mut self, sql: &str, params: Params<'_>) -> Result<u64, StoreError> {
        let statement = self.prepare(sql)?;
        self.wait(self.client.execute(&statement, params))
    }

    /// Types of a table's columns, key first, in the order of its spec.
    pub(super) fn shape(&mut self, table: &TableSpec) -> Result<Vec<Type>, StoreError> {
        if let Some(known) = self.shapes.get(table.name) {
            return Ok(known.clone());
        }
        let columns: Vec<&str> = table.key.iter().chain(table.cells).copied().collect();
        let statement = self.prepare(&format!("SELECT {} FROM {}", columns.join(", "), table.name))?;
        let shape: Vec<Type> = statement.columns().iter().map(|column| column.type_().clone()).collect();
        self.shapes.insert(table.name, shape.clone());
        Ok(shape)
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let statement = self.wait(self.client.prepare(sql))?;
        if self.statements.len() >= STATEMENTS_MAX {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StoreError> {
        let runtime = self.runtime.as_ref().ok_or_else(|| unreachable("the connection was given up"))?;
        runtime.block_on(answer).map_err(failed)
    }
}

fn unreachable(why: impl Into<Box<dyn Error + Send + Sync>>) -> StoreError {
    StoreError::Server(ServerError { fault: ServerFault::Unreachable, source: why.into() })
}
