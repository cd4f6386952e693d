//! Context Catalogue 상품원장: products and prices; the source of truth for every price.

mod acknowledgements;
mod add;
mod change;
mod list;
mod price;
mod retire;
mod seed;

pub use acknowledgements::{Acknowledgement, acknowledgements};
pub use add::{NewProduct, add_product};
pub use change::{ProductChange, change_product, resend_product};
pub use list::{ProductRow, find, list};
pub use price::{SchedulePrice, check_price, schedule_price};
pub use retire::{purge_superseded, retire_product};
pub use seed::{CatalogueFileError, read_catalogue_file, seed_catalogue};

use sync::{Draft, StoreError};
use sync_proto::catalogue::{Product, product_feed_key};
use sync_proto::fact::{Fact, FeedScope, ProductChanged, ProductKind};
use sync_proto::ids::IdError;
use sync_proto::tax::TaxClass;
use sync_proto::{ProductId, Unit};

use crate::refusal::Refusal;
use crate::store::Hq;

/// Longest name of a product, in characters; what a receipt and a menu can show.
const NAME_LEN_MAX: usize = 100;

/// A name that a screen and a receipt can show.
fn checked_name(name: &str) -> Result<String, Refusal> {
    let name = name.trim();
    let fits = (1..=NAME_LEN_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(Refusal::BadName) }
}

/// The product as it is, to change or send again.
fn known(node: &mut Hq, product_id: &str) -> Result<ProductChanged, Refusal> {
    let unknown = || Refusal::UnknownProduct(product_id.chars().take(40).collect());
    let row = node.get::<Product>(&Product::key(product_id))?.ok_or_else(unknown)?;
    let damaged = |why: IdError| StoreError::Damaged(format!("product {product_id}: {why}"));
    Ok(ProductChanged {
        product: ProductId::new(row.product_id).map_err(damaged)?,
        name_ko: row.name_ko,
        name_en: row.name_en,
        kind: ProductKind::parse(&row.kind).unwrap_or(ProductKind::Goods),
        unit: Unit::parse(&row.unit).unwrap_or(Unit::Piece),
        tax: TaxClass::parse(&row.tax).unwrap_or(TaxClass::Taxed),
        barcode: row.barcode,
    })
}

/// `ProductChanged` for the journal and the chain's feed.
fn published(product: ProductChanged) -> Draft {
    let key = product_feed_key(&product);
    Draft::published(Fact::ProductChanged(product), FeedScope::Chain, key)
}
