//! Credit accounts 외상 of the station, as its agent's feed brings them.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sync_proto::{AccountId, Money, StationCode};

use crate::error::TillError;
use crate::menu::containing;

/// Accounts that one answer lists at most; the rest is a search away.
pub const ACCOUNT_ROWS_MAX: i64 = 200;

/// A credit account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub account: AccountId,
    /// The holder's name, if its erasable record is here (R39).
    pub name: Option<String>,
    /// What is owed, as far as this till knows.
    pub balance: Money,
    /// Highest balance allowed; `None` means no limit.
    pub limit: Option<Money>,
}

impl Account {
    /// What may still be charged; `None` means any amount.
    pub fn left(&self) -> Option<Money> {
        self.limit.map(|limit| limit.minus(self.balance))
    }
}

/// An account is usable once its opening arrived; a charge alone does not make one.
const COLUMNS: &str = "SELECT a.account_id, s.name, a.balance, a.credit_limit FROM accounts a \
     LEFT JOIN subjects s ON s.subject_id = a.account_id WHERE a.station = $1 AND a.opened_at_ms IS NOT NULL";

/// Accounts whose name or id contains `query`; all of them when it is empty.
///
/// # Errors
/// The database does not answer.
pub fn search(
    connection: &Connection,
    station: &StationCode,
    query: &str,
) -> Result<Vec<Account>, TillError> {
    let sql = format!(
        "{COLUMNS} AND (a.account_id LIKE $2 ESCAPE '\\' OR s.name LIKE $2 ESCAPE '\\') \
         ORDER BY s.name, a.account_id LIMIT $3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let found: Vec<Listed> = statement
        .query_map(params![station.as_str(), containing(query.trim()), ACCOUNT_ROWS_MAX], listed)?
        .collect::<Result<_, _>>()?;
    Ok(found.into_iter().filter_map(account).collect())
}

/// One account.
///
/// # Errors
/// The database does not answer.
pub fn find(
    connection: &Connection,
    station: &StationCode,
    id: &AccountId,
) -> Result<Option<Account>, TillError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} AND a.account_id = $2"))?;
    let found = statement.query_row([station.as_str(), id.as_str()], listed).optional()?;
    Ok(found.and_then(account))
}

/// One account that must be there.
///
/// # Errors
/// [`TillError::UnknownAccount`] when it is not.
pub fn known(connection: &Connection, station: &StationCode, id: &AccountId) -> Result<Account, TillError> {
    find(connection, station, id)?.ok_or_else(|| TillError::UnknownAccount(id.to_string()))
}

/// Checks that `amount` more may be charged.
///
/// # Errors
/// The account is unknown, or its limit would be passed.
pub fn check_credit(
    connection: &Connection,
    station: &StationCode,
    id: &AccountId,
    amount: Money,
) -> Result<(), TillError> {
    match known(connection, station, id)?.left() {
        Some(left) if left < amount => Err(TillError::CreditExceeded { account: id.to_string(), left }),
        _ => Ok(()),
    }
}

type Listed = (String, Option<String>, i64, Option<i64>);

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn account((id, name, balance, limit): Listed) -> Option<Account> {
    let account = AccountId::new(id).ok()?;
    Some(Account { account, name, balance: Money(balance), limit: limit.map(Money) })
}
