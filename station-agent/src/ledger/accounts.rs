//! Credit accounts 외상. The holder's name never enters a journal: it travels in the local feed and lives in
//! the erasable table `subjects` (R39).

use rusqlite::{Connection, params};
use sync::Draft;
use sync::node::Beside;
use sync_proto::fact::{AccountOpened, Fact, FeedScope, SubjectNamed};
use sync_proto::ledger::Subject;
use sync_proto::quantity::WHOLE_UNITS_MAX;
use sync_proto::{AccountId, Money, StationCode};

use super::{IdempotencyKey, LedgerError, Page, idempotency};
use crate::calendar::Moment;
use crate::store::{AgentNode, next_number};

/// Counter of accounts.
const COUNTER: &str = "account";

/// Longest name.
pub const NAME_CHARS_MAX: usize = 100;

/// Opens an account and publishes it with its holder's name to this station's tills. Gives its id.
///
/// # Errors
/// A name or limit that cannot be used.
pub fn open(
    node: &mut AgentNode,
    now: &Moment,
    station: &StationCode,
    name: &str,
    limit: Option<i64>,
    key: Option<&IdempotencyKey>,
) -> Result<String, LedgerError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(LedgerError::BadName(NAME_CHARS_MAX));
    }
    if limit.is_some_and(|won| !(0..=WHOLE_UNITS_MAX).contains(&won)) {
        return Err(LedgerError::BadLimit);
    }
    let asked =
        format!("account {}", limit.map_or_else(|| "without limit".to_owned(), |won| won.to_string()));
    if let Some(before) = idempotency::outcome(node, key, &asked)? {
        return same_holder(node, before, name);
    }
    let (series, number, counter) = next_number(node, COUNTER)?;
    let account = AccountId::new(format!("AC-{series}-{number}"))
        .map_err(|why| LedgerError::Damaged(format!("an account's number: {why}")))?;
    let mut rows = idempotency::rows(node, key, &asked, account.as_str(), now.stamp.wall_ms)?;
    rows.push(counter);
    let id = account.to_string();
    let feed = FeedScope::Local(station.clone());
    let opened = AccountOpened { account: account.clone(), limit: limit.map(Money) };
    let named = SubjectNamed { account, name: name.to_owned() };
    let drafts = [
        Draft::published(Fact::AccountOpened(opened), feed.clone(), format!("account/{id}")),
        Draft::published(Fact::SubjectNamed(named), feed, format!("subject/{id}")),
    ];
    node.record(now.stamp, now.day.as_ref(), &drafts, Beside { rows, cursors: Vec::new() })?;
    Ok(id)
}

/// The stored request leaves the name out (R39), so a repeat is compared with the record of the name.
fn same_holder(node: &mut AgentNode, account: String, name: &str) -> Result<String, LedgerError> {
    match node.get::<Subject>(&Subject::key(account.as_str()))? {
        Some(subject) if subject.name != name => Err(LedgerError::IdempotencyKeyReused),
        Some(_) | None => Ok(account),
    }
}

/// An account with its balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountNow {
    /// Opaque id.
    pub account_id: String,
    /// Absent when its holder's record was erased.
    pub name: Option<String>,
    /// 미수금, won.
    pub balance: i64,
    /// Won; absent means none.
    pub credit_limit: Option<i64>,
}

/// Accounts in the order they were opened.
///
/// # Errors
/// `page.after` is not an account's id, or the database does not answer.
pub fn list(
    connection: &Connection,
    station: &StationCode,
    page: &Page,
) -> Result<Vec<AccountNow>, LedgerError> {
    let rows = connection
        .prepare_cached(
            "SELECT a.account_id, s.name, a.balance, a.credit_limit \
             FROM accounts a LEFT JOIN subjects s ON s.subject_id = a.account_id \
             WHERE a.station = $1 ORDER BY a.rowid",
        )?
        .query_map(params![station.as_str()], |row| {
            Ok(AccountNow {
                account_id: row.get(0)?,
                name: row.get(1)?,
                balance: row.get(2)?,
                credit_limit: row.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    page.cut(rows, |row| &row.account_id)
}
