//! `schedule_price`: a price and the time from which it holds, chain-wide or at one station.

use sync::Draft;
use sync_proto::catalogue::{Station, price_feed_key};
use sync_proto::fact::{Fact, FeedScope, PriceScheduled, PriceScope};
use sync_proto::quantity::WHOLE_UNITS_MAX;
use sync_proto::{Money, ProductId, Stamp, StationCode};

use super::known;
use crate::once::Once;
use crate::refusal::Refusal;
use crate::store::Hq;

/// A price further away than this is a mistyped date.
const AHEAD_MS_MAX: i64 = 2 * 366 * 24 * 3_600_000;

/// A price to schedule.
#[derive(Debug, Clone)]
pub struct SchedulePrice {
    /// Won per litre or piece, VAT included.
    pub price: Money,
    /// From when; absent means now. A time that has passed means now too.
    pub effective_at_ms: Option<i64>,
    /// At one station only.
    pub station: Option<StationCode>,
}

/// Refuses what is not a price: zero, negative, above 10^9 won.
pub fn check_price(price: Money) -> Result<Money, Refusal> {
    if price.0 <= 0 {
        Err(Refusal::BadPrice("it is not above zero".to_owned()))
    } else if price.0 > WHOLE_UNITS_MAX {
        Err(Refusal::BadPrice("it is above 1,000,000,000 won".to_owned()))
    } else {
        Ok(price)
    }
}

/// Schedules it and returns the feed version it got. Greater versions are later decisions (R19).
pub fn schedule_price(
    node: &mut Hq,
    now: Stamp,
    product_id: &str,
    ask: SchedulePrice,
    once: &Once,
) -> Result<u64, Refusal> {
    if let Some(version) = once.answered(node)? {
        return version.parse().map_err(|_| Refusal::IdempotencyKeyReused);
    }
    let product = known(node, product_id)?;
    let price = check_price(ask.price)?;
    if let Some(station) = &ask.station
        && node.get::<Station>(&Station::key(station.as_str()))?.is_none()
    {
        return Err(Refusal::UnknownStation(station.to_string()));
    }
    let effective_at_ms = ask.effective_at_ms.unwrap_or(now.wall_ms).max(now.wall_ms);
    if effective_at_ms > now.wall_ms.saturating_add(AHEAD_MS_MAX) {
        return Err(Refusal::BadEffectiveAt(crate::instant::text(effective_at_ms)));
    }
    let (scope, feed) = match ask.station {
        None => (PriceScope::Chain, FeedScope::Chain),
        Some(code) => (PriceScope::Station(code.clone()), FeedScope::Station(code)),
    };
    // The version is known before the commit: this node is the feed's only writer (R18).
    let version = next_version(node, &feed)?;
    let beside = once.beside(node, &version.to_string(), now.wall_ms)?;
    let draft = published(PriceScheduled { product: product.product, scope, price, effective_at_ms }, feed);
    let recorded = node.record(now, None, &[draft], beside)?;
    Ok(recorded.versions.last().map_or(version, |last| last.0))
}

fn next_version(node: &mut Hq, feed: &FeedScope) -> Result<u64, Refusal> {
    use sync::Store as _;
    Ok(node.store().feed_head(feed)?.map_or(1, |head| head.version.0.saturating_add(1)))
}

/// A chain-wide price from `effective_at_ms` on.
pub(super) fn chain_price(product: ProductId, price: Money, effective_at_ms: i64) -> Result<Draft, Refusal> {
    let price = check_price(price)?;
    let fact = PriceScheduled { product, scope: PriceScope::Chain, price, effective_at_ms };
    Ok(published(fact, FeedScope::Chain))
}

fn published(fact: PriceScheduled, feed: FeedScope) -> Draft {
    let key = price_feed_key(&fact);
    Draft::published(Fact::PriceScheduled(fact), feed, key)
}
