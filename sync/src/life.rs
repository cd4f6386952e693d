//! Opening a node on disk: whether the database is the one that was last open here, and a new life where it is
//! not (R4), before anything is recorded.

use std::sync::Arc;

use sync_proto::life::{Kept, Place, Reason, Seen, Standing, decide};
use sync_proto::project::Projection;
use sync_proto::rows::{RowChange, Table};
use sync_proto::{ChainHash, Incarnation, Origin, Role, Stamp, ids};

use crate::node::{Node, NodeError};
use crate::salvage;
use crate::store::sqlite::{Aside, AsideFor, SqliteStore};
use crate::store::{Store as _, StoreError};

sync_proto::table! {
    /// Where the database was last opened; `mark_no` is 1.
    pub struct StoreMark in "store_marks" { mark_no: i64 } {
        mark: String,
        machine: String,
        file: String,
        openings: i64,
    }
}

sync_proto::table! {
    /// The last word of one kind about the database: see [`Note`].
    pub struct StoreNote in "store_notes" { kind: String } {
        at_ms: i64,
        well: i64,
        detail: String,
    }
}

/// What a [`StoreNote`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// A new life was begun.
    Life,
    /// The nightly check.
    Check,
    /// A damaged database was set aside, and what was salvaged of it.
    Salvage,
    /// An audit found entries missing or altered, and they were put back.
    Audit,
    /// The books, proven from the journal.
    Books,
}

impl Note {
    /// The kind's name in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Life => "life",
            Self::Check => "check",
            Self::Salvage => "salvage",
            Self::Audit => "audit",
            Self::Books => "books",
        }
    }

    /// The row that keeps a word of this kind.
    pub fn row(self, at_ms: i64, well: bool, detail: impl Into<String>) -> RowChange {
        let row =
            StoreNote { kind: self.as_str().to_owned(), at_ms, well: i64::from(well), detail: detail.into() };
        RowChange { key: row.row_key(), cells: Some(row.into_cells()) }
    }
}

/// Every note, for status screens.
pub fn notes(connection: &rusqlite::Connection) -> rusqlite::Result<Vec<StoreNote>> {
    connection
        .prepare_cached("SELECT kind, at_ms, well, detail FROM store_notes ORDER BY kind")?
        .query_map([], |row| {
            Ok(StoreNote { kind: row.get(0)?, at_ms: row.get(1)?, well: row.get(2)?, detail: row.get(3)? })
        })?
        .collect()
}

/// Where a system keeps the id of this computer.
const MACHINE_ID_FILES: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

/// A digest of this computer's id, which itself must not leave it; empty where the system has none.
pub fn machine() -> String {
    let id = MACHINE_ID_FILES.iter().find_map(|path| std::fs::read_to_string(path).ok());
    let id = id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
    id.map_or_else(String::new, |id| {
        let ChainHash(hash) = ChainHash([0; 32]).chain(format!("juyu machine {id}").as_bytes());
        ids::hex(&hash).chars().take(32).collect()
    })
}

/// Opens the journal of device `me` over its database, on the computer `machine`. `entropy` becomes the
/// incarnation of a new database, or of a new life of one that was restored, cloned or moved.
///
/// # Errors
/// The database belongs to another device, or does not answer.
pub fn open_node(
    store: SqliteStore,
    projection: Arc<dyn Projection>,
    me: Origin,
    machine: &str,
    entropy: [u8; 16],
    now: Stamp,
) -> Result<Node<SqliteStore>, NodeError> {
    let mut salvaging = Node::unopened(store, Arc::clone(&projection), me.clone());
    let salvaged = salvage(&mut salvaging, now)?;
    let mut store = salvaging.into_store();
    let has_journal = store.streams()?.iter().any(|row| row.own);
    let seen = Seen {
        place: Place { machine: machine.to_owned(), file: store.file_identity()? },
        marker: store.marker()?,
        has_journal,
        pos: store.last_pos()?,
        told: salvaged.as_ref().map(|(aside, _)| match aside.why {
            AsideFor::Damage => Reason::Damaged,
            AsideFor::Restore => Reason::Restored,
        }),
    };
    let kept = kept(&mut store)?;
    let standing = decide(kept.as_ref(), &seen);
    let mut node = match standing {
        Standing::NewLife(reason) if !has_journal => {
            Node::open_because(store, projection, me, entropy, reason.as_str(), now)?
        }
        _ => Node::open(store, projection, me, entropy, now)?,
    };
    let mut rows: Vec<RowChange> = salvaged.iter().map(|(_, note)| note.clone()).collect();
    if let Standing::NewLife(reason) = standing {
        let before = node.own_stream().incarnation;
        if has_journal {
            node.reincarnate(entropy, reason.as_str(), now)?;
        }
        rows.push(alarm(reason, before, node.own_stream().incarnation, now));
    }
    let (mark, openings) = match (&kept, standing) {
        (Some(kept), Standing::Same) => (kept.mark, kept.openings.saturating_add(1)),
        _ => (mark_of(&entropy), 1),
    };
    rows.push(row_of(&Kept { mark, place: seen.place, openings }));
    node.write(rows, now.wall_ms)?;
    // Last: a marker is never ahead of its database.
    node.begin_marker(mark, openings)?;
    if salvaged.is_some() {
        node.store().aside_is_done()?;
    }
    Ok(node)
}

/// Takes over what a database holds that was set aside. Head office gets everything from its stations again (R11), and
/// what it published itself must be looked at by people.
fn salvage(node: &mut Node<SqliteStore>, now: Stamp) -> Result<Option<(Aside, RowChange)>, NodeError> {
    let Some(aside) = node.store().pending_aside()? else { return Ok(None) };
    let detail = if node.me().role == Role::Hq {
        format!("the database that was here before is in {}", aside.folder.display())
    } else {
        let salvaged = salvage::run(node, &aside, now.wall_ms)?;
        format!("from {}: {salvaged}", aside.folder.display())
    };
    tracing::error!(detail, "a database was set aside");
    let note = Note::Salvage.row(now.wall_ms, false, detail);
    Ok(Some((aside, note)))
}

fn alarm(reason: Reason, before: Incarnation, after: Incarnation, now: Stamp) -> RowChange {
    let detail = if before == after {
        format!("{}; life {} begins", reason.told(), after.to_hex())
    } else {
        format!("{}; life {} ends, life {} begins", reason.told(), before.to_hex(), after.to_hex())
    };
    tracing::error!(
        reason = reason.as_str(),
        "{detail}; receipts have a new series, and what upstream holds of the old life stays apart"
    );
    Note::Life.row(now.wall_ms, false, detail)
}

/// The name of a new pair of database and marker. It needs no secrecy, only to differ.
fn mark_of(entropy: &[u8; 16]) -> [u8; 16] {
    let ChainHash(hash) = ChainHash([0; 32]).chain(entropy);
    let mut mark = [0; 16];
    for (to, from) in mark.iter_mut().zip(hash) {
        *to = from;
    }
    mark
}

fn kept(store: &mut SqliteStore) -> Result<Option<Kept>, NodeError> {
    let key = StoreMark::key(1);
    let Some(cells) = store.rows(std::slice::from_ref(&key))?.into_iter().next().flatten() else {
        return Ok(None);
    };
    let row = StoreMark::from_parts(&key.key, &cells)?;
    let damaged = || StoreError::Damaged("the mark of the database does not read".to_owned());
    let mark = Incarnation::from_hex(&row.mark).map_err(|_| damaged())?.0;
    let openings = u64::try_from(row.openings).map_err(|_| damaged())?;
    Ok(Some(Kept { mark, place: Place { machine: row.machine, file: row.file }, openings }))
}

fn row_of(kept: &Kept) -> RowChange {
    let row = StoreMark {
        mark_no: 1,
        mark: ids::hex(&kept.mark),
        machine: kept.place.machine.clone(),
        file: kept.place.file.clone(),
        openings: i64::try_from(kept.openings).unwrap_or(i64::MAX),
    };
    RowChange { key: row.row_key(), cells: Some(row.into_cells()) }
}

impl Node<SqliteStore> {
    /// From here on the marker follows every commit.
    fn begin_marker(&mut self, mark: [u8; 16], openings: u64) -> Result<(), NodeError> {
        let own = self.own_stream();
        let head = self.store().stream(&own)?.map(|row| row.head.seq).unwrap_or_default();
        Ok(self.store().begin_marker(mark, openings, own.incarnation, head)?)
    }
}
