//! Sales, their cancellation, and what they charge to accounts.

use super::stock::{self, Cause};
use super::tables::{Account, DayTotal, Sale, SaleLine, SaleTender, SalesSummary};
use super::{Depth, day_of};
use crate::fact::{AccountOpened, AccountPaid, CancelReason, Line, SaleCancelled, Sold, Tender};
use crate::ids::{AccountId, SaleId};
use crate::project::{Posting, ProjectionError};
use crate::quantity::Money;
use crate::rows::{RowKey, Rows};

pub(super) fn wants(
    depth: Depth,
    posting: &Posting,
    sale: &SaleId,
    lines: &[Line],
    tenders: &[Tender],
) -> Vec<RowKey> {
    let station = posting.origin.station.as_str();
    let mut keys = vec![Sale::key(sale.as_str())];
    keys.extend(accounts(tenders).map(|(account, _)| Account::key(station, account.as_str())));
    if depth == Depth::Station {
        let day = day_of(posting);
        keys.push(DayTotal::key(station, day.as_str(), terminal_of(posting)));
        keys.extend(lines.iter().map(|line| SalesSummary::key(station, day.as_str(), line.product.as_str())));
        keys.extend(stock::wants(posting, lines.iter().map(|line| &line.product)));
    }
    keys
}

pub(super) fn wants_account(posting: &Posting, account: &AccountId) -> Vec<RowKey> {
    vec![Account::key(posting.origin.station.as_str(), account.as_str())]
}

/// 판매: the sale on record, stock down, summary up, account charged.
pub(super) fn sold(
    depth: Depth,
    posting: &Posting,
    sold: &Sold,
    rows: &mut Rows,
) -> Result<(), ProjectionError> {
    check_sums(sold)?;
    let waiting = match rows.get::<Sale>(&Sale::key(sold.sale.as_str()))? {
        Some(Sale { sold_at_ms: Some(_), .. }) => {
            return Err(ProjectionError::Rejected(format!("receipt number {} is used twice", sold.sale)));
        }
        waiting => waiting,
    };
    let mut row = new_sale(posting, &sold.sale);
    row.sold_at_ms = Some(posting.envelope.at.wall_ms);
    row.total = sold.total.0;
    row.vat = sold.vat.0;
    row.account_id = accounts(&sold.tenders).next().map(|(account, _)| account.to_string());
    if let Some(waiting) = waiting {
        row.cancelled_at_ms = waiting.cancelled_at_ms;
        row.cancel_reason = waiting.cancel_reason;
    }
    rows.put(row);
    put_parts(sold, rows);
    let effect = Effect { lines: &sold.lines, tenders: &sold.tenders, total: sold.total, sign: 1 };
    let cause = Cause { reason: "sale", order_id: None, sale_id: Some(sold.sale.as_str()) };
    post(depth, posting, &effect, cause, rows)
}

/// 판매취소: compensation, once; the sale stays on record with its cancellation.
pub(super) fn cancelled(
    depth: Depth,
    posting: &Posting,
    cancelled: &SaleCancelled,
    rows: &mut Rows,
) -> Result<(), ProjectionError> {
    let mut row = rows
        .get::<Sale>(&Sale::key(cancelled.sale.as_str()))?
        .unwrap_or_else(|| new_sale(posting, &cancelled.sale));
    if row.cancelled_at_ms.is_some() {
        return Err(ProjectionError::Rejected(format!("sale {} was cancelled before", cancelled.sale)));
    }
    row.cancelled_at_ms = Some(posting.envelope.at.wall_ms);
    row.cancel_reason = Some(reason_text(cancelled.reason).to_owned());
    rows.put(row);
    let effect =
        Effect { lines: &cancelled.lines, tenders: &cancelled.tenders, total: cancelled.total, sign: -1 };
    let cause = Cause { reason: "cancel", order_id: None, sale_id: Some(cancelled.sale.as_str()) };
    post(depth, posting, &effect, cause, rows)
}

pub(super) fn account_opened(
    posting: &Posting,
    opened: &AccountOpened,
    rows: &mut Rows,
) -> Result<(), ProjectionError> {
    let mut account = account_row(posting, &opened.account, rows)?;
    account.credit_limit = opened.limit.map(|limit| limit.0);
    account.opened_at_ms = Some(posting.envelope.at.wall_ms);
    rows.put(account);
    Ok(())
}

pub(super) fn account_paid(
    posting: &Posting,
    paid: &AccountPaid,
    rows: &mut Rows,
) -> Result<(), ProjectionError> {
    let mut account = account_row(posting, &paid.account, rows)?;
    account.balance = account.balance.saturating_sub(paid.amount.0);
    rows.put(account);
    Ok(())
}

struct Effect<'a> {
    lines: &'a [Line],
    tenders: &'a [Tender],
    total: Money,
    /// 1 for a sale, -1 for its compensation.
    sign: i64,
}

fn post(
    depth: Depth,
    posting: &Posting,
    effect: &Effect<'_>,
    cause: Cause<'_>,
    rows: &mut Rows,
) -> Result<(), ProjectionError> {
    for (account, amount) in accounts(effect.tenders) {
        let mut row = account_row(posting, account, rows)?;
        row.balance = row.balance.saturating_add(effect.sign.saturating_mul(amount.0));
        rows.put(row);
    }
    if depth == Depth::Till {
        return Ok(());
    }
    stock::lines(posting, effect.lines, -effect.sign, cause, rows)?;
    summarise(posting, effect, rows)?;
    total_day(posting, effect, rows)
}

fn summarise(posting: &Posting, effect: &Effect<'_>, rows: &mut Rows) -> Result<(), ProjectionError> {
    let (station, day) = (posting.origin.station.as_str(), day_of(posting));
    for line in effect.lines {
        let key = SalesSummary::key(station, day.as_str(), line.product.as_str());
        let mut row = rows.get::<SalesSummary>(&key)?.unwrap_or_else(|| SalesSummary {
            station: station.to_owned(),
            business_day: day.clone(),
            product_id: line.product.to_string(),
            quantity_milli: 0,
            amount: 0,
            line_count: 0,
        });
        row.quantity_milli =
            row.quantity_milli.saturating_add(effect.sign.saturating_mul(line.quantity.milli()));
        row.amount = row.amount.saturating_add(effect.sign.saturating_mul(line.amount.0));
        row.line_count = row.line_count.saturating_add(effect.sign);
        rows.put(row);
    }
    Ok(())
}

fn total_day(posting: &Posting, effect: &Effect<'_>, rows: &mut Rows) -> Result<(), ProjectionError> {
    let (station, day, terminal) = (posting.origin.station.as_str(), day_of(posting), terminal_of(posting));
    let key = DayTotal::key(station, day.as_str(), terminal);
    let mut row = rows.get::<DayTotal>(&key)?.unwrap_or_else(|| DayTotal {
        station: station.to_owned(),
        business_day: day.clone(),
        terminal,
        sale_count: 0,
        cancelled_count: 0,
        amount: 0,
        cash: 0,
        card: 0,
        account: 0,
    });
    if effect.sign > 0 {
        row.sale_count += 1;
    } else {
        row.cancelled_count += 1;
    }
    row.amount = row.amount.saturating_add(effect.sign.saturating_mul(effect.total.0));
    for tender in effect.tenders {
        let cell = match tender {
            Tender::Cash { .. } => &mut row.cash,
            Tender::Card { .. } => &mut row.card,
            Tender::Account { .. } => &mut row.account,
        };
        *cell = cell.saturating_add(effect.sign.saturating_mul(tender.amount().0));
    }
    rows.put(row);
    Ok(())
}

fn check_sums(sold: &Sold) -> Result<(), ProjectionError> {
    let lines: Money = sold.lines.iter().map(|line| line.amount).sum();
    let tenders: Money = sold.tenders.iter().map(Tender::amount).sum();
    if lines != sold.total || tenders != sold.total {
        return Err(ProjectionError::Rejected(format!(
            "sale {}: lines {}, tenders {} and total {} do not agree",
            sold.sale, lines.0, tenders.0, sold.total.0
        )));
    }
    if sold.lines.iter().any(|line| line.quantity.milli() <= 0 || line.amount.0 < 0) {
        return Err(ProjectionError::Rejected(format!("sale {}: a line is not positive", sold.sale)));
    }
    Ok(())
}

fn put_parts(sold: &Sold, rows: &mut Rows) {
    for (line_no, line) in (1i64..).zip(&sold.lines) {
        rows.put(SaleLine {
            sale_id: sold.sale.to_string(),
            line_no,
            product_id: line.product.to_string(),
            quantity_milli: line.quantity.milli(),
            unit: line.quantity.unit().as_str().to_owned(),
            unit_price: line.unit_price.0,
            amount: line.amount.0,
            tax: line.tax.as_str().to_owned(),
            price_version: i64::try_from(line.price_version.0).unwrap_or(i64::MAX),
        });
    }
    for (tender_no, tender) in (1i64..).zip(&sold.tenders) {
        let (approval, account_id) = match tender {
            Tender::Cash { .. } => (None, None),
            Tender::Card { approval, .. } => (Some(approval.clone()), None),
            Tender::Account { account, .. } => (None, Some(account.to_string())),
        };
        rows.put(SaleTender {
            sale_id: sold.sale.to_string(),
            tender_no,
            kind: tender.kind().to_owned(),
            amount: tender.amount().0,
            approval,
            account_id,
        });
    }
}

fn new_sale(posting: &Posting, sale: &SaleId) -> Sale {
    Sale {
        sale_id: sale.to_string(),
        station: posting.origin.station.to_string(),
        terminal: terminal_of(posting),
        seq: i64::try_from(posting.entry.key.seq.0).unwrap_or(i64::MAX),
        stream: posting.entry.key.stream.to_text(),
        business_day: day_of(posting),
        sold_at_ms: None,
        total: 0,
        vat: 0,
        account_id: None,
        cancelled_at_ms: None,
        cancel_reason: None,
    }
}

fn account_row(posting: &Posting, account: &AccountId, rows: &Rows) -> Result<Account, ProjectionError> {
    let station = posting.origin.station.as_str();
    let row = rows.get::<Account>(&Account::key(station, account.as_str()))?;
    Ok(row.unwrap_or_else(|| Account {
        station: station.to_owned(),
        account_id: account.to_string(),
        balance: 0,
        credit_limit: None,
        opened_at_ms: None,
    }))
}

fn accounts(tenders: &[Tender]) -> impl Iterator<Item = (&AccountId, Money)> {
    tenders.iter().filter_map(|tender| match tender {
        Tender::Account { amount, account } => Some((account, *amount)),
        Tender::Cash { .. } | Tender::Card { .. } => None,
    })
}

fn terminal_of(posting: &Posting) -> i64 {
    posting.origin.terminal.map_or(0, |no| i64::from(no.0))
}

const fn reason_text(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::Customer => "customer",
        CancelReason::Mistake => "mistake",
        CancelReason::Product => "product",
        CancelReason::Payment => "payment",
        CancelReason::Other => "other",
    }
}
