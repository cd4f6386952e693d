//! `retire_product`, and prices that were superseded long ago: what is withdrawn leaves a tombstone that goes down to
//! every till.

use sync::node::{Beside, FEED_KEEP_MS};
use sync::{Draft, StoreError};
use sync_proto::catalogue::{Price, price_published_as, product_published_as};
use sync_proto::fact::FeedScope;
use sync_proto::{Stamp, StationCode};

use super::known;
use super::list::{prices_of, superseded};
use crate::once::Once;
use crate::refusal::Refusal;
use crate::store::Hq;

/// Prices withdrawn in one commit.
const CHUNK_LEN: u32 = 200;

/// Chunks of one look: more than a chain of 20,000 products supersedes in a day.
const CHUNKS_MAX: u32 = 100;

/// Takes a product out of the range: product and prices, of all scopes, go together and in one commit. What was sold of it
/// stays in the books under its code.
pub fn retire_product(node: &mut Hq, now: Stamp, product_id: &str, once: &Once) -> Result<(), Refusal> {
    if once.answered(node)?.is_some() {
        return Ok(());
    }
    let product = known(node, product_id)?;
    let prices = prices_of(node.store().connection(), product_id)?;
    let mut drafts: Vec<Draft> = prices.iter().map(withdrawn).collect::<Result<_, _>>()?;
    drafts.push(Draft::withdrawal(FeedScope::Chain, product_published_as(&product.product)));
    let beside = once.beside(node, product_id, now.wall_ms)?;
    node.record(now, None, &drafts, beside)?;
    Ok(())
}

/// Withdraws prices that another one of the same scope replaced so long ago that nobody who still catches up in small
/// steps can have missed it. No price that holds now, or held within that time, is touched. Returns how many went.
pub fn purge_superseded(node: &mut Hq, now: Stamp) -> Result<u64, Refusal> {
    let mut gone = 0u64;
    for _ in 0..CHUNKS_MAX {
        let before_ms = now.wall_ms.saturating_sub(FEED_KEEP_MS);
        let prices = superseded(node.store().connection(), before_ms, CHUNK_LEN)?;
        if prices.is_empty() {
            break;
        }
        let drafts: Vec<Draft> = prices.iter().map(withdrawn).collect::<Result<_, _>>()?;
        node.record(now, None, &drafts, Beside::default())?;
        gone = gone.saturating_add(u64::try_from(drafts.len()).unwrap_or(u64::MAX));
    }
    Ok(gone)
}

fn withdrawn(price: &Price) -> Result<Draft, Refusal> {
    let scope = if price.scope.is_empty() {
        FeedScope::Chain
    } else {
        let damaged = |why| StoreError::Damaged(format!("a price of {}: {why}", price.product_id));
        FeedScope::Station(StationCode::new(price.scope.as_str()).map_err(damaged)?)
    };
    Ok(Draft::withdrawal(scope, price_published_as(price)))
}
