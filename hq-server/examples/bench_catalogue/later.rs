//! What comes after the first fill: new prices, a row that went wrong, a station that was away for too long.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use sync::store::Commit;
use sync::{Clock, Node, SqliteStore, Store as _};
use sync_proto::catalogue::Price;
use sync_proto::rows::{RowChange, Table as _};

use crate::fill::{Figures, note, note_ms};
use crate::office::{Office, Running};
use crate::shop::{Member, head_of};
use crate::wire::Wire;

const PRICES: u32 = 100;
const WON: u64 = 123_456;
/// A row that nobody published.
const WRONG_WON: i64 = 1;
const DAY_MS: i64 = 24 * 3_600_000;

/// A hundred prices, one request of an integration each, from the first request until the till has the last.
pub async fn hundred_prices(
    figures: &mut Figures,
    office: &Office,
    till: &Member,
    [above, below]: [&Wire; 2],
) -> Result<()> {
    let before = (above.lens().1, below.lens().1);
    let begun = Instant::now();
    office.change_prices(PRICES, WON).await?;
    let asked = Instant::now();
    note_ms(figures, "prices_100_published_ms", begun.elapsed());
    let head = head_of(&office.database())?;
    note_ms(figures, "prices_100_till_after_last_ms", till.reaches(head, asked).await?);
    note(figures, "prices_100_down_agent_bytes", above.lens().1 - before.0);
    note(figures, "prices_100_down_till_bytes", below.lens().1 - before.1);
    Ok(())
}

/// A row of the till that is not what was published: from the start of its drivers until it is right again.
pub async fn wrong_row(figures: &mut Figures, till: &mut Member, addr: SocketAddr) -> Result<()> {
    till.stop();
    let tamper = |node: &mut Node<SqliteStore>| -> Result<()> {
        let found = node.store().scan(Price::SPEC, None, 1)?;
        let (key, cells) = found.into_iter().next().context("a price")?;
        let mut row = Price::from_parts(&key.key, &cells)?;
        row.price = WRONG_WON;
        let change = RowChange { key, cells: Some(row.into_cells()) };
        Ok(node.store().commit(&Commit { rows: vec![change], ..Commit::default() })?)
    };
    till.writer.run(tamper).await??;
    let begun = Instant::now();
    till.pull_https(addr)?;
    let right = |node: &mut Node<SqliteStore>| {
        let found = node.store().scan(Price::SPEC, None, 1)?;
        let (key, cells) = found.into_iter().next().context("a price")?;
        Ok(Price::from_parts(&key.key, &cells)?.price != WRONG_WON)
    };
    note_ms(figures, "wrong_row_healed_ms", till.until(begun, right).await?);
    Ok(())
}

/// The agent was away while a hundred prices changed, and for longer than head office keeps what went: it gets everything
/// that is live, once more.
pub async fn old_cursor(
    figures: &mut Figures,
    office: &Office,
    running: Running,
    agent: &mut Member,
) -> Result<()> {
    agent.stop();
    office.change_prices(PRICES, WON + 1).await?;
    let head = head_of(&office.database())?;
    running.kill()?;
    let later_ms = Clock::system().wall_ms() + 91 * DAY_MS;
    let kept = office.node()?.keep_feeds(later_ms)?;
    ensure!(kept.horizons > 0 && kept.mended == 0, "{kept:?}");
    let running = office.start()?;
    let wire = Wire::to(office.mqtt_addr.clone(), u64::MAX).await?;
    let begun = Instant::now();
    agent.pull_mqtt(wire.addr.to_string())?;
    note_ms(figures, "old_cursor_agent_ms", agent.reaches(head, begun).await?);
    note(figures, "old_cursor_down_agent_bytes", wire.lens().1);
    running.kill()
}
