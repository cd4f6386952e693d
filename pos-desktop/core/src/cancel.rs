//! Cancelling 판매취소: a whole sale of this till, once.

use sync::Draft;
use sync::node::Beside;
use sync_proto::fact::{CancelReason, Fact, SaleCancelled};
use sync_proto::ledger::Sale;
use sync_proto::{Money, SaleId};

use crate::cart::put;
use crate::day::{Calendar, Moment};
use crate::error::TillError;
use crate::idempotency::Request;
use crate::recent;
use crate::store::TillNode;
use crate::tables::CancellationPlace;

/// Takes a sale back whole. The sale stays on record; the fact carries its lines and tenders, so that the
/// station and HQ compensate 보상처리 without reading it. The same `request` again records nothing.
///
/// # Errors
/// This till has no such sale, or it was cancelled before.
pub fn cancel_sale(
    node: &mut TillNode,
    calendar: &Calendar,
    now: &Moment,
    (sale, reason): (&SaleId, CancelReason),
    request: Option<&Request>,
) -> Result<(), TillError> {
    if let Some(request) = request
        && request.done(node)?.is_some()
    {
        return Ok(());
    }
    let unknown = || TillError::UnknownSale(sale.to_string());
    let row = node.get::<Sale>(&Sale::key(sale.as_str()))?.ok_or_else(unknown)?;
    if row.cancelled_at_ms.is_some() {
        return Err(TillError::AlreadyCancelled(sale.to_string()));
    }
    let connection = node.store().connection();
    let lines = recent::lines(connection, sale)?;
    let tenders = recent::tenders(connection, sale)?;
    let mut rows = vec![put(place(node, sale)?)];
    if let Some(request) = request {
        rows.extend(request.rows(node, sale, now)?);
    }
    let cancelled = SaleCancelled {
        sale: sale.clone(),
        reason,
        lines: lines.into_iter().map(|each| each.line).collect(),
        tenders,
        total: Money(row.total),
    };
    let day = calendar.business_day(now.stamp.corrected_ms());
    let beside = Beside { rows, cursors: Vec::new() };
    node.record(now.stamp, day.as_ref(), &[Draft::new(Fact::SaleCancelled(cancelled))], beside)?;
    Ok(())
}

/// Where the next entry of the till's own stream will stand: only this thread writes it.
fn place(node: &mut TillNode, sale: &SaleId) -> Result<CancellationPlace, TillError> {
    let own = node.own_stream();
    let seq = node.own_head()?.seq.next().0;
    Ok(CancellationPlace {
        sale_id: sale.to_string(),
        stream: own.to_text(),
        seq: i64::try_from(seq).unwrap_or(i64::MAX),
    })
}
