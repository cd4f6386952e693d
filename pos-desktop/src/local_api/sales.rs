//! Selling and cancelling by integrations.

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderName};
use axum::response::IntoResponse;
use pos_core::idempotency::Request;
use pos_core::sale::{self, QuickSale};
use pos_core::{TillError, cancel};
use sync_proto::decimal::parse_milli;
use sync_proto::fact::CancelReason;
use sync_proto::{AccountId, ProductId, SaleId};

use super::fields::Fields;
use super::problem::Problem;
use crate::till::Till;

/// Makes a request repeatable: the same key again does nothing and gives the same answer.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// `POST /sales`: productId, qty, optional accountId; cash when there is none. Answers `true`, and the new
/// sale's address in `Location`.
pub(super) async fn sell(
    State(till): State<Till>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<impl IntoResponse, Problem> {
    let quick = quick_sale(&fields)?;
    let account = quick.account.as_ref().map_or("", AccountId::as_str);
    let text = format!("sell {} {} {account}", quick.product, quick.milli);
    let (request, calendar) = (repeatable(&headers, text)?, till.calendar().clone());
    let sale =
        till.write(move |node, now| sale::sell_one(node, &calendar, now, &quick, request.as_ref())).await?;
    Ok(([(LOCATION, format!("/sales/{sale}"))], Json(true)))
}

/// `POST /cancelSales`: saleId. Answers `true`.
pub(super) async fn cancel(
    State(till): State<Till>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Json<bool>, Problem> {
    let sale_id = fields.required("saleId")?;
    let sale = SaleId::new(sale_id).map_err(|_| TillError::UnknownSale(sale_id.to_owned()))?;
    let request = repeatable(&headers, format!("cancel {sale}"))?;
    let calendar = till.calendar().clone();
    till.write(move |node, now| {
        cancel::cancel_sale(node, &calendar, now, (&sale, CancelReason::Other), request.as_ref())
    })
    .await?;
    Ok(Json(true))
}

fn quick_sale(fields: &Fields) -> Result<QuickSale, Problem> {
    let product_id = fields.required("productId")?;
    let quantity = fields.required("qty")?;
    let milli = parse_milli(quantity).map_err(|why| Problem::bad_quantity(&why.to_string()))?;
    let product = ProductId::new(product_id).map_err(|_| TillError::UnknownProduct(product_id.to_owned()))?;
    let account = match fields.optional("accountId") {
        Some(id) => Some(AccountId::new(id).map_err(|_| TillError::UnknownAccount(id.to_owned()))?),
        None => None,
    };
    Ok(QuickSale { product, milli, account })
}

/// The request under its key; `None` when it has none.
fn repeatable(headers: &HeaderMap, text: String) -> Result<Option<Request>, Problem> {
    let Some(key) = headers.get(HeaderName::from_static(IDEMPOTENCY_KEY)) else { return Ok(None) };
    let key = key.to_str().map_err(|_| Problem::bad_request("the Idempotency-Key is not plain text"))?;
    Ok(Some(Request::new(key, text)?))
}
