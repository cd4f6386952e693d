//! Lists for integrations: newest last, with `limit` and `after`.

use axum::Json;
use axum::extract::State;
use pos_core::TillError;
use pos_core::menu::{self, MenuProduct, PricePoint};
use pos_core::recent::{self, SALE_ROWS_MAX, SoldLine};
use serde::Serialize;
use sync_proto::SaleId;
use sync_proto::decimal::Milli;

use super::fields::Fields;
use super::problem::Problem;
use crate::dto::TillStatus;
use crate::till::Till;

/// Rows of an answer when the request does not say, and at most.
const LIMIT: i64 = SALE_ROWS_MAX;

/// A line of a sale. A sale of several lines has several, with the same `saleId`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SaleItem {
    sale_id: String,
    product_id: String,
    product_name: String,
    price: i64,
    qty: Milli,
    amount: i64,
    account_id: Option<String>,
    account_name: Option<String>,
    cancelled: bool,
}

/// A product that can be sold.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MenuItem {
    product_id: String,
    product_name: String,
    product_name_en: String,
    price: i64,
    price_version: u64,
    unit: &'static str,
}

/// `GET /sales`.
pub(super) async fn sales(State(till): State<Till>, fields: Fields) -> Result<Json<Vec<SaleItem>>, Problem> {
    let limit = limit(&fields)?;
    let unknown = |id: &str| TillError::UnknownSale(id.to_owned());
    let after = match fields.optional("after") {
        Some(id) => Some(SaleId::new(id).map_err(|_| unknown(id))?),
        None => None,
    };
    let found = till.read(move |connection| recent::page(connection, after.as_ref(), limit)).await?;
    Ok(Json(found.into_iter().map(SaleItem::from).collect()))
}

/// `GET /productMenus`.
pub(super) async fn product_menus(
    State(till): State<Till>,
    fields: Fields,
) -> Result<Json<Vec<MenuItem>>, Problem> {
    let limit = limit(&fields)?;
    let after = fields.optional("after").unwrap_or_default().to_owned();
    let (station, at_ms) = (till.me().station.clone(), till.moment().price_at_ms);
    let found = till
        .read(move |connection| {
            menu::page(connection, PricePoint { station: &station, at_ms }, &after, limit)
        })
        .await?;
    Ok(Json(found.into_iter().map(MenuItem::from).collect()))
}

/// `GET /api/v1/status`: what the window's status bar shows.
pub(super) async fn status(State(till): State<Till>) -> Result<Json<TillStatus>, Problem> {
    Ok(Json(till.status().await?))
}

fn limit(fields: &Fields) -> Result<i64, Problem> {
    let Some(text) = fields.optional("limit") else { return Ok(LIMIT) };
    match text.parse::<i64>() {
        Ok(limit @ 1..) => Ok(limit.min(LIMIT)),
        _ => Err(Problem::bad_request(format!("limit is a whole number from 1 to {LIMIT}; correct it"))),
    }
}

impl From<SoldLine> for SaleItem {
    fn from(line: SoldLine) -> Self {
        Self {
            sale_id: line.sale_id,
            product_id: line.product_id,
            product_name: line.product_name,
            price: line.price,
            qty: Milli(line.quantity_milli),
            amount: line.amount,
            account_id: line.account_id,
            account_name: line.account_name,
            cancelled: line.cancelled,
        }
    }
}

impl From<MenuProduct> for MenuItem {
    fn from(product: MenuProduct) -> Self {
        Self {
            product_id: product.product.to_string(),
            product_name: product.name_ko,
            product_name_en: product.name_en,
            price: product.price.0,
            price_version: product.price_version.0,
            unit: product.unit.as_str(),
        }
    }
}
