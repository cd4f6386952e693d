//! `GET /api/v1/overview`.

use axum::Json;
use axum::extract::State;
use rusqlite::Connection;
use station_api::{HourSales, LinkState, Overview, SalesRow, SalesTotal, StockRow, TerminalState};
use sync_proto::{BusinessDay, StationCode};

use super::convert;
use crate::HQ;
use crate::calendar::{Calendar, rfc3339};
use crate::http::{Refusal, Shared};
use crate::ledger::{LedgerError, sales, stock, terminals};
use crate::station::Station;

pub(super) async fn show(State(station): State<Shared>) -> Result<Json<Overview>, Refusal> {
    let now = station.moment();
    let (pending_count, oldest_at_ms) = station.write(|node, _, _| Ok(node.pending(HQ)?)).await?;
    let calendar = station.calendar.clone();
    let day = now.day.clone();
    let mut overview =
        station.read(move |connection, code| Ok(books(connection, code, day.as_ref(), &calendar)?)).await?;
    overview.terminals = terminals_of(&station).await?;
    overview.station_name.clone_from(&station.name);
    overview.now = rfc3339(now.stamp.corrected_ms());
    overview.clock_doubt = station.clock.in_doubt();
    overview.hq = LinkState {
        up: *station.hq.up.borrow(),
        last_ack_at: station.hq.board.now().last_ack_at_ms.map(rfc3339),
        pending_count,
        pending_oldest_at: oldest_at_ms.map(rfc3339),
    };
    Ok(Json(overview))
}

/// The tills.
async fn terminals_of(station: &Station) -> Result<Vec<TerminalState>, LedgerError> {
    let rows = station.read(|connection, code| Ok(terminals::list(connection, code, HQ)?)).await?;
    Ok(rows
        .into_iter()
        .map(|row| TerminalState {
            terminal: row.terminal,
            // Since a restart a till may not have called yet: then its newest entry says when it did.
            last_seen_at: station.seen.newest(&row.devices).max(row.last_entry_at_ms).map(rfc3339),
            pending_at_hq: row.pending_at_hq,
            last_sale_at: row.last_sale_at_ms.map(rfc3339),
        })
        .collect())
}

fn books(
    connection: &Connection,
    code: &StationCode,
    day: Option<&BusinessDay>,
    calendar: &Calendar,
) -> rusqlite::Result<Overview> {
    let mut overview = Overview {
        station_code: code.to_string(),
        station_name: String::new(),
        business_day: day.map(ToString::to_string).unwrap_or_default(),
        now: String::new(),
        clock_doubt: false,
        hq: LinkState { up: false, last_ack_at: None, pending_count: 0, pending_oldest_at: None },
        terminals: Vec::new(),
        stock: stock_rows(connection, code, day)?,
        sales: Vec::new(),
        sales_total: SalesTotal { count: 0, cancelled_count: 0, amount: 0 },
        by_hour: Vec::new(),
    };
    // A clock outside the calendar has no business day, and so no sales of one.
    let Some(day) = day else { return Ok(overview) };
    overview.sales = sales::by_product(connection, code, Some(day))?.into_iter().map(sales_row).collect();
    let total = sales::day_total(connection, code, day)?;
    overview.sales_total = SalesTotal {
        count: convert::count(total.sale_count.saturating_sub(total.cancelled_count)),
        cancelled_count: convert::count(total.cancelled_count),
        amount: total.amount,
    };
    overview.by_hour = sales::by_hour(connection, code, day, calendar)?
        .into_iter()
        .map(|(hour, total)| HourSales { hour, amount: total.amount, quantity_milli: total.quantity_milli })
        .collect();
    Ok(overview)
}

fn stock_rows(
    connection: &Connection,
    code: &StationCode,
    day: Option<&BusinessDay>,
) -> rusqlite::Result<Vec<StockRow>> {
    let rows = stock::stock_now(connection, code, day.map_or("", BusinessDay::as_str))?;
    Ok(rows
        .into_iter()
        .map(|row| StockRow {
            kind: convert::kind(&row.kind),
            unit: convert::unit(&row.unit),
            product_id: row.product_id,
            name_ko: row.name_ko,
            name_en: row.name_en,
            on_hand_milli: row.on_hand_milli,
            sold_today_milli: row.sold_today_milli,
            expected_milli: row.expected_milli,
        })
        .collect())
}

fn sales_row(row: sales::ProductSales) -> SalesRow {
    SalesRow {
        unit: convert::unit(&row.unit),
        product_id: row.product_id,
        name_ko: row.name_ko,
        name_en: row.name_en,
        quantity_milli: row.quantity_milli,
        amount: row.amount,
        count: convert::count(row.line_count),
    }
}
