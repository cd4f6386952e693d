//! How the station stands: what head office lacks, each till, and what happened to the agent's data.

use iced::Length;
use iced::widget::{Column, column, row, scrollable, space as filler};
use station_api::{Alarm, AlarmKind, LinkState, Overview, TerminalState};

use super::{Shown, blank};
use crate::fault::Fault;
use crate::format;
use crate::theme::{Ink, Tone, space};
use crate::widget::{Column as Head, Element, Icon, body, card, chip, empty, figure, notice, page, table};

/// The page. It only shows: nothing can be pressed on it.
pub fn view<'a, Message: 'a>(shown: Shown<'a>, overview: &'a Overview) -> Element<'a, Message> {
    let content = column![
        link(shown, &overview.hq),
        terminals(shown, &overview.terminals),
        alarms(shown, &overview.alarms)
    ]
    .spacing(space::M)
    .height(Length::Fill);
    page(shown.text("nav.status"), filler(), content)
}

fn link<'a, Message: 'a>(shown: Shown<'a>, link: &'a LinkState) -> Element<'a, Message> {
    let state = if shown.station.stale_since().is_some() {
        chip(Tone::Neutral, None, shown.text("link.unknown"))
    } else if link.up {
        chip(Tone::Good, Some(Icon::Online), shown.text("link.up"))
    } else {
        chip(Tone::Warn, Some(Icon::Offline), shown.text("link.down"))
    };
    let fact = |key, value: String| -> Element<'a, Message> {
        column![body(shown.text(key)).class(Ink::Muted), figure(value).strong()]
            .spacing(2)
            .width(Length::FillPortion(1))
            .into()
    };
    let pending =
        shown.language.fill("stock.count_of", &[("n", &format::grouped_unsigned(link.pending_count))]);
    let oldest = match (link.pending_oldest_at.as_deref(), link.pending_count) {
        (_, 0) => shown.text("link.all_sent").to_owned(),
        (at, _) => shown.ago(at),
    };
    let facts = row![
        fact("link.pending", pending),
        fact("status.oldest", oldest),
        fact("status.last_ack", shown.ago(link.last_ack_at.as_deref())),
    ]
    .spacing(space::L);
    card(shown.text("status.hq_title"), Some(state), shown.stale(), facts).into()
}

fn terminals<'a, Message: 'a>(shown: Shown<'a>, terminals: &'a [TerminalState]) -> Element<'a, Message> {
    let content = if terminals.is_empty() {
        let [what, why, now] =
            ["stock.no_terminals_what", "stock.no_terminals_why", "stock.no_terminals_now"]
                .map(|key| shown.text(key));
        empty(Icon::Empty, what, why, now)
    } else {
        let columns = [
            Head::text(shown.text("stock.terminal"), 2),
            Head::text(shown.text("stock.terminal_state"), 6),
            Head::number(shown.text("stock.last_seen"), 3),
            Head::number(shown.text("link.pending_short"), 3),
            Head::number(shown.text("status.on_till"), 3),
            Head::number(shown.text("status.oldest"), 3),
        ];
        table(&columns, terminals.iter().map(|terminal| terminal_row(shown, terminal)))
    };
    card(shown.text("stock.terminals_title"), None, shown.stale(), content)
        .height(Length::FillPortion(3))
        .into()
}

fn terminal_row<'a, Message: 'a>(shown: Shown<'a>, terminal: &'a TerminalState) -> Vec<Element<'a, Message>> {
    let name = shown.language.fill("stock.terminal_name", &[("n", &terminal.terminal.to_string())]);
    let state = match (&terminal.stale_since, &terminal.last_seen_at) {
        (Some(since), _) => {
            let words = shown.language.fill("status.stale_since", &[("time", &format::date_time(since))]);
            chip(shown.tone(Tone::Warn), Some(Icon::Offline), words)
        }
        (None, Some(_)) => {
            chip(shown.tone(Tone::Good), Some(Icon::Online), shown.text("stock.terminal_here"))
        }
        (None, None) => chip(Tone::Neutral, None, shown.text("stock.terminal_never")),
    };
    // Of a silent till the figures are the least there is.
    let least = if terminal.stale_since.is_some() { "+" } else { "" };
    let count = |n: u64| figure(format!("{}{least}", format::grouped_unsigned(n))).into();
    let oldest = terminal.pending_oldest_at.as_deref();
    vec![
        figure(name).strong().into(),
        state,
        figure(shown.ago(terminal.last_seen_at.as_deref())).into(),
        count(terminal.pending_at_hq),
        count(terminal.on_till),
        oldest.map_or_else(blank, |at| figure(shown.ago(Some(at))).into()),
    ]
}

fn alarms<'a, Message: 'a>(shown: Shown<'a>, alarms: &'a [Alarm]) -> Element<'a, Message> {
    let content: Element<'a, Message> = if alarms.is_empty() {
        let [what, why, now] = ["status.no_alarms_what", "status.no_alarms_why", "status.no_alarms_now"]
            .map(|key| shown.text(key));
        empty(Icon::Check, what, why, now)
    } else {
        let notices = alarms.iter().map(|alarm| told(shown, alarm));
        scrollable(Column::with_children(notices).spacing(space::S)).height(Length::Fill).into()
    };
    card(shown.text("status.alarms_title"), None, shown.stale(), content)
        .height(Length::FillPortion(3))
        .into()
}

/// What happened and what to do, in whole sentences; then when, and what the program says.
fn told<'a, Message: 'a>(shown: Shown<'a>, alarm: &'a Alarm) -> Element<'a, Message> {
    let (tone, key) = match alarm.kind {
        AlarmKind::NewLife => (Tone::Warn, "status.new_life"),
        AlarmKind::Salvaged => (Tone::Bad, "status.salvaged"),
        AlarmKind::CheckFailed => (Tone::Bad, "status.check_failed"),
        AlarmKind::CheckPassed => (Tone::Good, "status.check_passed"),
        AlarmKind::FeedDiffered => (Tone::Info, "status.feed_differed"),
        AlarmKind::Unrecognised => (Tone::Warn, "status.unrecognised"),
    };
    let (what, at) = (shown.text(key).to_owned(), format::date_time(&alarm.at));
    let (why, now) = if alarm.detail.is_empty() { (at, String::new()) } else { (alarm.detail.clone(), at) };
    notice(tone, Fault { what, why, now })
}
