//! The station's ledger: stock, sales, deliveries, orders and accounts, as projections of journals.
//!
//! The agent and HQ run this same code on the same entries, so their books agree by construction; a till
//! runs the part about its own sales. Every change is a sum or a row of its own, so that entries of
//! different devices may arrive in any order (R16).

mod deliveries;
mod orders;
mod sales;
mod stock;
pub mod tables;

use crate::fact::{Fact, FeedScope};
use crate::project::{LiveTable, Posting, Projection, ProjectionError};
use crate::rows::{RowKey, Rows, Table as _};

pub use tables::{
    Account, DayTotal, Delivery, FeedReport, OrderLink, Sale, SaleLine, SaleTender, SalesSummary,
    StationOrder, Stock, StockFlow, Subject,
};

/// How much of the ledger a program keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// A till: its own sales, accounts and names, nothing that other tills change.
    Till,
    /// A station's agent, and HQ for every station.
    Station,
}

/// The projection.
#[derive(Debug, Clone, Copy)]
pub struct Ledger {
    depth: Depth,
}

impl Ledger {
    /// A ledger of the given depth.
    pub const fn new(depth: Depth) -> Self {
        Self { depth }
    }
}

impl Projection for Ledger {
    fn wants(&self, posting: &Posting, rows: &Rows) -> Vec<RowKey> {
        match &posting.envelope.fact {
            Fact::Sold(sold) => sales::wants(self.depth, posting, &sold.sale, &sold.lines, &sold.tenders),
            Fact::SaleCancelled(c) => sales::wants(self.depth, posting, &c.sale, &c.lines, &c.tenders),
            Fact::AccountOpened(opened) => sales::wants_account(posting, &opened.account),
            Fact::AccountPaid(paid) => sales::wants_account(posting, &paid.account),
            _ if self.depth == Depth::Till => Vec::new(),
            Fact::StockMoved(moved) => stock::wants(posting, [&moved.product]),
            Fact::Received(received) => {
                let mut keys = stock::wants(posting, [&received.product]);
                keys.push(deliveries::key(&posting.origin.station, &received.order));
                keys.extend(orders::wants(&posting.envelope.fact, &posting.origin.station, rows));
                keys
            }
            Fact::Shipped(shipped) => {
                let mut keys = vec![deliveries::key(&shipped.station, &shipped.order)];
                keys.extend(orders::wants(&posting.envelope.fact, &shipped.station, rows));
                keys
            }
            fact => orders::wants(fact, orders::station_of(fact).unwrap_or(&posting.origin.station), rows),
        }
    }

    fn project(&self, posting: &Posting, rows: &mut Rows) -> Result<(), ProjectionError> {
        match &posting.envelope.fact {
            Fact::Sold(sold) => sales::sold(self.depth, posting, sold, rows),
            Fact::SaleCancelled(cancelled) => sales::cancelled(self.depth, posting, cancelled, rows),
            Fact::AccountOpened(opened) => sales::account_opened(posting, opened, rows),
            Fact::AccountPaid(paid) => sales::account_paid(posting, paid, rows),
            Fact::SubjectNamed(named) => {
                rows.put(Subject { subject_id: named.account.to_string(), name: named.name.clone() });
                Ok(())
            }
            _ if self.depth == Depth::Till => Ok(()),
            Fact::StockMoved(moved) => stock::moved(posting, moved, rows),
            Fact::Received(received) => {
                stock::received(posting, received, rows)?;
                deliveries::received(posting, received, rows)?;
                orders::apply(&posting.envelope, &posting.origin.station, rows)
            }
            Fact::Shipped(shipped) => {
                deliveries::shipped(posting, shipped, rows)?;
                orders::apply(&posting.envelope, &shipped.station, rows)
            }
            Fact::FeedApplied(applied) => {
                rows.put(FeedReport {
                    station: posting.origin.station.to_string(),
                    device: posting.origin.device.to_hex(),
                    scope: applied.scope.to_text(),
                    role: posting.origin.role.as_str().to_owned(),
                    terminal: posting.origin.terminal.map(|no| i64::from(no.0)),
                    writer: applied.writer.to_hex(),
                    version: i64::try_from(applied.version.0).unwrap_or(i64::MAX),
                    at_ms: posting.envelope.at.wall_ms,
                });
                Ok(())
            }
            fact => orders::apply(
                &posting.envelope,
                orders::station_of(fact).unwrap_or(&posting.origin.station),
                rows,
            ),
        }
    }

    /// Names alone: a name that its station erased must go from a till that was away, too (R39). An account's
    /// balance is moved by sales as well, and what was ordered and shipped exists whatever a feed says.
    fn live(&self, scope: &FeedScope) -> Vec<LiveTable> {
        match scope {
            FeedScope::Local(_) => vec![LiveTable { table: Subject::SPEC, holds: |_, _| true }],
            FeedScope::Chain | FeedScope::Station(_) => Vec::new(),
        }
    }

    fn withdrawn(&self, scope: &FeedScope, key: &str) -> Vec<RowKey> {
        match (scope, key.split_once('/')) {
            (FeedScope::Local(_), Some(("subject", account))) => vec![Subject::key(account)],
            _ => Vec::new(),
        }
    }
}

/// Business day of a posting as a row's cell; facts without one go under the empty day.
fn day_of(posting: &Posting) -> String {
    posting.envelope.business_day.as_ref().map(ToString::to_string).unwrap_or_default()
}
