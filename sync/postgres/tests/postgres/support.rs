//! Databases of their own, commits to store in them, and a link that breaks at a chosen word.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sync::StoreError;
use sync::store::{Commit, FeedHead, StreamRow};
use sync_postgres::standin::{self, Server};
use sync_postgres::{MIGRATIONS, PostgresStore, Writers};
use sync_proto::fact::FeedScope;
use sync_proto::ledger::tables::Stock;
use sync_proto::rows::{RowChange, Table as _};
use sync_proto::wire::FeedItem;
use sync_proto::{
    ChainHash, DeviceId, Entry, EntryKey, FeedVersion, Incarnation, Origin, Role, Seq, StationCode, StreamId,
    TerminalNo,
};

/// A database with its name.
pub struct Database {
    pub server: &'static Server,
    pub name: String,
    pub url: String,
}

impl Database {
    /// A new one on the shared server; `None` where no server is installed.
    pub fn new() -> Option<Self> {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        let server = standin::shared().unwrap()?;
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let url = server.database(&name).unwrap();
        Some(Self { server, name, url })
    }

    pub fn open(&self, writers: Writers) -> Result<PostgresStore, StoreError> {
        open(&self.url, writers)
    }

    pub fn sql(&self, statement: &str) -> String {
        self.server.sql(&self.name, statement).unwrap()
    }
}

pub fn open(url: &str, writers: Writers) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(url, writers, &MIGRATIONS, &[Stock::SPEC])
}

pub fn stream(n: u8) -> StreamId {
    StreamId { device: DeviceId([n; 16]), incarnation: Incarnation([n + 100; 16]) }
}

pub fn row(n: u8) -> StreamRow {
    let id = stream(n);
    let origin = Origin {
        station: StationCode::new("ST0001").unwrap(),
        device: id.device,
        role: Role::Terminal,
        terminal: Some(TerminalNo(u16::from(n))),
    };
    StreamRow::new(id, origin, false)
}

/// The entry that continues `before`.
pub fn next(n: u8, seq: u64, before: ChainHash) -> Entry {
    let bytes = format!("entry {seq} of {n}").into_bytes();
    Entry { key: EntryKey { stream: stream(n), seq: Seq(seq) }, hash: before.chain(&bytes), bytes }
}

/// A commit of one entry that says its place in three more ways.
pub fn step(n: u8, seq: u64, before: ChainHash) -> Commit {
    let level = i64::try_from(seq).unwrap();
    let stock = Stock { station: format!("ST{n}"), product_id: "CD1001".into(), on_hand_milli: level };
    Commit {
        streams: if seq == 1 { vec![row(n)] } else { Vec::new() },
        append: vec![next(n, seq, before)],
        rows: vec![RowChange { key: stock.row_key(), cells: Some(stock.into_cells()) }],
        acks: vec![("up".into(), stream(n), Seq(seq))],
        cursors: vec![(format!("c{n}"), level)],
        ..Commit::default()
    }
}

/// One item published in the chain's feed after `head`.
pub fn published(key: &str, head: FeedVersion) -> Commit {
    let version = FeedVersion(head.0 + 1);
    let writer = Incarnation([7; 16]);
    Commit {
        feed_items: vec![(FeedScope::Chain, FeedItem { key: key.into(), version, bytes: key.into() })],
        feed_heads: vec![(FeedScope::Chain, FeedHead { writer, version })],
        ..Commit::default()
    }
}

/// Waits for a condition, with a bound.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(30), "not in time: {what}");
        std::thread::yield_now();
    }
}

/// What a [`Link`] does with the next commit that passes through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    Pass,
    /// Breaks before the server hears of it.
    LoseCommit,
    /// Breaks before its confirmation arrives.
    LoseConfirmation,
}

/// A socket before the server's.
pub struct Link {
    pub folder: tempfile::TempDir,
    plan: Arc<Mutex<Plan>>,
}

impl Link {
    pub fn to(server: &Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let plan = Arc::new(Mutex::new(Plan::Pass));
        let (socket, shared) = (server.socket(), Arc::clone(&plan));
        std::thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                carry(&client, &socket, &shared);
            }
        });
        Self { folder, plan }
    }

    pub fn set(&self, plan: Plan) {
        *self.plan.lock().unwrap() = plan;
    }

    /// Whether the plan was carried out.
    pub fn is_done(&self) -> bool {
        *self.plan.lock().unwrap() == Plan::Pass
    }
}

fn carry(client: &UnixStream, socket: &PathBuf, plan: &Arc<Mutex<Plan>>) {
    let Ok(server) = UnixStream::connect(Path::new(socket)) else { return };
    let ways = [(client, &server, Plan::LoseCommit), (&server, client, Plan::LoseConfirmation)];
    for (from, to, breaks_at) in ways {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        let plan = Arc::clone(plan);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(len @ 1..) = from.read(&mut buffer) {
                let chunk = &buffer[..len];
                let is_commit = chunk.windows(7).any(|window| window == b"COMMIT\0");
                let mut plan = plan.lock().unwrap();
                if is_commit && *plan == breaks_at {
                    *plan = Plan::Pass;
                    break;
                }
                drop(plan);
                if to.write_all(chunk).is_err() {
                    break;
                }
            }
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

/// A plain session beside the stores, to hold locks and transactions open.
pub struct Session {
    runtime: tokio::runtime::Runtime,
    client: tokio_postgres::Client,
}

impl Session {
    pub fn to(url: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (client, connection) =
            runtime.block_on(tokio_postgres::connect(url, tokio_postgres::NoTls)).unwrap();
        runtime.spawn(connection);
        Self { runtime, client }
    }

    pub fn run(&self, statements: &str) {
        self.runtime.block_on(self.client.batch_execute(statements)).unwrap();
    }

    pub fn rows(&self, sql: &str) -> Vec<tokio_postgres::Row> {
        self.runtime.block_on(self.client.query(sql, &[])).unwrap()
    }
}
