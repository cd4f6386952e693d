//! The receipt as plain text, 32 or 42 columns, in Korean or English.
//!
//! A Korean letter takes two columns, on the printer and on the screen.

mod columns;

use rusqlite::{Connection, OptionalExtension as _};
use sync_proto::decimal::format_milli;
use sync_proto::fact::Tender;
use sync_proto::tax::{TaxClass, vat_within};
use sync_proto::{Money, Origin, Quantity, SaleId};

use crate::cart::CartLine;
use crate::day::Calendar;
use crate::error::TillError;
use crate::recent;
use crate::settings::Language;
use crate::status;

pub use columns::{Paper, width};

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The station's name, and its address if it has one.
    pub station: (String, String),
    /// Number of the till.
    pub terminal: i64,
    /// The receipt number.
    pub sale: SaleId,
    /// When it was sold, milliseconds since 1970 UTC.
    pub sold_at_ms: i64,
    /// When it was cancelled.
    pub cancelled_at_ms: Option<i64>,
    /// What was sold.
    pub lines: Vec<CartLine>,
    /// How it was paid.
    pub tenders: Vec<Tender>,
    /// Cash handed over.
    pub cash_received: Money,
}

/// Reads what the receipt of a sale says.
///
/// # Errors
/// This till has no such sale.
pub fn read(connection: &Connection, me: &Origin, sale: &SaleId) -> Result<Receipt, TillError> {
    let row = recent::sale(connection, sale)?;
    let cash_received: Option<i64> = connection
        .prepare_cached("SELECT received FROM cash_received WHERE sale_id = $1")?
        .query_row([sale.as_str()], |row| row.get(0))
        .optional()?;
    Ok(Receipt {
        station: status::station(connection, &me.station)?,
        terminal: me.terminal.map_or(0, |no| i64::from(no.0)),
        sale: sale.clone(),
        sold_at_ms: row.sold_at_ms,
        cancelled_at_ms: row.cancelled_at_ms,
        lines: recent::lines(connection, sale)?,
        tenders: recent::tenders(connection, sale)?,
        cash_received: Money(cash_received.unwrap_or(0)),
    })
}

/// The receipt's text, lines ended by `\n`.
pub fn text(receipt: &Receipt, paper: Paper, language: Language, calendar: &Calendar) -> String {
    let words = Words::of(language);
    let mut page = columns::Page::new(paper);
    head(&mut page, receipt, words, calendar);
    page.rule();
    for each in &receipt.lines {
        let name = if language == Language::Korean { &each.name_ko } else { &each.name_en };
        let mark = if each.line.tax == TaxClass::Taxed { "" } else { "*" };
        page.wrapped(&format!("{name}{mark}"));
        let counted = format!("  {} x {}", counted(each.line.quantity), grouped(each.line.unit_price));
        page.pair(&counted, &grouped(each.line.amount));
    }
    page.rule();
    sums(&mut page, receipt, words);
    page.rule();
    payments(&mut page, receipt, words);
    if let Some(at_ms) = receipt.cancelled_at_ms {
        page.rule();
        page.centred(words.cancelled);
        page.centred(&calendar.date_and_time(at_ms));
    }
    page.into_text()
}

fn head(page: &mut columns::Page, receipt: &Receipt, words: &Words, calendar: &Calendar) {
    page.centred(&receipt.station.0);
    if !receipt.station.1.is_empty() && receipt.station.1 != receipt.station.0 {
        page.centred(&receipt.station.1);
    }
    page.rule();
    page.pair(words.receipt, receipt.sale.as_str());
    let terminal = format!("{} {}", words.terminal, receipt.terminal);
    page.pair(&calendar.date_and_time(receipt.sold_at_ms), &terminal);
}

fn sums(page: &mut columns::Page, receipt: &Receipt, words: &Words) {
    let of = |class| -> Money {
        let lines = receipt.lines.iter().filter(|each| each.line.tax == class);
        lines.map(|each| each.line.amount).sum()
    };
    let taxed = of(TaxClass::Taxed);
    let untaxed = of(TaxClass::Exempt).plus(of(TaxClass::TaxFree));
    let vat = vat_within(TaxClass::Taxed, taxed);
    page.pair(words.total, &grouped(taxed.plus(untaxed)));
    if taxed != Money::ZERO {
        page.pair(words.net, &grouped(taxed.minus(vat)));
        page.pair(words.vat, &grouped(vat));
    }
    if untaxed != Money::ZERO {
        page.pair(words.untaxed, &grouped(untaxed));
    }
}

fn payments(page: &mut columns::Page, receipt: &Receipt, words: &Words) {
    let mut cash = Money::ZERO;
    for tender in &receipt.tenders {
        match tender {
            Tender::Cash { amount } => {
                cash = cash.plus(*amount);
                page.pair(words.cash, &grouped(*amount));
            }
            Tender::Card { amount, approval } => {
                page.pair(words.card, &grouped(*amount));
                page.pair(&format!("  {}", words.approval), approval);
            }
            Tender::Account { amount, account } => {
                page.pair(words.account, &grouped(*amount));
                page.pair(&format!("  {}", words.account_no), account.as_str());
            }
        }
    }
    if receipt.cash_received > Money::ZERO {
        page.pair(words.received, &grouped(receipt.cash_received));
        page.pair(words.change, &grouped(receipt.cash_received.minus(cash)));
    }
}

/// `20.5 L` or `3`.
fn counted(quantity: Quantity) -> String {
    match quantity {
        Quantity::Volume(volume) => {
            format!("{}.{:03} L", volume.0.div_euclid(1000), volume.0.rem_euclid(1000))
        }
        Quantity::Pieces(_) => format_milli(quantity.milli()),
    }
}

/// `33,400`.
fn grouped(amount: Money) -> String {
    let digits = amount.0.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if amount.0 < 0 {
        text.push('-');
    }
    for (place, digit) in (1..=digits.len()).rev().zip(digits.chars()) {
        text.push(digit);
        if place > 1 && place % 3 == 1 {
            text.push(',');
        }
    }
    text
}

struct Words {
    receipt: &'static str,
    terminal: &'static str,
    total: &'static str,
    net: &'static str,
    vat: &'static str,
    untaxed: &'static str,
    cash: &'static str,
    card: &'static str,
    approval: &'static str,
    account: &'static str,
    account_no: &'static str,
    received: &'static str,
    change: &'static str,
    cancelled: &'static str,
}

impl Words {
    const fn of(language: Language) -> &'static Self {
        match language {
            Language::Korean => &KOREAN,
            Language::English => &ENGLISH,
        }
    }
}

const KOREAN: Words = Words {
    receipt: "영수증",
    terminal: "단말",
    total: "합계",
    net: "과세물품가액",
    vat: "부가세",
    untaxed: "면세물품가액*",
    cash: "현금",
    card: "카드",
    approval: "승인번호",
    account: "외상",
    account_no: "외상계정",
    received: "받은 금액",
    change: "거스름돈",
    cancelled: "** 판매취소 **",
};

const ENGLISH: Words = Words {
    receipt: "Receipt",
    terminal: "Till",
    total: "Total",
    net: "Taxable amount",
    vat: "VAT",
    untaxed: "Tax-exempt amount*",
    cash: "Cash",
    card: "Card",
    approval: "Approval no.",
    account: "On account",
    account_no: "Account",
    received: "Received",
    change: "Change",
    cancelled: "** CANCELLED **",
};

#[cfg(test)]
mod tests;
