//! Selling: one commit, then the receipt.

use std::collections::BTreeMap;

use sync::Draft;
use sync::node::Beside;
use sync_proto::card::holds_card;
use sync_proto::fact::{Fact, Line, Sold, Tender};
use sync_proto::ids::mint_sale_id;
use sync_proto::rows::RowChange;
use sync_proto::{AccountId, Money, ProductId, SaleId, TerminalNo};

use crate::accounts;
use crate::cart::{self, LINE_AMOUNT_MAX, LineEntry, put};
use crate::day::{Calendar, Moment};
use crate::error::TillError;
use crate::idempotency::Request;
use crate::menu::{self, PricePoint};
use crate::store::TillNode;
use crate::tables::{CashReceived, ReceiptCounter};

/// Ways to pay one sale; nobody splits into more.
pub const TENDERS_MAX: usize = 10;

/// Longest approval number; Korean card terminals give eight digits. Too short for a card number, on purpose:
/// card data never enters (reliability, "Security").
pub const APPROVAL_LEN_MAX: usize = 12;

/// A payment as it is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payment {
    /// 현금: what the customer handed over; what is too much is change.
    Cash {
        /// Won.
        received: Money,
    },
    /// 카드.
    Card {
        /// Won.
        amount: Money,
        /// Approval number from the card terminal.
        approval: String,
    },
    /// 외상.
    Account {
        /// Won.
        amount: Money,
        /// Whom to charge.
        account: AccountId,
    },
}

/// How a total is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Adds up to the total exactly.
    pub tenders: Vec<Tender>,
    /// Cash handed over; zero when none was.
    pub cash_received: Money,
    /// Everything offered, cash as handed over.
    pub received: Money,
    /// Cash to give back.
    pub change: Money,
}

/// A sale that is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedSale {
    /// The receipt number, which is the sale's id.
    pub sale: SaleId,
    /// Sum of the lines.
    pub total: Money,
    /// Everything offered.
    pub received: Money,
    /// Cash to give back.
    pub change: Money,
}

/// A sale to be recorded.
struct Checkout<'a> {
    lines: Vec<Line>,
    settlement: Settlement,
    /// Rows of the till's own that become durable with it.
    beside: Vec<RowChange>,
    /// The request that asked for it, if it may be repeated.
    request: Option<&'a Request>,
}

/// Decides how `payments` pay `total`: card and account in full, cash the rest, with change.
///
/// # Errors
/// A payment is absurd, or they do not fit the total.
pub fn settle(total: Money, payments: &[Payment]) -> Result<Settlement, TillError> {
    if payments.len() > TENDERS_MAX {
        return Err(TillError::BadRequest(format!(
            "a sale is paid in at most {TENDERS_MAX} parts; put some together"
        )));
    }
    let mut tenders = Vec::with_capacity(payments.len());
    let mut cash = Money::ZERO;
    for payment in payments {
        match payment {
            Payment::Cash { received } => cash = cash.plus(checked(*received)?),
            Payment::Card { amount, approval } => tenders
                .push(Tender::Card { amount: checked(*amount)?, approval: checked_approval(approval)? }),
            Payment::Account { amount, account } => {
                tenders.push(Tender::Account { amount: checked(*amount)?, account: account.clone() });
            }
        }
    }
    let other: Money = tenders.iter().map(Tender::amount).sum();
    if other > total {
        return Err(TillError::TenderOver(other.minus(total)));
    }
    let due = total.minus(other);
    if cash < due {
        return Err(TillError::TenderShort(due.minus(cash)));
    }
    if due > Money::ZERO {
        tenders.insert(0, Tender::Cash { amount: due });
    }
    Ok(Settlement { tenders, cash_received: cash, received: other.plus(cash), change: cash.minus(due) })
}

fn checked(amount: Money) -> Result<Money, TillError> {
    if amount <= Money::ZERO || amount > LINE_AMOUNT_MAX {
        return Err(TillError::BadAmount(amount));
    }
    Ok(amount)
}

fn checked_approval(approval: &str) -> Result<String, TillError> {
    let approval = approval.trim();
    if holds_card(approval) {
        return Err(TillError::CardNumberRefused);
    }
    let fits = (1..=APPROVAL_LEN_MAX).contains(&approval.len())
        && approval.bytes().all(|letter| letter.is_ascii_alphanumeric());
    if fits { Ok(approval.to_owned()) } else { Err(TillError::BadApprovalNumber) }
}

/// Sells the open cart and empties it, in one commit.
///
/// # Errors
/// The cart is empty or the payments do not fit; the cart is then as before.
pub fn complete_sale(
    node: &mut TillNode,
    calendar: &Calendar,
    now: &Moment,
    payments: &[Payment],
) -> Result<CompletedSale, TillError> {
    let cart = cart::cart_of(node)?;
    if cart.lines.is_empty() {
        return Err(TillError::EmptyCart);
    }
    let settlement = settle(cart.total(), payments)?;
    let beside = cart::emptied(&cart);
    let lines = cart.lines.into_iter().map(|each| each.line).collect();
    record(node, calendar, now, Checkout { lines, settlement, beside, request: None })
}

/// A sale of one product, as integrations ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuickSale {
    /// What.
    pub product: ProductId,
    /// Thousandths of a litre or piece.
    pub milli: i64,
    /// Whom to charge; cash when nobody.
    pub account: Option<AccountId>,
}

/// Sells one product beside the open cart. The same `request` again gives the same sale and records nothing.
///
/// # Errors
/// The product, quantity or account is refused.
pub fn sell_one(
    node: &mut TillNode,
    calendar: &Calendar,
    now: &Moment,
    sale: &QuickSale,
    request: Option<&Request>,
) -> Result<SaleId, TillError> {
    if let Some(done) = request.map(|each| each.done(node)).transpose()?.flatten() {
        return Ok(done);
    }
    let station = node.me().station.clone();
    let point = PricePoint { station: &station, at_ms: now.price_at_ms };
    let product = menu::product(node.store().connection(), point, &sale.product)?;
    let line = cart::line_of(&product, LineEntry::Quantity { milli: sale.milli })?;
    let total = line.amount;
    let payment = sale
        .account
        .clone()
        .map_or(Payment::Cash { received: total }, |account| Payment::Account { amount: total, account });
    // What costs nothing needs no payment.
    let payments = if total == Money::ZERO { Vec::new() } else { vec![payment] };
    let settlement = settle(total, &payments)?;
    let checkout = Checkout { lines: vec![line], settlement, beside: Vec::new(), request };
    record(node, calendar, now, checkout).map(|done| done.sale)
}

/// The next receipt number and the counter row that goes with it (R6). Taken for good only by the commit
/// that carries the row, so that numbers have no gaps.
fn next_number(node: &mut TillNode) -> Result<(SaleId, RowChange), TillError> {
    let life = node.own_stream().incarnation;
    let key = ReceiptCounter::key(life.to_hex());
    let last = node.get::<ReceiptCounter>(&key)?.map_or(0, |row| row.last);
    let next = last.saturating_add(1);
    let terminal = node.me().terminal.unwrap_or(TerminalNo(0));
    let counter = u64::try_from(next).unwrap_or(u64::MAX);
    let sale = mint_sale_id(&node.me().station, terminal, &life, counter).map_err(TillError::storage)?;
    Ok((sale, put(ReceiptCounter { incarnation: life.to_hex(), last: next })))
}

fn record(
    node: &mut TillNode,
    calendar: &Calendar,
    now: &Moment,
    checkout: Checkout<'_>,
) -> Result<CompletedSale, TillError> {
    let Checkout { lines, settlement, mut beside, request } = checkout;
    check_credit(node, &settlement.tenders)?;
    let (sale, counter) = next_number(node)?;
    if let Some(request) = request {
        beside.extend(request.rows(node, &sale, now)?);
    }
    let total: Money = lines.iter().map(|line| line.amount).sum();
    let sold =
        Sold { sale: sale.clone(), vat: cart::vat_of(&lines), lines, tenders: settlement.tenders, total };
    beside.push(counter);
    if settlement.cash_received > Money::ZERO {
        let received = settlement.cash_received.0;
        beside.push(put(CashReceived { sale_id: sale.to_string(), received }));
    }
    let day = calendar.business_day(now.stamp.corrected_ms());
    let beside = Beside { rows: beside, cursors: Vec::new() };
    node.record(now.stamp, day.as_ref(), &[Draft::new(Fact::Sold(sold))], beside)?;
    Ok(CompletedSale { sale, total, received: settlement.received, change: settlement.change })
}

fn check_credit(node: &mut TillNode, tenders: &[Tender]) -> Result<(), TillError> {
    let mut charges: BTreeMap<&AccountId, Money> = BTreeMap::new();
    for tender in tenders {
        if let Tender::Account { amount, account } = tender {
            let charge = charges.entry(account).or_default();
            *charge = charge.plus(*amount);
        }
    }
    let station = node.me().station.clone();
    for (account, amount) in charges {
        accounts::check_credit(node.store().connection(), &station, account, amount)?;
    }
    Ok(())
}
