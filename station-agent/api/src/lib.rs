//! The LAN API of a station: what the agent answers and how a client asks.
//!
//! The daemon serves these types, the back office reads them through [`Client`]; both take the paths from [`paths`],
//! so the two cannot drift apart.
//!
//! Units, everywhere in this crate: money is whole won (`i64`), VAT included; a quantity is in thousandths of its
//! unit (`*_milli`: millilitres, or thousandths of a piece); an instant is an RFC 3339 string in UTC; a business day is
//! `YYYY-MM-DD` in the station's zone.

mod client;
mod deliveries;
mod devices;
pub mod enrolment;
mod journal;
mod orders;
mod overview;
pub mod paths;
mod problem;
mod products;
mod quarantine;
mod unit;

pub use client::{Client, ClientError, IdempotencyKey, REPLY_BYTES_MAX, REQUEST_TIME_MAX, Refusal};
pub use deliveries::{ConfirmDelivery, Delivery, DeliveryState};
pub use devices::{
    Device, DeviceKind, EnrolmentCode, ImportedJournal, OpenCode, RevokeDevice, SetUp, SetupState,
};
pub use journal::JournalRow;
pub use orders::{OrderStatus, PlaceOrder, StationOrder};
pub use overview::{
    Alarm, AlarmKind, HourSales, LinkState, Overview, SalesRow, SalesTotal, StockRow, TerminalState,
};
pub use problem::{ErrorCode, PROBLEM_MEDIA_TYPE, Problem};
pub use products::Product;
pub use quarantine::{AsideCause, AsideState, QuarantineEntry, QuarantineRow, Replayed};
pub use unit::{Kind, QUANTITY_MILLI_MAX, Unit};
