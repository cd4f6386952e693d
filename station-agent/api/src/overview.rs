//! The station at one glance: stock, sales of the business day, terminals and the link to HQ.

use serde::{Deserialize, Serialize};

use crate::unit::{Kind, Unit};

/// Reply to `GET /api/v1/overview`. All sums are of `business_day`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// The chain's code of the station, e.g. `ST0001`.
    pub station_code: String,
    /// The name customers know, e.g. `SK Imme`.
    pub station_name: String,
    /// `YYYY-MM-DD`.
    pub business_day: String,
    /// The agent's clock when it answered.
    pub now: String,
    /// That clock disagrees with the time last agreed with HQ by over five minutes: prices stay as they were until it
    /// is set right, and sales go on.
    #[serde(default)]
    pub clock_doubt: bool,
    /// The link to HQ.
    pub hq: LinkState,
    /// One row for each enrolled terminal.
    pub terminals: Vec<TerminalState>,
    /// One row for each product of the catalogue, also when its stock is zero.
    pub stock: Vec<StockRow>,
    /// One row for each product sold today.
    pub sales: Vec<SalesRow>,
    /// Sums over `sales`.
    pub sales_total: SalesTotal,
    /// Hours with sales, ascending; hours without are left out.
    pub by_hour: Vec<HourSales>,
}

/// How far HQ has acknowledged this station's facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkState {
    /// Whether HQ is connected now.
    pub up: bool,
    /// When HQ last acknowledged something; none before the first time.
    pub last_ack_at: Option<String>,
    /// Facts stored here that HQ has not acknowledged.
    pub pending_count: u64,
    /// When the oldest of those was written; none when there is none.
    pub pending_oldest_at: Option<String>,
}

/// One till as the agent sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalState {
    /// Number of the till at this station, from 1.
    pub terminal: u32,
    /// When it last spoke to the agent; none when never.
    pub last_seen_at: Option<String>,
    /// Its facts that HQ has not acknowledged.
    pub pending_at_hq: u64,
    /// Its newest sale; none when it never sold.
    pub last_sale_at: Option<String>,
}

/// Book stock of one product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockRow {
    /// The chain's product code, e.g. `CD1001`.
    pub product_id: String,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// Fuel or goods.
    pub kind: Kind,
    /// Unit of the quantities in this row.
    pub unit: Unit,
    /// Book stock now; negative when more was sold than was ever received.
    pub on_hand_milli: i64,
    /// Net of cancellations.
    pub sold_today_milli: i64,
    /// Dispatched to this station and not yet confirmed.
    pub expected_milli: i64,
}

/// Sales of one product today, net of cancellations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesRow {
    /// The chain's product code.
    pub product_id: String,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// Unit of `quantity_milli`.
    pub unit: Unit,
    /// Quantity sold.
    pub quantity_milli: i64,
    /// Won, VAT included.
    pub amount: i64,
    /// Number of sale lines.
    pub count: u64,
}

/// Sales of the station today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesTotal {
    /// Sales that stand.
    pub count: u64,
    /// Sales that were cancelled; not in `count` nor in `amount`.
    pub cancelled_count: u64,
    /// Won, VAT included.
    pub amount: i64,
}

/// Sales within one hour of the station's day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourSales {
    /// 0 to 23, in the station's zone.
    pub hour: u8,
    /// Won, VAT included.
    pub amount: i64,
    /// Quantities of all products of that hour added up; a measure of activity, not of volume.
    pub quantity_milli: i64,
}
