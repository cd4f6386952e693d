//! Stock is the sum of movements (R16).

use super::day_of;
use super::tables::{Stock, StockFlow};
use crate::fact::{Line, Received, StockMoved};
use crate::ids::ProductId;
use crate::project::{Posting, ProjectionError};
use crate::rows::{RowKey, Rows};

/// Why a movement follows from a fact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cause<'a> {
    pub(super) reason: &'static str,
    pub(super) order_id: Option<&'a str>,
    pub(super) sale_id: Option<&'a str>,
}

pub(super) fn wants<'a>(posting: &Posting, products: impl IntoIterator<Item = &'a ProductId>) -> Vec<RowKey> {
    products
        .into_iter()
        .map(|product| Stock::key(posting.origin.station.as_str(), product.as_str()))
        .collect()
}

/// Writes one movement and the stock after it. `part` tells movements of one entry apart.
pub(super) fn flow(
    posting: &Posting,
    part: usize,
    product: &ProductId,
    quantity_milli: i64,
    cause: Cause<'_>,
    rows: &mut Rows,
) -> Result<(), ProjectionError> {
    let station = posting.origin.station.as_str();
    let before =
        rows.get::<Stock>(&Stock::key(station, product.as_str()))?.map_or(0, |stock| stock.on_hand_milli);
    let after_milli = before.saturating_add(quantity_milli);
    rows.put(Stock {
        station: station.to_owned(),
        product_id: product.to_string(),
        on_hand_milli: after_milli,
    });
    rows.put(StockFlow {
        station: station.to_owned(),
        flow_id: format!("{}.{}", posting.entry.key.to_text(), part + 1),
        product_id: product.to_string(),
        quantity_milli,
        after_milli,
        reason: cause.reason.to_owned(),
        order_id: cause.order_id.map(str::to_owned),
        sale_id: cause.sale_id.map(str::to_owned),
        business_day: day_of(posting),
        at_ms: posting.envelope.at.wall_ms,
    });
    Ok(())
}

/// The movements of a sale (`sign` -1) or of its compensation (`sign` +1).
pub(super) fn lines(
    posting: &Posting,
    lines: &[Line],
    sign: i64,
    cause: Cause<'_>,
    rows: &mut Rows,
) -> Result<(), ProjectionError> {
    lines.iter().enumerate().try_for_each(|(part, line)| {
        flow(posting, part, &line.product, sign.saturating_mul(line.quantity.milli()), cause, rows)
    })
}

pub(super) fn moved(posting: &Posting, moved: &StockMoved, rows: &mut Rows) -> Result<(), ProjectionError> {
    let cause = Cause { reason: moved.reason.as_str(), order_id: None, sale_id: None };
    flow(posting, 0, &moved.product, moved.quantity.milli(), cause, rows)
}

pub(super) fn received(
    posting: &Posting,
    received: &Received,
    rows: &mut Rows,
) -> Result<(), ProjectionError> {
    if received.measured.milli() < 0 {
        return Err(ProjectionError::Rejected("a delivery cannot measure less than nothing".to_owned()));
    }
    let cause = Cause { reason: "receipt", order_id: Some(received.order.as_str()), sale_id: None };
    flow(posting, 0, &received.product, received.measured.milli(), cause, rows)
}
