//! `GET,POST /accounts`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::http::{Fields, Refusal, Shared};
use crate::ledger::{LedgerError, accounts};

/// A credit account.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    account_id: String,
    /// Absent when the holder's record was erased.
    account_name: Option<String>,
    amount: i64,
    limit: Option<i64>,
}

pub(super) async fn list(
    State(station): State<Shared>,
    fields: Fields,
) -> Result<Json<Vec<Account>>, Refusal> {
    let page = fields.page()?;
    let rows = station.read(move |connection, code| accounts::list(connection, code, &page)).await?;
    let accounts = rows.into_iter().map(|row| Account {
        account_id: row.account_id,
        account_name: row.name,
        amount: row.balance,
        limit: row.credit_limit,
    });
    Ok(Json(accounts.collect()))
}

pub(super) async fn open(State(station): State<Shared>, fields: Fields) -> Result<Json<bool>, Refusal> {
    let name = fields.text("accountName")?.to_owned();
    // `limit` of a list is a number of rows, here it is won.
    let limit = match fields.maybe_milli("limit")? {
        Some(milli) if milli % 1000 != 0 => return Err(LedgerError::BadLimit.into()),
        milli => milli.map(|milli| milli / 1000),
    };
    station.write(move |node, now, code| accounts::open(node, now, code, &name, limit, fields.key())).await?;
    Ok(Json(true))
}
