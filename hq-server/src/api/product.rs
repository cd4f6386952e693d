//! Products, prices, and who has applied them.

use serde::Serialize;
use ts_rs::TS;

use crate::catalogue::{Acknowledgement, ProductRow};
use crate::instant;

/// A product with its chain-wide price.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "Product")]
pub struct ProductDto {
    product_id: String,
    name_ko: String,
    name_en: String,
    #[ts(type = "\"fuel\" | \"goods\"")]
    kind: String,
    #[ts(type = "\"L\" | \"ea\"")]
    unit: String,
    #[ts(type = "\"taxed\" | \"exempt\" | \"taxFree\"")]
    tax_class: String,
    barcode: Option<String>,
    price: i64,
    price_version: i64,
    scheduled: Vec<ScheduledPriceDto>,
    terminals_total: usize,
    terminals_applied: usize,
}

/// A price to come.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "ScheduledPrice")]
pub struct ScheduledPriceDto {
    price: i64,
    effective_at: String,
    version: i64,
}

impl From<ProductRow> for ProductDto {
    fn from(row: ProductRow) -> Self {
        let (price, price_version) = row.current.map_or((0, 0), |price| (price.price, price.version));
        let scheduled = row.scheduled.into_iter().map(|price| ScheduledPriceDto {
            price: price.price,
            effective_at: instant::text(price.effective_at_ms),
            version: price.version,
        });
        Self {
            product_id: row.product.product_id,
            name_ko: row.product.name_ko,
            name_en: row.product.name_en,
            kind: row.product.kind,
            unit: row.product.unit,
            tax_class: row.product.tax,
            barcode: row.product.barcode,
            price,
            price_version,
            scheduled: scheduled.collect(),
            terminals_total: row.terminals_total,
            terminals_applied: row.terminals_applied,
        }
    }
}

/// Whether a terminal has a product and its prices as they are.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "Acknowledgement")]
pub struct AcknowledgementDto {
    station_code: String,
    station_name: String,
    terminal: i64,
    applied_version: Option<i64>,
    needed_version: i64,
    applied_at: Option<String>,
    #[ts(type = "\"applied\" | \"behind\" | \"never\"")]
    state: &'static str,
    since: Option<String>,
}

impl From<Acknowledgement> for AcknowledgementDto {
    fn from(of: Acknowledgement) -> Self {
        let state = match of.applied {
            None => "never",
            Some((version, _)) if version >= of.needed_version => "applied",
            Some(_) => "behind",
        };
        Self {
            station_code: of.station,
            station_name: of.station_name,
            terminal: of.terminal,
            applied_version: of.applied.map(|(version, _)| version),
            needed_version: of.needed_version,
            applied_at: of.applied.map(|(_, at_ms)| instant::text(at_ms)),
            state,
            since: of.since_ms.map(instant::text),
        }
    }
}
