//! What the bridge and the local API say. Types of the UI are generated from these:
//! `UPDATE_BINDINGS=1 cargo test -p pos-desktop bindings` writes them.

use pos_core::accounts;
use pos_core::cart;
use pos_core::day::rfc3339;
use pos_core::menu;
use pos_core::recent;
use pos_core::sale::Payment;
use pos_core::settings::{Language, Theme};
use pos_core::status::Reach;
use pos_core::{Moment, TillError};
use serde::{Deserialize, Serialize};
use sync_proto::tax::TaxClass;
use sync_proto::{AccountId, Money, Unit};
use ts_rs::TS;

mod setup;

pub use setup::{Enrolled, SetupState, StartTrouble};

/// What the status bar shows.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TillStatus {
    station_code: String,
    station_name: String,
    terminal: u16,
    business_day: String,
    now: String,
    #[ts(type = "\"ko\" | \"en\"")]
    language: &'static str,
    #[ts(type = "\"light\" | \"dark\" | \"system\"")]
    theme: &'static str,
    #[ts(type = "number")]
    pending_count: i64,
    pending_oldest_at: Option<String>,
    #[ts(type = "\"up\" | \"down\"")]
    agent_link: &'static str,
    agent_last_ack_at: Option<String>,
    hq_last_ack_at: Option<String>,
    clock_doubt: bool,
}

/// A product that can be sold.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MenuProduct {
    product_id: String,
    name_ko: String,
    name_en: String,
    #[ts(type = "\"fuel\" | \"goods\"")]
    kind: &'static str,
    #[ts(type = "\"L\" | \"ea\"")]
    unit: &'static str,
    #[ts(type = "number")]
    price: i64,
    #[ts(type = "number")]
    price_version: u64,
    #[ts(type = "number | null")]
    next_price: Option<i64>,
    next_price_at: Option<String>,
    barcode: Option<String>,
    #[ts(type = "\"taxed\" | \"exempt\" | \"taxFree\"")]
    tax_class: &'static str,
}

/// A line of the cart or of a sale.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CartLine {
    #[ts(type = "number")]
    line_no: i64,
    product_id: String,
    name_ko: String,
    name_en: String,
    #[ts(type = "\"fuel\" | \"goods\"")]
    kind: &'static str,
    #[ts(type = "\"L\" | \"ea\"")]
    unit: &'static str,
    #[ts(type = "number")]
    quantity_milli: i64,
    #[ts(type = "number")]
    unit_price: i64,
    #[ts(type = "number")]
    amount: i64,
}

/// The open cart.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Cart {
    lines: Vec<CartLine>,
    #[ts(type = "number")]
    total: i64,
    #[ts(type = "number")]
    vat: i64,
    account_id: Option<String>,
    account_name: Option<String>,
}

/// What a line is entered by.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", tag = "by", deny_unknown_fields)]
pub enum LineEntry {
    /// Thousandths of a litre or piece.
    Quantity {
        /// How many.
        milli: i64,
    },
    /// A preset amount of fuel.
    Amount {
        /// Won.
        won: i64,
    },
}

/// A payment.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum Tender {
    /// 현금.
    Cash {
        /// Handed over, won.
        #[ts(type = "number")]
        received: i64,
    },
    /// 카드.
    Card {
        /// Won.
        #[ts(type = "number")]
        amount: i64,
        /// From the card terminal.
        approval_no: String,
    },
    /// 외상.
    Account {
        /// Won.
        #[ts(type = "number")]
        amount: i64,
        /// Whom to charge.
        account_id: String,
    },
}

/// A sale that is recorded.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CompletedSale {
    sale_id: String,
    receipt_no: String,
    #[ts(type = "number")]
    total: i64,
    #[ts(type = "number")]
    received: i64,
    #[ts(type = "number")]
    change: i64,
    receipt_text: String,
}

/// A sale in the list of the last ones.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SaleRow {
    sale_id: String,
    receipt_no: String,
    at: String,
    summary_ko: String,
    summary_en: String,
    #[ts(type = "number")]
    total: i64,
    tenders: Vec<String>,
    cancelled: bool,
    till_at: String,
    station_at: Option<String>,
    hq_at: Option<String>,
}

/// A sale in full.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SaleDetail {
    row: SaleRow,
    lines: Vec<CartLine>,
    receipt_text: String,
}

/// A credit account.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    account_id: String,
    account_name: String,
    #[ts(type = "number")]
    balance: i64,
    #[ts(type = "number | null")]
    credit_limit: Option<i64>,
}

/// A refusal: the UI explains `code` in its language.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(rename = "TillError")]
pub struct Refusal {
    code: String,
    message: String,
    detail: Option<String>,
}

impl Refusal {
    /// Under a code, in words.
    pub fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned(), detail: None }
    }
}

/// What the status of a till is made of.
pub(crate) struct StatusParts {
    pub(crate) till: crate::till::Till,
    pub(crate) now: Moment,
    pub(crate) reach: Reach,
    pub(crate) station_name: String,
    pub(crate) language: Language,
    pub(crate) theme: Theme,
}

impl From<StatusParts> for TillStatus {
    fn from(parts: StatusParts) -> Self {
        let StatusParts { till, now, reach, station_name, language, theme } = parts;
        let (agent, hq) = (till.agent().now(), till.hq().now());
        let at_ms = now.stamp.corrected_ms();
        Self {
            station_code: till.me().station.to_string(),
            station_name,
            terminal: till.me().terminal.map_or(0, |no| no.0),
            business_day: till.calendar().business_day(at_ms).map(String::from).unwrap_or_default(),
            now: rfc3339(at_ms),
            language: language.as_str(),
            theme: theme.as_str(),
            pending_count: reach.pending_count,
            pending_oldest_at: reach.pending_oldest_ms.map(rfc3339),
            agent_link: if agent.up { "up" } else { "down" },
            agent_last_ack_at: agent.last_ack_at_ms.max(reach.agent_ack_ms).map(rfc3339),
            hq_last_ack_at: hq.last_ack_at_ms.max(reach.hq_ack_ms).map(rfc3339),
            clock_doubt: till.clock_in_doubt(),
        }
    }
}

impl From<menu::MenuProduct> for MenuProduct {
    fn from(product: menu::MenuProduct) -> Self {
        Self {
            product_id: product.product.to_string(),
            name_ko: product.name_ko,
            name_en: product.name_en,
            kind: product.kind.as_str(),
            unit: Unit::as_str(product.unit),
            price: product.price.0,
            price_version: product.price_version.0,
            next_price: product.next.map(|(price, _)| price.0),
            next_price_at: product.next.map(|(_, at_ms)| rfc3339(at_ms)),
            barcode: product.barcode,
            tax_class: TaxClass::as_str(product.tax),
        }
    }
}

impl From<cart::CartLine> for CartLine {
    fn from(each: cart::CartLine) -> Self {
        Self {
            line_no: each.line_no,
            product_id: each.line.product.to_string(),
            name_ko: each.name_ko,
            name_en: each.name_en,
            kind: each.kind.as_str(),
            unit: each.line.quantity.unit().as_str(),
            quantity_milli: each.line.quantity.milli(),
            unit_price: each.line.unit_price.0,
            amount: each.line.amount.0,
        }
    }
}

impl From<cart::Cart> for Cart {
    fn from(cart: cart::Cart) -> Self {
        Self {
            total: cart.total().0,
            vat: cart.vat().0,
            lines: cart.lines.into_iter().map(CartLine::from).collect(),
            account_name: cart.account_name.or_else(|| cart.account.as_ref().map(ToString::to_string)),
            account_id: cart.account.map(String::from),
        }
    }
}

impl From<LineEntry> for cart::LineEntry {
    fn from(entry: LineEntry) -> Self {
        match entry {
            LineEntry::Quantity { milli } => Self::Quantity { milli },
            LineEntry::Amount { won } => Self::Amount { won: Money(won) },
        }
    }
}

impl TryFrom<Tender> for Payment {
    type Error = TillError;

    fn try_from(tender: Tender) -> Result<Self, TillError> {
        Ok(match tender {
            Tender::Cash { received } => Self::Cash { received: Money(received) },
            Tender::Card { amount, approval_no } => {
                Self::Card { amount: Money(amount), approval: approval_no }
            }
            Tender::Account { amount, account_id } => Self::Account {
                amount: Money(amount),
                account: AccountId::new(account_id.as_str())
                    .map_err(|_| TillError::UnknownAccount(account_id))?,
            },
        })
    }
}

impl CompletedSale {
    /// The sale with its receipt.
    pub(crate) fn new(done: &pos_core::sale::CompletedSale, receipt_text: String) -> Self {
        Self {
            sale_id: done.sale.to_string(),
            receipt_no: done.sale.to_string(),
            total: done.total.0,
            received: done.received.0,
            change: done.change.0,
            receipt_text,
        }
    }
}

impl SaleDetail {
    /// The sale with its lines and receipt.
    pub(crate) fn new(row: recent::SaleRow, lines: Vec<cart::CartLine>, receipt_text: String) -> Self {
        Self { row: row.into(), lines: lines.into_iter().map(CartLine::from).collect(), receipt_text }
    }
}

impl From<recent::SaleRow> for SaleRow {
    fn from(row: recent::SaleRow) -> Self {
        Self {
            sale_id: row.sale.to_string(),
            receipt_no: row.sale.to_string(),
            at: rfc3339(row.sold_at_ms),
            summary_ko: row.summary_ko,
            summary_en: row.summary_en,
            total: row.total.0,
            tenders: row.tenders,
            cancelled: row.cancelled_at_ms.is_some(),
            till_at: rfc3339(row.till_at_ms),
            station_at: row.station_at_ms.map(rfc3339),
            hq_at: row.hq_at_ms.map(rfc3339),
        }
    }
}

impl From<accounts::Account> for Account {
    fn from(account: accounts::Account) -> Self {
        Self {
            account_name: account.name.unwrap_or_else(|| account.account.to_string()),
            account_id: account.account.to_string(),
            balance: account.balance.0,
            credit_limit: account.limit.map(|limit| limit.0),
        }
    }
}

impl From<TillError> for Refusal {
    fn from(why: TillError) -> Self {
        let code = why.code();
        if matches!(code, "storage_full" | "storage_failed") {
            tracing::error!(%why, "the till's database failed");
        }
        Self { code: code.to_owned(), message: why.to_string(), detail: None }
    }
}

#[cfg(test)]
mod tests;
