//! The sample day: a few hundred sales with a morning and an evening peak, the same at every run.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use crate::catalogue::{self, DaySale, Product};

/// How many sales the day has.
const SALES: usize = 420;
/// How many of a hundred sales are fuel.
const FUEL_PERCENT: usize = 85;
/// Every how many sales one is cancelled: about one in fifty, as stations report.
const CANCELLED_EVERY: usize = 53;
/// Tills of the day; a demo with fewer folds them.
const TERMINALS: u32 = 2;
/// Changing it changes the whole day.
const SEED: u64 = 0x6a75_7975;

/// Sales per hour from midnight, as shares: peaks on the way to work and on the way home.
const HOUR_WEIGHTS: [u64; 24] =
    [2, 1, 1, 1, 2, 6, 16, 30, 34, 22, 16, 16, 20, 18, 15, 16, 20, 30, 36, 28, 18, 12, 7, 4];
/// Fuels by how often they are asked for.
const FUEL_WEIGHTS: [(&str, u64); 4] = [("CD1001", 58), ("CD1002", 33), ("CD1003", 7), ("CD1004", 2)];
/// What customers ask for in won, with how often.
const WON_WEIGHTS: [(u64, u64); 6] =
    [(30_000, 22), (50_000, 34), (70_000, 18), (100_000, 8), (40_000, 10), (20_000, 8)];
/// What customers ask for in whole litres, with how often.
const LITRE_WEIGHTS: [(u64, u64); 5] = [(20, 30), (30, 28), (40, 22), (50, 12), (60, 8)];

/// The day's text, one sale per line.
///
/// # Errors
/// The sample catalogue lacks one of the four fuels, or is unreadable.
pub(super) fn render() -> Result<String> {
    let products = catalogue::products()?;
    let mut text = String::new();
    for sale in day(&products)? {
        let _ = writeln!(text, "{}", serde_json::to_string(&sale)?);
    }
    Ok(text)
}

fn day(products: &[Product]) -> Result<Vec<DaySale>> {
    let mut random = SplitMix(SEED);
    let goods: Vec<&Product> = products.iter().filter(|product| product.kind == "goods").collect();
    let mut sales = Vec::with_capacity(SALES);
    for number in 0..SALES {
        // Bresenham's step spreads the fuel share evenly, so that it is exact.
        let fuel = (number + 1) * FUEL_PERCENT / 100 > number * FUEL_PERCENT / 100;
        let (product_id, quantity_milli) =
            if fuel { fuel_line(products, &mut random)? } else { goods_line(&goods, &mut random)? };
        sales.push(DaySale {
            second: second_of_day(&mut random)?,
            terminal: u32::try_from(random.below(u64::from(TERMINALS)))? + 1,
            product_id,
            quantity_milli,
            cancelled_after_s: None,
        });
    }
    sales.sort_by_key(|sale| sale.second);
    for sale in sales.iter_mut().skip(CANCELLED_EVERY / 2).step_by(CANCELLED_EVERY) {
        sale.cancelled_after_s = Some(30 + u32::try_from(random.below(240))?);
    }
    Ok(sales)
}

fn fuel_line(products: &[Product], random: &mut SplitMix) -> Result<(String, u64)> {
    let product_id = random.choose(&FUEL_WEIGHTS)?;
    let price = products
        .iter()
        .find(|product| product.product_id == product_id)
        .map(|product| product.price)
        .filter(|price| *price > 0)
        .with_context(|| format!("the sample catalogue lacks {product_id}"))?;
    // Three of four customers name an amount; the pump stops at the millilitre below it.
    let quantity_milli = if random.below(4) < 3 {
        random.choose(&WON_WEIGHTS)? * 1000 / price
    } else {
        random.choose(&LITRE_WEIGHTS)? * 1000
    };
    Ok((product_id.to_owned(), quantity_milli))
}

fn goods_line(goods: &[&Product], random: &mut SplitMix) -> Result<(String, u64)> {
    let index = usize::try_from(random.below(goods.len() as u64))?;
    let product = goods.get(index).context("the sample catalogue has no goods")?;
    // Two of something cheap are common, two of something dear are not.
    let pieces = if product.price < 5_000 { 1 + random.below(3) } else { 1 };
    Ok((product.product_id.clone(), pieces * 1000))
}

fn second_of_day(random: &mut SplitMix) -> Result<u32> {
    let hours: Vec<(u64, u64)> = (0..).zip(HOUR_WEIGHTS).collect();
    let hour = random.choose(&hours)?;
    Ok(u32::try_from(hour * 3600 + random.below(3600))?)
}

/// Steele, Lea and Flood's SplitMix64: small, seeded, and the same everywhere.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; the bias of the remainder is of no account for a sample.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn choose<T: Copy>(&mut self, weighted: &[(T, u64)]) -> Result<T> {
        let mut ticket = self.below(weighted.iter().map(|(_, weight)| weight).sum());
        for (value, weight) in weighted {
            if ticket < *weight {
                return Ok(*value);
            }
            ticket -= weight;
        }
        anyhow::bail!("nothing to choose from")
    }
}

#[cfg(test)]
mod tests;
