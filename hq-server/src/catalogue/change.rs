//! `change_product` and `resend_product`.

use sync_proto::catalogue::{Price, price_at};
use sync_proto::{Money, Stamp, StationCode};

use super::list::prices_of;
use super::{checked_name, known, price, published};
use crate::once::Once;
use crate::refusal::Refusal;
use crate::store::Hq;

/// What changes of a product; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct ProductChange {
    /// Korean name.
    pub name_ko: Option<String>,
    /// English name.
    pub name_en: Option<String>,
    /// Price from now on, everywhere.
    pub price: Option<Money>,
}

/// Changes names or price: what changed goes into the journal and the chain's feed together.
pub fn change_product(
    node: &mut Hq,
    now: Stamp,
    product_id: &str,
    change: ProductChange,
    once: &Once,
) -> Result<(), Refusal> {
    if once.answered(node)?.is_some() {
        return Ok(());
    }
    let mut product = known(node, product_id)?;
    let mut drafts = Vec::new();
    if let Some(price) = change.price {
        drafts.push(price::chain_price(product.product.clone(), price, now.wall_ms)?);
    }
    let renamed = change.name_ko.is_some() || change.name_en.is_some();
    if let Some(name) = change.name_ko {
        product.name_ko = checked_name(&name)?;
    }
    if let Some(name) = change.name_en {
        product.name_en = checked_name(&name)?;
    }
    if renamed {
        drafts.push(published(product));
    }
    let beside = once.beside(node, product_id, now.wall_ms)?;
    node.record(now, None, &drafts, beside)?;
    Ok(())
}

/// Sends a product with its price to every station again, with the price changed first if one is given.
pub fn resend_product(
    node: &mut Hq,
    now: Stamp,
    product_id: &str,
    price: Option<Money>,
    once: &Once,
) -> Result<(), Refusal> {
    if once.answered(node)?.is_some() {
        return Ok(());
    }
    let product = known(node, product_id)?;
    let mut drafts = Vec::new();
    match price {
        Some(price) => drafts.push(price::chain_price(product.product.clone(), price, now.wall_ms)?),
        None => {
            if let Some(current) = current_price(node, product_id, now.wall_ms)? {
                let at_ms = current.effective_at_ms;
                drafts.push(price::chain_price(product.product.clone(), Money(current.price), at_ms)?);
            }
        }
    }
    drafts.push(published(product));
    let beside = once.beside(node, product_id, now.wall_ms)?;
    node.record(now, None, &drafts, beside)?;
    Ok(())
}

fn current_price(node: &mut Hq, product_id: &str, at_ms: i64) -> Result<Option<Price>, Refusal> {
    let prices = prices_of(node.store().connection(), product_id)?;
    let nowhere = StationCode::new("HQ").map_err(|why| Refusal::BadRequest(why.to_string()))?;
    Ok(price_at(&prices, &nowhere, at_ms).cloned())
}
