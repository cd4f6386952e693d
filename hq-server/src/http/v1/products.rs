//! Products, prices, and who has applied them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_proto::fact::ProductKind;
use sync_proto::tax::TaxClass;
use sync_proto::{Money, ProductId, StationCode};

use crate::api::{AcknowledgementDto, ProductDto};
use crate::catalogue::{self, NewProduct, ProductChange, SchedulePrice};
use crate::http::body::{JsonBody, Named, NoBody};
use crate::http::params::Params;
use crate::http::{App, Problem};
use crate::instant;
use crate::refusal::Refusal;

/// A product to add.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddProduct {
    product_id: String,
    name_ko: String,
    name_en: String,
    kind: ProductKind,
    price: i64,
    tax_class: String,
    #[serde(default)]
    barcode: Option<String>,
}

/// Names to change.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rename {
    #[serde(default)]
    name_ko: Option<String>,
    #[serde(default)]
    name_en: Option<String>,
}

/// A price to schedule.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPrice {
    price: i64,
    #[serde(default)]
    effective_at: Option<String>,
    #[serde(default)]
    station_code: Option<String>,
}

/// The version that a price got.
#[derive(Debug, Serialize)]
pub struct Versioned {
    version: u64,
}

/// `GET /products`.
pub(in crate::http) async fn products(
    State(app): State<App>,
    params: Params,
) -> Result<Json<Vec<ProductDto>>, Problem> {
    let page = params.page()?;
    let (writer, now_ms) = (app.incarnation(), app.now_ms());
    let rows = app.read(move |connection| catalogue::list(connection, &page, &writer, now_ms)).await?;
    Ok(Json(rows.into_iter().map(ProductDto::from).collect()))
}

/// `POST /products`.
pub(in crate::http) async fn add_product(
    State(app): State<App>,
    JsonBody { value, once }: JsonBody<AddProduct>,
) -> Result<(StatusCode, Json<ProductDto>), Problem> {
    let product =
        ProductId::new(value.product_id).map_err(|why| Refusal::BadRequest(format!("productId: {why}")))?;
    let ask = NewProduct {
        product,
        name_ko: value.name_ko,
        name_en: value.name_en,
        kind: value.kind,
        tax: TaxClass::parse(&value.tax_class).ok_or(Refusal::BadTaxClass)?,
        barcode: value.barcode,
        price: Money(value.price),
    };
    let product_id = app.command(move |node, now| catalogue::add_product(node, now, ask, &once)).await?;
    Ok((StatusCode::CREATED, one_product(&app, product_id).await?))
}

/// `PATCH /products/{productId}`.
pub(in crate::http) async fn change_product(
    State(app): State<App>,
    Named(product_id): Named,
    JsonBody { value, once }: JsonBody<Rename>,
) -> Result<Json<ProductDto>, Problem> {
    let change = ProductChange { name_ko: value.name_ko, name_en: value.name_en, price: None };
    let id = product_id.clone();
    app.command(move |node, now| catalogue::change_product(node, now, &id, change, &once)).await?;
    one_product(&app, product_id).await
}

/// `DELETE /products/{productId}`.
pub(in crate::http) async fn retire_product(
    State(app): State<App>,
    Named(product_id): Named,
    NoBody { once }: NoBody,
) -> Result<StatusCode, Problem> {
    app.command(move |node, now| catalogue::retire_product(node, now, &product_id, &once)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn one_product(app: &App, product_id: String) -> Result<Json<ProductDto>, Problem> {
    let (writer, now_ms) = (app.incarnation(), app.now_ms());
    let row = app
        .find(move |connection| {
            catalogue::find(connection, &product_id, &writer, now_ms)?
                .ok_or(Refusal::UnknownProduct(product_id))
        })
        .await?;
    Ok(Json(row.into()))
}

/// `POST /products/{productId}/prices`.
pub(in crate::http) async fn schedule_price(
    State(app): State<App>,
    Named(product_id): Named,
    JsonBody { value, once }: JsonBody<NewPrice>,
) -> Result<Json<Versioned>, Problem> {
    let effective_at_ms = match value.effective_at {
        None => None,
        Some(text) => {
            let shown = || Refusal::BadEffectiveAt(text.chars().take(40).collect());
            Some(instant::parse(&text).ok_or_else(shown)?)
        }
    };
    let station = match value.station_code {
        None => None,
        Some(code) => {
            let unknown = Refusal::UnknownStation(code.chars().take(40).collect());
            Some(StationCode::new(code).map_err(|_| unknown)?)
        }
    };
    let ask = SchedulePrice { price: Money(value.price), effective_at_ms, station };
    let version =
        app.command(move |node, now| catalogue::schedule_price(node, now, &product_id, ask, &once)).await?;
    Ok(Json(Versioned { version }))
}

/// `GET /products/{productId}/acknowledgements`.
pub(in crate::http) async fn acknowledgements(
    State(app): State<App>,
    Named(product_id): Named,
) -> Result<Json<Vec<AcknowledgementDto>>, Problem> {
    let writer = app.incarnation();
    let rows = app
        .find(move |connection| {
            catalogue::acknowledgements(connection, &product_id, &writer)?
                .ok_or_else(|| Refusal::UnknownProduct(product_id.chars().take(40).collect()))
        })
        .await?;
    Ok(Json(rows.into_iter().map(AcknowledgementDto::from).collect()))
}
