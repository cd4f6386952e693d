//! `add_product`: a new product with its first price.

use sync_proto::catalogue::Product;
use sync_proto::fact::{ProductChanged, ProductKind};
use sync_proto::tax::TaxClass;
use sync_proto::{Money, ProductId, Stamp, Unit};

use super::{checked_name, price, published};
use crate::once::Once;
use crate::refusal::Refusal;
use crate::store::Hq;

/// A product to add.
#[derive(Debug, Clone)]
pub struct NewProduct {
    /// The chain's code.
    pub product: ProductId,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// Fuel is counted in litres, goods in pieces.
    pub kind: ProductKind,
    /// How it is taxed.
    pub tax: TaxClass,
    /// EAN-13, if it has one.
    pub barcode: Option<String>,
    /// Price from now on, everywhere.
    pub price: Money,
}

/// Adds it: `ProductChanged` and `PriceScheduled` go into the journal and the chain's feed together.
pub fn add_product(node: &mut Hq, now: Stamp, ask: NewProduct, once: &Once) -> Result<String, Refusal> {
    if let Some(product_id) = once.answered(node)? {
        return Ok(product_id);
    }
    let product_id = ask.product.to_string();
    if node.get::<Product>(&Product::key(product_id.as_str()))?.is_some() {
        return Err(Refusal::DuplicateProduct(product_id));
    }
    let price = price::chain_price(ask.product.clone(), ask.price, now.wall_ms)?;
    let product = ProductChanged {
        product: ask.product,
        name_ko: checked_name(&ask.name_ko)?,
        name_en: checked_name(&ask.name_en)?,
        unit: match ask.kind {
            ProductKind::Fuel => Unit::Litre,
            ProductKind::Goods => Unit::Piece,
        },
        kind: ask.kind,
        tax: ask.tax,
        barcode: ask.barcode.map(|code| checked_barcode(&code)).transpose()?,
    };
    let beside = once.beside(node, &product_id, now.wall_ms)?;
    node.record(now, None, &[published(product), price], beside)?;
    Ok(product_id)
}

/// EAN-8, UPC-A, EAN-13 or ITF-14: 8 to 14 digits.
fn checked_barcode(code: &str) -> Result<String, Refusal> {
    let code = code.trim();
    if (8..=14).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit()) {
        Ok(code.to_owned())
    } else {
        Err(Refusal::BadRequest("barcode has to have 8 to 14 digits".to_owned()))
    }
}
