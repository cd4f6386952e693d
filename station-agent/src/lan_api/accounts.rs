//! `GET,POST /api/v1/accounts`.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::convert;
use crate::http::{Fields, JsonBody, Refusal, Shared};
use crate::ledger::accounts::{self, AccountNow};

/// `GET` -> list of [`AccountView`]; `POST` [`OpenAccount`] -> [`AccountId`].
pub const ACCOUNTS: &str = "/api/v1/accounts";

/// Body of `POST`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAccount {
    /// The holder.
    pub name: String,
    /// Highest balance, won; absent means none.
    #[serde(default)]
    pub credit_limit: Option<i64>,
}

/// What an account is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountId {
    /// Its opaque id.
    pub account_id: String,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// Its opaque id.
    pub account_id: String,
    /// The holder; absent when the record was erased.
    pub name: Option<String>,
    /// 미수금, won.
    pub balance: i64,
    /// Won; absent means none.
    pub credit_limit: Option<i64>,
}

pub(super) async fn list(
    State(station): State<Shared>,
    fields: Fields,
) -> Result<Json<Vec<AccountView>>, Refusal> {
    let page = fields.page()?;
    let rows = station.read(move |connection, code| accounts::list(connection, code, &page)).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

pub(super) async fn open(
    State(station): State<Shared>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<OpenAccount>,
) -> Result<Json<AccountId>, Refusal> {
    let key = convert::key(&headers)?;
    let account_id = station
        .write(move |node, now, code| {
            accounts::open(node, now, code, &body.name, body.credit_limit, key.as_ref())
        })
        .await?;
    Ok(Json(AccountId { account_id }))
}

fn view(row: AccountNow) -> AccountView {
    AccountView {
        account_id: row.account_id,
        name: row.name,
        balance: row.balance,
        credit_limit: row.credit_limit,
    }
}
