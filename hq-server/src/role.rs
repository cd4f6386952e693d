//! Order and Logistics as tasks of this process: each follows the journal with a cursor of its own, may be
//! stopped and started while the other goes on, and stays stopped over a restart (R7).

use std::sync::Arc;
use std::time::Duration;

use sync::{Clock, NodeError, Store as _};
use sync_proto::{Decoded, Envelope, Origin, Stamp};
use tokio::sync::Notify;

use crate::refusal::Refusal;
use crate::settings;
use crate::store::{Hq, HqWriter};

/// Entries read at once.
const ENTRIES_MAX: u32 = 256;

/// Answers given before the journal's writer serves others: each is a commit of about a millisecond.
const ANSWERS_MAX: u32 = 16;

/// A cursor that moved over entries of no interest is stored once it is this far on; reading them again
/// after a restart is harmless, and a write per batch of sales is not.
const CURSOR_LAG_MAX: i64 = 2_000;

/// Looks without being woken this often: a lost wake-up only delays (R13).
const POLL: Duration = Duration::from_secs(2);

/// Before the next attempt after an error.
const RETRY: Duration = Duration::from_millis(500);

/// A role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// 주문.
    Order,
    /// 물류.
    Logistics,
}

impl Role {
    /// Both, in the order they are listed.
    pub const ALL: [Self; 2] = [Self::Order, Self::Logistics];

    /// The name in paths, commands and rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Logistics => "logistics",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| Refusal::UnknownRole(text.chars().take(40).collect()))
    }

    fn setting(self) -> &'static str {
        match self {
            Self::Order => "role/order",
            Self::Logistics => "role/logistics",
        }
    }

    fn cursor(self) -> &'static str {
        self.as_str()
    }
}

/// Whether a role runs. The stored state is the truth; it is read on the writer's thread.
pub fn is_running(node: &mut Hq, role: Role) -> Result<bool, NodeError> {
    settings::switch(node, role.setting(), true)
}

/// A command of a stopped role is refused.
pub fn check_running(node: &mut Hq, role: Role) -> Result<(), Refusal> {
    if is_running(node, role)? { Ok(()) } else { Err(Refusal::RoleStopped(role.as_str())) }
}

/// Stops or starts a role from the next entry on.
pub fn set_running(node: &mut Hq, role: Role, running: bool, at_ms: i64) -> Result<(), NodeError> {
    node.write(vec![settings::set_switch(role.setting(), running)], at_ms)
}

/// One entry for a role's policy to answer.
#[derive(Debug)]
pub struct Followed<'a> {
    /// Who wrote it.
    pub origin: &'a Origin,
    /// What it says.
    pub envelope: &'a Envelope,
    /// Cursor to commit together with the answer.
    pub cursor: (String, i64),
}

/// A role's policy: answers an entry with facts, in one commit with the cursor, or says that there was
/// nothing to answer.
pub type Policy = fn(&mut Hq, &Followed<'_>, Stamp) -> Result<bool, NodeError>;

/// Follows the journal for one role until the program ends.
pub async fn follow(role: Role, policy: Policy, writer: HqWriter, clock: Clock, wake: Arc<Notify>) {
    let mut changes = writer.changes();
    let mut read_to = 0;
    loop {
        changes.borrow_and_update();
        let now = clock.now();
        let from = read_to;
        match writer.run(move |node| step(node, role, policy, from, now)).await {
            Ok(Ok(Step::More(to))) => {
                read_to = to;
                continue;
            }
            Ok(Ok(Step::Idle(to))) => read_to = to,
            Ok(Err(why)) => {
                tracing::error!(%why, role = role.as_str(), "the role could not answer an entry; it tries again");
                tokio::time::sleep(RETRY).await;
                continue;
            }
            Err(_gone) => return,
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            () = wake.notified() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

enum Step {
    /// There may be more behind this place.
    More(i64),
    /// Nothing more for now.
    Idle(i64),
}

/// Reads on from the cursor and answers entries one by one, so that every answer sees the one before.
fn step(node: &mut Hq, role: Role, policy: Policy, read_to: i64, now: Stamp) -> Result<Step, NodeError> {
    if !is_running(node, role)? {
        return Ok(Step::Idle(read_to));
    }
    let stored = node.store().cursor(role.cursor())?;
    let mut pos = stored.max(read_to);
    let entries = node.store().entries_after(pos, ENTRIES_MAX)?;
    if entries.is_empty() {
        return Ok(Step::Idle(pos));
    }
    let mut answers = 0;
    for entry in &entries {
        pos = entry.pos;
        let Ok(Decoded::Known(envelope)) = Envelope::decode(&entry.entry.bytes) else { continue };
        let cursor = (role.cursor().to_owned(), pos);
        if policy(node, &Followed { origin: &entry.origin, envelope: &envelope, cursor }, now)? {
            answers += 1;
        }
        if answers == ANSWERS_MAX {
            return Ok(Step::More(pos));
        }
    }
    if answers == 0 && pos.saturating_sub(stored) >= CURSOR_LAG_MAX {
        let cursors = vec![(role.cursor().to_owned(), pos)];
        node.record(now, None, &[], sync::node::Beside { rows: Vec::new(), cursors })?;
    }
    Ok(Step::More(pos))
}
