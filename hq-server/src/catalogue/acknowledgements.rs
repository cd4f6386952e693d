//! Who has applied a product and its prices, from the terminals' own `FeedApplied` facts (R24).

use rusqlite::{Connection, OptionalExtension as _};
use sync_proto::catalogue::{Price, Product};
use sync_proto::{Decoded, Envelope};

use super::list::prices_of;

/// A terminal as its latest stream and its reports show it.
#[derive(Debug, Clone)]
pub struct Terminal {
    station: String,
    station_name: String,
    number: i64,
    applied: Option<(i64, i64)>,
}

/// The terminals known to HQ: those of which entries have arrived.
#[derive(Debug)]
pub(super) struct Terminals(Vec<Terminal>);

impl Terminals {
    /// With what each applied of the chain's feed as written by `writer`.
    pub(super) fn read(connection: &Connection, writer: &str) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare_cached(
            "SELECT t.station, coalesce(n.name, t.station), t.terminal, r.version, r.at_ms \
             FROM streams t LEFT JOIN stations n ON n.station = t.station \
             LEFT JOIN feed_reports r ON r.station = t.station AND r.device = lower(hex(t.device)) \
               AND r.scope = 'chain' AND r.writer = $1 \
             WHERE t.role = 'terminal' \
               AND t.stream_id = (SELECT max(stream_id) FROM streams l WHERE l.device = t.device) \
             ORDER BY t.station, t.terminal",
        )?;
        let read = |row: &rusqlite::Row<'_>| {
            let (version, at_ms): (Option<i64>, Option<i64>) = (row.get(3)?, row.get(4)?);
            Ok(Terminal {
                station: row.get(0)?,
                station_name: row.get(1)?,
                number: row.get(2)?,
                applied: version.zip(at_ms),
            })
        };
        Ok(Self(statement.query_map([writer], read)?.collect::<Result<_, _>>()?))
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn applied(&self, needed: i64) -> usize {
        self.0.iter().filter(|t| t.applied.is_some_and(|(version, _)| version >= needed)).count()
    }
}

/// The chain feed's version that carries the product and its chain-wide prices as they are now.
pub(super) fn needed_version(product: &Product, prices: &[Price]) -> i64 {
    prices
        .iter()
        .filter(|price| price.scope.is_empty())
        .map(|price| price.version)
        .chain([product.version])
        .max()
        .unwrap_or(0)
}

/// Whether one terminal has the product and its prices as they are.
#[derive(Debug, Clone)]
pub struct Acknowledgement {
    /// Station's code.
    pub station: String,
    /// Station's name.
    pub station_name: String,
    /// The terminal's number.
    pub terminal: i64,
    /// Version of the chain's feed that it said it applied, and when it said so.
    pub applied: Option<(i64, i64)>,
    /// The version that it has to have.
    pub needed_version: i64,
    /// When that version was published; set for those who lack it.
    pub since_ms: Option<i64>,
}

/// Every terminal's state for a product; `None` when there is no such product.
pub fn acknowledgements(
    connection: &Connection,
    product_id: &str,
    writer: &str,
) -> rusqlite::Result<Option<Vec<Acknowledgement>>> {
    let Some(row) = super::list::find(connection, product_id, writer, 0)? else { return Ok(None) };
    let needed_version = needed_version(&row.product, &prices_of(connection, product_id)?);
    let published_at_ms = published_at_ms(connection, needed_version)?;
    let terminals = Terminals::read(connection, writer)?;
    let of = |terminal: Terminal| {
        let has = terminal.applied.is_some_and(|(version, _)| version >= needed_version);
        Acknowledgement {
            station: terminal.station,
            station_name: terminal.station_name,
            terminal: terminal.number,
            applied: terminal.applied,
            needed_version,
            since_ms: if has { None } else { published_at_ms },
        }
    };
    Ok(Some(terminals.0.into_iter().map(of).collect()))
}

/// When a version of the chain's feed was published, as its own envelope says.
fn published_at_ms(connection: &Connection, version: i64) -> rusqlite::Result<Option<i64>> {
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT bytes FROM feed_items WHERE scope = 'chain' AND version = $1")?
        .query_row([version], |row| row.get(0))
        .optional()?;
    Ok(bytes.and_then(|bytes| match Envelope::decode(&bytes) {
        Ok(Decoded::Known(envelope)) => Some(envelope.at.wall_ms),
        _ => None,
    }))
}
