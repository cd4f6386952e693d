//! Entries that stepped aside: trying them again, and settling what stays aside (R14).
//!
//! The bytes of an entry are never changed. It is projected at last when the program was upgraded, or when what it
//! lacked has arrived; else somebody decides what becomes of its money. Either act is a fact in this node's journal.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sync_proto::fact::{AsideKey, AsideMoney, FeedScope, QuarantineReplayed, QuarantineSettled};
use sync_proto::project::{Posting, ProjectionError};
use sync_proto::quarantine::{Aside, Cause, Settled, Trouble, aside_row, settled_row, settlement_feed_key};
use sync_proto::rows::{RowChange, Rows, Table as _};
use sync_proto::{Entry, Fact, Origin, Role, Seq, Stamp, StationCode};

use super::incoming::{ReadFact, read_fact};
use super::{Beside, Draft, Node, NodeError};
use crate::store::{Commit, Store, aside_after};

/// Version of this program, noted with what it could not project.
pub const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// Entries tried again in one commit: the writer is free for the tills in between.
const REPLAY_ENTRIES_MAX: usize = 256;

/// Longest reason of a settlement, in characters.
pub const REASON_CHARS_MAX: usize = 200;

/// Why an entry that stepped aside was not replayed or settled. Nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// None of that key stepped aside here.
    #[error("No entry {0} is set aside here. Choose one of the list.")]
    UnknownEntry(String),
    /// It is in the books already.
    #[error("The entry was replayed already and is in the books. Nothing to do.")]
    AlreadyReplayed,
    /// It was settled already.
    #[error("The entry was settled already: {0}. Nothing was changed.")]
    AlreadySettled(String),
    /// A fork is never projected.
    #[error(
        "Another entry stands under the same number, so this one cannot be replayed. Settle it; its device writes its sales again in a new journal."
    )]
    IsFork,
    /// The reason is empty, too long or not printable.
    #[error("A reason of 1 to {REASON_CHARS_MAX} printable characters is needed. Give one.")]
    BadReason,
    /// The journal did not take it.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl QuarantineError {
    /// The stable code that clients match on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownEntry(_) => "unknown_entry",
            Self::AlreadyReplayed => "already_replayed",
            Self::AlreadySettled(_) => "already_settled",
            Self::IsFork => "entry_is_fork",
            Self::BadReason => "bad_reason",
            Self::Node(_) => "storage_failed",
        }
    }
}

/// What a replay did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replay {
    /// Entries that are in the books now.
    pub replayed: usize,
    /// Entries that stay aside, with the reason of this try.
    pub still_aside: usize,
}

impl<S: Store> Node<S> {
    /// Projects an entry into `rows`; trouble leaves the rows as they were. An error is the store's alone.
    pub(super) fn project_entry(
        &mut self,
        origin: &Origin,
        entry: &Entry,
        fact: ReadFact,
        rows: &mut Rows,
    ) -> Result<Option<Trouble>, NodeError> {
        let envelope = match fact {
            Ok(Some(envelope)) => envelope,
            Ok(None) => {
                return Ok(Some(Trouble::new(Cause::Unknown, "a newer version of the program wrote it")));
            }
            Err(why) => return Ok(Some(Trouble::new(Cause::Unreadable, why))),
        };
        let posting = Posting { origin: origin.clone(), entry: entry.clone(), envelope, feed_version: None };
        if !posting.envelope.fact.may_be_written_by(origin.role) {
            let (kind, role) = (posting.envelope.fact.type_name(), origin.role.as_str());
            let why = format!("{kind} is not for the journal of a device of role {role}");
            return Ok(Some(Trouble::new(Cause::Forbidden, why)));
        }
        // A projector that panics is a defect of ours, and no reason to stop anybody else's entries.
        let Ok(fetched) = catch_unwind(AssertUnwindSafe(|| self.fetch(&posting, rows))) else {
            return Ok(Some(failed()));
        };
        fetched?;
        let before = rows.savepoint();
        let trouble = match self.project_guarded(&posting, rows) {
            Some(Ok(())) => return Ok(None),
            Some(Err(why)) => Trouble::new(Cause::Rejected, why),
            None => failed(),
        };
        rows.roll_back(before);
        Ok(Some(trouble))
    }

    fn project_guarded(&self, posting: &Posting, rows: &mut Rows) -> Option<Result<(), ProjectionError>> {
        catch_unwind(AssertUnwindSafe(|| self.projection.project(posting, rows))).ok()
    }

    /// Tries one entry again.
    pub fn replay(&mut self, key: &AsideKey, by: &str, now: Stamp) -> Result<Replay, QuarantineError> {
        let aside = self.find_aside(key)?;
        if !aside.fork.is_empty() {
            return Err(QuarantineError::IsFork);
        }
        if aside.replayed_at_ms.is_some() {
            return Err(QuarantineError::AlreadyReplayed);
        }
        if let Some(settled) = self.settlement(&aside.station, key)? {
            return Err(QuarantineError::AlreadySettled(settled.why));
        }
        Ok(self.replay_some(vec![aside], by, PROGRAM, now)?)
    }

    /// Tries everything again that is aside and not settled, of one station or of all.
    pub fn replay_all(
        &mut self,
        station: Option<&StationCode>,
        by: &str,
        now: Stamp,
    ) -> Result<Replay, NodeError> {
        self.replay_where(by, PROGRAM, now, |aside| station.is_none_or(|of| of.as_str() == aside.station))
    }

    /// Tries everything again that another version of the program could not project; at every start.
    pub fn replay_after_upgrade(&mut self, program: &str, now: Stamp) -> Result<Replay, NodeError> {
        self.replay_where("upgrade", program, now, |aside| aside.tried_by != program)
    }

    fn replay_where(
        &mut self,
        by: &str,
        program: &str,
        now: Stamp,
        wanted: impl Fn(&Aside) -> bool,
    ) -> Result<Replay, NodeError> {
        let (mut all, mut after) = (Replay::default(), None);
        loop {
            let page = aside_after(&mut self.store, after.as_ref(), REPLAY_ENTRIES_MAX)?;
            let Some(last) = page.last() else { return Ok(all) };
            after = Some(last.row_key());
            let mut due = Vec::new();
            for aside in page.into_iter().filter(|aside| aside.can_be_replayed() && wanted(aside)) {
                let key = aside.entry();
                if let Some(key) = key
                    && self.settlement(&aside.station, &key)?.is_none()
                {
                    due.push(aside);
                }
            }
            let some = self.replay_some(due, by, program, now)?;
            all.replayed = all.replayed.saturating_add(some.replayed);
            all.still_aside = all.still_aside.saturating_add(some.still_aside);
        }
    }

    fn replay_some(
        &mut self,
        due: Vec<Aside>,
        by: &str,
        program: &str,
        now: Stamp,
    ) -> Result<Replay, NodeError> {
        let mut rows = Rows::default();
        let (mut done, mut tried, mut facts) = (Replay::default(), Vec::new(), Vec::new());
        for mut aside in due {
            let Some(key) = aside.entry() else { continue };
            let stream = key.entry().stream;
            let (row, entry) = (self.store.stream(&stream)?, self.stored_entry(&key)?);
            let (Some(row), Some(entry)) = (row, entry) else { continue };
            aside.tried_at_ms = now.wall_ms;
            program.clone_into(&mut aside.tried_by);
            if let Some(trouble) =
                self.project_entry(&row.origin, &entry, read_fact(&entry.bytes), &mut rows)?
            {
                trouble.cause.as_str().clone_into(&mut aside.cause);
                aside.reason = trouble.reason;
                done.still_aside = done.still_aside.saturating_add(1);
            } else {
                aside.replayed_at_ms = Some(now.wall_ms);
                aside.replayed_by = Some(by.to_owned());
                let station = row.origin.station.clone();
                let fact = QuarantineReplayed { station, entry: key, by: by.to_owned() };
                facts.push(Draft::new(Fact::QuarantineReplayed(fact)));
                done.replayed = done.replayed.saturating_add(1);
            }
            tried.push(written(aside));
        }
        if !tried.is_empty() {
            let mut beside = Beside { rows: rows.into_changes(), cursors: Vec::new() };
            beside.rows.extend(tried);
            self.record(now, None, &facts, beside)?;
            tracing::info!(
                by,
                replayed = done.replayed,
                still_aside = done.still_aside,
                "entries set aside were tried again"
            );
        }
        Ok(done)
    }

    /// Decides what becomes of the money of an entry that stays aside. Head office's word goes to the station too.
    pub fn settle_aside(
        &mut self,
        key: &AsideKey,
        money: AsideMoney,
        by: &str,
        why: &str,
        now: Stamp,
    ) -> Result<(), QuarantineError> {
        let why = why.trim();
        if why.is_empty() || why.chars().count() > REASON_CHARS_MAX || why.chars().any(char::is_control) {
            return Err(QuarantineError::BadReason);
        }
        let aside = self.find_aside(key)?;
        if aside.replayed_at_ms.is_some() {
            return Err(QuarantineError::AlreadyReplayed);
        }
        if let Some(settled) = self.settlement(&aside.station, key)? {
            return Err(QuarantineError::AlreadySettled(settled.why));
        }
        let unknown = |_| QuarantineError::UnknownEntry(key.to_text());
        let station = StationCode::new(aside.station).map_err(unknown)?;
        let settled = QuarantineSettled {
            station: station.clone(),
            entry: key.clone(),
            money,
            by: by.to_owned(),
            why: why.to_owned(),
        };
        let fact = Fact::QuarantineSettled(settled);
        let draft = if self.me.role == Role::Hq && self.me.station != station {
            Draft::published(fact, FeedScope::Station(station), settlement_feed_key(key))
        } else {
            Draft::new(fact)
        };
        self.record(now, None, &[draft], Beside::default())?;
        tracing::warn!(key = key.to_text(), money = money.as_str(), "an entry set aside was settled");
        Ok(())
    }

    /// Keeps entries that contradict stored ones, once each, and lists them as set aside (R5).
    pub(super) fn keep_forks(
        &mut self,
        origin: &Origin,
        forks: Vec<Entry>,
        now_ms: i64,
    ) -> Result<(), NodeError> {
        let mut commit = Commit { at_ms: now_ms, ..Commit::default() };
        for entry in forks {
            if self.store.hash_at(&entry.key.stream, entry.key.seq)? == Some(entry.hash) {
                continue;
            }
            let aside = Aside::forked(origin, entry.key, &entry.hash.0, &entry.bytes, now_ms);
            if self.get::<Aside>(&aside.row_key())?.is_none() {
                commit.rows.push(written(aside));
                commit.forks.push(entry);
            }
        }
        if commit.forks.is_empty() { Ok(()) } else { self.commit(&commit) }
    }

    fn find_aside(&mut self, key: &AsideKey) -> Result<Aside, QuarantineError> {
        let found: Option<Aside> = self.get(&aside_row(key))?;
        found.ok_or_else(|| QuarantineError::UnknownEntry(key.to_text()))
    }

    fn settlement(&mut self, station: &str, key: &AsideKey) -> Result<Option<Settled>, NodeError> {
        self.get(&settled_row(station, key))
    }

    fn stored_entry(&mut self, key: &AsideKey) -> Result<Option<Entry>, NodeError> {
        let wanted = key.entry();
        let found = self.store.entries(&wanted.stream, wanted.seq, 1, usize::MAX)?;
        Ok(found.into_iter().find(|entry| entry.key.seq == wanted.seq && wanted.seq != Seq::NONE))
    }
}

/// The row of an entry that has trouble, for the commit that stores it.
pub(super) fn set_aside(origin: &Origin, entry: &Entry, trouble: Trouble, now_ms: i64) -> RowChange {
    tracing::warn!(cause = trouble.cause.as_str(), why = trouble.reason, key = ?entry.key, "an entry was set aside");
    written(Aside::new(origin, &AsideKey::of(entry.key), &entry.bytes, trouble, PROGRAM, now_ms))
}

fn failed() -> Trouble {
    Trouble::new(Cause::Failed, "the program failed on this entry")
}

fn written(aside: Aside) -> RowChange {
    RowChange { key: aside.row_key(), cells: Some(aside.into_cells()) }
}
