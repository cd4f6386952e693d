//! Products and prices.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use sync_proto::fact::ProductKind;
use sync_proto::tax::TaxClass;

use crate::catalogue::{self, NewProduct, ProductChange, ProductRow};
use crate::http::body::Named;
use crate::http::params::{Params, product_id};
use crate::http::{App, Problem};
use crate::refusal::Refusal;

/// A product with the price that holds now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompatProduct {
    product_id: String,
    product_name: String,
    price: i64,
}

impl From<ProductRow> for CompatProduct {
    fn from(row: ProductRow) -> Self {
        Self {
            product_id: row.product.product_id,
            product_name: row.product.name_ko,
            price: row.current.map_or(0, |price| price.price),
        }
    }
}

/// `GET /products`.
pub(in crate::http) async fn products(
    State(app): State<App>,
    params: Params,
) -> Result<Json<Vec<CompatProduct>>, Problem> {
    let page = params.page()?;
    let (writer, now_ms) = (app.incarnation(), app.now_ms());
    let rows = app.read(move |connection| catalogue::list(connection, &page, &writer, now_ms)).await?;
    Ok(Json(rows.into_iter().map(CompatProduct::from).collect()))
}

/// `POST /products`: productId, productName, price; kind, taxClass, nameEn and barcode may stand beside them.
pub(in crate::http) async fn add_product(
    State(app): State<App>,
    params: Params,
) -> Result<Json<bool>, Problem> {
    let name_ko = params.text("productName")?.to_owned();
    let kind = match params.optional("kind") {
        None => ProductKind::Fuel,
        Some(text) => ProductKind::parse(text)
            .ok_or_else(|| Refusal::BadRequest("kind has to be fuel or goods".to_owned()))?,
    };
    let tax = match params.optional("taxClass") {
        None => TaxClass::Taxed,
        Some(text) => TaxClass::parse(text).ok_or(Refusal::BadTaxClass)?,
    };
    let product = params.product_id().map_err(|why| match why {
        Refusal::UnknownProduct(_) => {
            Refusal::BadRequest("productId has to be 1 to 40 letters, digits, '-' or '_'".to_owned())
        }
        other => other,
    })?;
    let ask = NewProduct {
        product,
        name_en: params.optional("nameEn").unwrap_or(&name_ko).to_owned(),
        name_ko,
        kind,
        tax,
        barcode: params.optional("barcode").map(str::to_owned),
        price: params.price()?.ok_or(Refusal::MissingField("price"))?,
    };
    app.command(move |node, now| catalogue::add_product(node, now, ask, &params.once)).await?;
    Ok(Json(true))
}

/// `PATCH /products?productId=`: price, productName.
pub(in crate::http) async fn change_product(
    State(app): State<App>,
    params: Params,
) -> Result<Json<bool>, Problem> {
    let product = params.product_id()?;
    changed(&app, product.as_str(), params).await
}

/// `PATCH /products/{productId}`: price, productName.
pub(in crate::http) async fn change_named_product(
    State(app): State<App>,
    Named(product): Named,
    params: Params,
) -> Result<Json<bool>, Problem> {
    let product = product_id(&product)?;
    changed(&app, product.as_str(), params).await
}

async fn changed(app: &App, product_id: &str, params: Params) -> Result<Json<bool>, Problem> {
    let change = ProductChange {
        name_ko: params.optional("productName").map(str::to_owned),
        name_en: params.optional("nameEn").map(str::to_owned),
        price: params.price()?,
    };
    if change.name_ko.is_none() && change.name_en.is_none() && change.price.is_none() {
        return Err(Problem(Refusal::MissingField("price")));
    }
    let product_id = product_id.to_owned();
    app.command(move |node, now| catalogue::change_product(node, now, &product_id, change, &params.once))
        .await?;
    Ok(Json(true))
}

/// `POST /products/sync`: productId, optional price; send again, or change and send.
pub(in crate::http) async fn sync_product(
    State(app): State<App>,
    params: Params,
) -> Result<Json<bool>, Problem> {
    let product = params.product_id()?;
    let price = params.price()?;
    app.command(move |node, now| catalogue::resend_product(node, now, product.as_str(), price, &params.once))
        .await?;
    Ok(Json(true))
}
