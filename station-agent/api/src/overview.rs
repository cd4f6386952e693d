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
    /// Sums over `sales`, and over what is set aside.
    pub sales_total: SalesTotal,
    /// Hours with sales, ascending; hours without are left out.
    pub by_hour: Vec<HourSales>,
    /// Entries of any day that are set aside and wait.
    pub quarantined: u64,
    /// What is known of the agent's database and feeds that somebody should see, newest first.
    #[serde(default)]
    pub alarms: Vec<Alarm>,
}

/// What an [`Alarm`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// The database was restored, cloned or moved: its journal began a new life.
    NewLife,
    /// A damaged database was set aside.
    Salvaged,
    /// The nightly check found trouble.
    CheckFailed,
    /// The nightly check found nothing; no alarm, but when it was last sure.
    CheckPassed,
    /// A feed differed from head office's and was taken anew.
    FeedDiffered,
    /// A kind of a newer daemon; never sent.
    #[serde(other)]
    Unrecognised,
}

/// Something that happened to the agent's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// What.
    pub kind: AlarmKind,
    /// When.
    pub at: String,
    /// As the program put it, in English; may be empty.
    pub detail: String,
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
    /// Of those, what the till said it holds and the agent has not got.
    #[serde(default)]
    pub on_till: u64,
    /// When the oldest that the agent holds was written.
    #[serde(default)]
    pub pending_oldest_at: Option<String>,
    /// Since when it is silent: what it sold since then is not in these figures. None while it calls, or when it never did.
    #[serde(default)]
    pub stale_since: Option<String>,
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
    /// Won, VAT included; `aside_amount` is in it.
    pub amount: i64,
    /// Sales of today that are set aside and counted; not in `count`.
    pub aside_count: u64,
    /// Their money, won: taken, and in no product's or hour's sum.
    pub aside_amount: i64,
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
