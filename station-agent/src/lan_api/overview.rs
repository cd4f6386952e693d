//! `GET /api/v1/overview`.

use axum::Json;
use axum::extract::State;
use rusqlite::Connection;
use station_api::{
    Alarm, AlarmKind, HourSales, LinkState, Overview, SalesRow, SalesTotal, StockRow, TerminalState,
};
use sync::aside;
use sync_proto::{BusinessDay, StationCode};

use super::convert;
use crate::HQ;
use crate::calendar::{Calendar, rfc3339};
use crate::http::{Refusal, Shared};
use crate::ledger::{sales, stock};
use crate::standing::{self, TillNow};

pub(super) async fn show(State(station): State<Shared>) -> Result<Json<Overview>, Refusal> {
    let now = station.moment();
    let (pending_count, oldest_at_ms) = station.write(|node, _, _| Ok(node.pending(HQ)?)).await?;
    let calendar = station.calendar.clone();
    let day = now.day.clone();
    let mut overview =
        station.read(move |connection, code| Ok(books(connection, code, day.as_ref(), &calendar)?)).await?;
    overview.terminals = standing::tills(&station).await?.iter().map(terminal).collect();
    let feed_differed_at_ms = station.hq.board.now().feed_differed_at_ms;
    overview.alarms = station
        .read(move |connection, _| Ok(standing::alarms(connection, feed_differed_at_ms)?))
        .await?
        .into_iter()
        .map(alarm)
        .collect();
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

fn alarm(alarm: standing::Alarm) -> Alarm {
    Alarm {
        kind: match alarm.kind {
            standing::Kind::NewLife => AlarmKind::NewLife,
            standing::Kind::Salvaged => AlarmKind::Salvaged,
            standing::Kind::CheckFailed => AlarmKind::CheckFailed,
            standing::Kind::CheckPassed => AlarmKind::CheckPassed,
            standing::Kind::FeedDiffered => AlarmKind::FeedDiffered,
        },
        at: rfc3339(alarm.at_ms),
        detail: alarm.detail,
    }
}

fn terminal(till: &TillNow) -> TerminalState {
    TerminalState {
        terminal: till.terminal,
        last_seen_at: till.last_seen_at_ms.map(rfc3339),
        pending_at_hq: till.unsent.count(),
        on_till: till.unsent.on_device,
        pending_oldest_at: till.unsent.oldest_at_ms.map(rfc3339),
        stale_since: till.stale_since_ms.map(rfc3339),
        last_sale_at: till.last_sale_at_ms.map(rfc3339),
    }
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
        sales_total: SalesTotal { count: 0, cancelled_count: 0, amount: 0, aside_count: 0, aside_amount: 0 },
        by_hour: Vec::new(),
        alarms: Vec::new(),
        quarantined: convert::count(aside::totals(connection, Some(code.as_str()), None)?.open),
    };
    // A clock outside the calendar has no business day, and so no sales of one.
    let Some(day) = day else { return Ok(overview) };
    overview.sales = sales::by_product(connection, code, Some(day))?.into_iter().map(sales_row).collect();
    let total = sales::day_total(connection, code, day)?;
    // What is set aside was sold all the same: its money is in the drawer, and so in the day's total (R14).
    let aside = aside::totals(connection, Some(code.as_str()), Some(day.as_str()))?;
    overview.sales_total = SalesTotal {
        count: convert::count(total.sale_count.saturating_sub(total.cancelled_count)),
        cancelled_count: convert::count(total.cancelled_count),
        amount: total.amount.saturating_add(aside.counted_amount),
        aside_count: convert::count(aside.counted),
        aside_amount: aside.counted_amount,
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
