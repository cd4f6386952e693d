//! What happened at the station, entry by entry, in words without personal data.

use rusqlite::{Connection, params};
use sync_proto::decimal::format_milli;
use sync_proto::fact::{AsideMoney, IssuedFor, PriceScope};
use sync_proto::{Decoded, DeviceId, Envelope, Fact, Quantity};

/// An entry in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalLine {
    /// Who wrote it.
    pub device: DeviceId,
    /// Its number, if it is a till.
    pub terminal: Option<u32>,
    /// Place in its journal.
    pub seq: u64,
    /// Name of the fact.
    pub type_name: String,
    /// When, by the device's clock, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// One line.
    pub summary: String,
}

/// The newest `limit` entries, newest first.
///
/// # Errors
/// The database does not answer.
pub fn newest(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<JournalLine>> {
    connection
        .prepare_cached(
            "SELECT s.device, s.terminal, e.seq, e.received_at_ms, e.bytes \
             FROM entries e JOIN streams s ON s.stream_id = e.stream_id ORDER BY e.pos DESC LIMIT $1",
        )?
        .query_map(params![limit], |row| {
            let stored_at_ms: i64 = row.get(3)?;
            let bytes: Vec<u8> = row.get(4)?;
            let (type_name, at_ms, summary) = in_words(&bytes, stored_at_ms);
            Ok(JournalLine {
                device: DeviceId(row.get(0)?),
                terminal: row.get(1)?,
                seq: row.get::<_, i64>(2)?.unsigned_abs(),
                type_name,
                at_ms,
                summary,
            })
        })?
        .collect()
}

fn in_words(bytes: &[u8], stored_at_ms: i64) -> (String, i64, String) {
    match Envelope::decode(bytes) {
        Ok(Decoded::Known(envelope)) => {
            (envelope.fact.type_name().to_owned(), envelope.at.wall_ms, summary(&envelope.fact))
        }
        Ok(Decoded::Unknown { type_name, version }) => {
            (type_name, stored_at_ms, format!("kept for a newer version of this program (schema {version})"))
        }
        Err(_) => (
            "unreadable".to_owned(),
            stored_at_ms,
            "stored as it came; it does not read as a fact".to_owned(),
        ),
    }
}

fn amount(quantity: Quantity) -> String {
    format!("{} {}", format_milli(quantity.milli()), quantity.unit().as_str())
}

fn summary(fact: &Fact) -> String {
    match fact {
        Fact::StreamOpened(opened) => format!("journal opened ({})", opened.why),
        Fact::FeedApplied(applied) => {
            format!("{} applied up to {}", applied.scope.to_text(), applied.version)
        }
        Fact::Sold(sold) => format!("{}: {} line(s), {} won", sold.sale, sold.lines.len(), sold.total.0),
        Fact::SaleCancelled(cancelled) => {
            format!("{} cancelled, {} won back", cancelled.sale, cancelled.total.0)
        }
        Fact::StockMoved(moved) => {
            format!("{} {} ({})", moved.product, amount(moved.quantity), moved.reason.as_str())
        }
        Fact::Received(received) => format!(
            "{}: {} of {} measured, {} shipped",
            received.order,
            amount(received.measured),
            received.product,
            amount(received.invoiced)
        ),
        Fact::AccountOpened(opened) => format!("account {} opened", opened.account),
        Fact::AccountPaid(paid) => format!("{} won paid on account {}", paid.amount.0, paid.account),
        Fact::OrderRequested(asked) => {
            format!("{}: {} of {}", asked.request, amount(asked.quantity), asked.product)
        }
        Fact::OrderCancelRequested(asked) => format!("{}: asked to be called off", asked.request),
        Fact::Ordered(ordered) => {
            format!("{}: {} of {}", ordered.order, amount(ordered.quantity), ordered.product)
        }
        Fact::OrderRefused(refused) => format!("{} refused ({})", refused.request, refused.code),
        Fact::OrderCancelled(cancelled) => format!("{} cancelled", cancelled.order),
        Fact::ShipmentPlanned(planned) => format!("{} planned for {}", planned.ship, planned.order),
        Fact::Shipped(shipped) => {
            format!("{}: {} of {}", shipped.ship, amount(shipped.quantity), shipped.product)
        }
        Fact::ProductChanged(product) => format!("product {}", product.product),
        Fact::PriceScheduled(price) => match &price.scope {
            PriceScope::Chain => format!("{}: {} won", price.product, price.price.0),
            PriceScope::Station(station) => format!("{}: {} won at {station}", price.product, price.price.0),
        },
        Fact::Withdrawn(withdrawn) => format!("{} withdrawn", withdrawn.key),
        Fact::StationAdded(station) => format!("station {}", station.station),
        Fact::CertificateIssued(issued) => format!(
            "device {} {} ({})",
            issued.device,
            match issued.why {
                IssuedFor::Enrolment => "enrolled",
                IssuedFor::Renewal => "renewed its certificate",
            },
            issued.role.as_str()
        ),
        Fact::DeviceRevoked(revoked) => format!("device {} revoked: {}", revoked.device, revoked.why),
        Fact::PendingOverridden(over) => {
            format!(
                "device {}: gone on with {} entries pending ({}): {}",
                over.device, over.pending, over.by, over.why
            )
        }
        Fact::QuarantineReplayed(replayed) => {
            format!("{} is in the books after all ({})", replayed.entry.to_text(), replayed.by)
        }
        Fact::QuarantineSettled(settled) => {
            let money = match settled.money {
                AsideMoney::Counted => "its money counts",
                AsideMoney::LeftOut => "its money is left out",
            };
            format!("{} stays set aside, {money}: {}", settled.entry.to_text(), settled.why)
        }
        Fact::SubjectNamed(named) => format!("holder of account {}", named.account),
    }
}
