//! The sample assets: products, stations, opening stock, the day of sales.

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::workspace;

/// Where the sample products are.
pub const CATALOGUE: &str = "assets/catalogue/sample.json";
/// Where the sample stations and their opening stock are.
pub const STATIONS: &str = "assets/stations/sample.json";
/// Where the sample day is, one sale per line.
pub const DAY: &str = "assets/day/sample-day.jsonl";

/// A product of the sample catalogue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// The chain's code, `CD1001`.
    pub product_id: String,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// `fuel` or `goods`.
    pub kind: String,
    /// `L` or `ea`.
    pub unit: String,
    /// `taxed`, `exempt` or `taxFree`.
    pub tax_class: String,
    /// Won per unit, VAT included.
    pub price: u64,
    /// EAN-13, goods only.
    pub barcode: Option<String>,
}

/// A station of the sample registry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// `ST0001`.
    pub code: String,
    /// Its name on screens.
    pub name: String,
    /// Where tankers go.
    pub address: String,
    /// The price group it belongs to.
    pub group: String,
}

/// What a station has on its first day.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningStock {
    /// The product.
    pub product_id: String,
    /// Thousandths of a litre or piece.
    pub quantity_milli: u64,
}

/// One sale of the sample day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaySale {
    /// Seconds since local midnight.
    pub second: u32,
    /// Which till sells it, from 1.
    pub terminal: u32,
    /// The product.
    pub product_id: String,
    /// Thousandths of a litre or piece.
    pub quantity_milli: u64,
    /// Seconds after which the sale is cancelled, if it is.
    pub cancelled_after_s: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct Catalogue {
    products: Vec<Product>,
}

#[derive(Debug, Deserialize)]
struct Registry {
    stations: Vec<Station>,
    opening_stock: Vec<OpeningStock>,
}

/// The sample products, in the file's order.
///
/// # Errors
/// The file is missing or malformed.
pub fn products() -> Result<Vec<Product>> {
    let text = workspace::read(&workspace::path(CATALOGUE))?;
    let catalogue: Catalogue = serde_json::from_str(&text).context(CATALOGUE)?;
    Ok(catalogue.products)
}

/// The first `count` stations: those of the file, then numbered ones.
///
/// # Errors
/// The file is missing or malformed.
pub fn stations(count: u16) -> Result<Vec<Station>> {
    let mut stations = registry()?.stations;
    for number in stations.len() + 1..=usize::from(count) {
        stations.push(Station {
            code: format!("ST{number:04}"),
            name: format!("주유 {number}호점"),
            address: format!("서울특별시 중구 세종대로 {number}"),
            group: "seoul".to_owned(),
        });
    }
    stations.truncate(usize::from(count));
    Ok(stations)
}

/// The stock each station opens with.
///
/// # Errors
/// The file is missing or malformed.
pub fn opening_stock() -> Result<Vec<OpeningStock>> {
    Ok(registry()?.opening_stock)
}

/// The sample day, in time order.
///
/// # Errors
/// The file is missing or malformed.
pub fn day() -> Result<Vec<DaySale>> {
    workspace::read(&workspace::path(DAY))?
        .lines()
        .map(|line| serde_json::from_str(line).context(DAY))
        .collect()
}

/// Thousandths as a decimal number without a float in between: 30229 is `30.229`, 2000 is `2`.
#[must_use]
pub fn decimal(milli: u64) -> String {
    let (whole, rest) = (milli / 1000, milli % 1000);
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{rest:03}").trim_end_matches('0').to_owned()
}

fn registry() -> Result<Registry> {
    serde_json::from_str(&workspace::read(&workspace::path(STATIONS))?).context(STATIONS)
}

#[cfg(test)]
mod tests;
