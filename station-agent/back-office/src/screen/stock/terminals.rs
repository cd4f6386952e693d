//! The tills of the station.

use iced::Length;
use station_api::{Overview, TerminalState};

use super::Message;
use crate::format;
use crate::screen::{Shown, blank};
use crate::theme::Tone;
use crate::widget::{Column, Element, Icon, card, chip, empty, figure, table};

pub(super) fn terminals<'a>(shown: Shown<'a>, overview: &'a Overview) -> Element<'a, Message> {
    let content = if overview.terminals.is_empty() {
        let [what, why, now] =
            ["stock.no_terminals_what", "stock.no_terminals_why", "stock.no_terminals_now"]
                .map(|key| shown.text(key));
        empty(Icon::Empty, what, why, now)
    } else {
        let columns = [
            Column::text(shown.text("stock.terminal"), 1).fixed(46),
            Column::text(shown.text("stock.terminal_state"), 2),
            Column::number(shown.text("stock.last_seen"), 1).fixed(76),
            Column::number(shown.text("stock.last_sale"), 1).fixed(66),
            Column::number(shown.text("link.pending_short"), 1).fixed(52),
        ];
        table(&columns, overview.terminals.iter().map(|terminal| terminal_row(shown, terminal)))
    };
    card(shown.text("stock.terminals_title"), None, shown.stale(), content)
        .height(Length::FillPortion(2))
        .into()
}

fn terminal_row<'a>(shown: Shown<'a>, terminal: &'a TerminalState) -> Vec<Element<'a, Message>> {
    let name = shown.language.fill("stock.terminal_name", &[("n", &terminal.terminal.to_string())]);
    let state = match terminal.last_seen_at.as_deref() {
        None => chip(Tone::Neutral, None, shown.text("stock.terminal_never")),
        Some(_) if terminal.stale_since.is_some() => {
            chip(shown.tone(Tone::Warn), Some(Icon::Offline), shown.text("stock.terminal_silent"))
        }
        Some(_) => chip(shown.tone(Tone::Good), Some(Icon::Online), shown.text("stock.terminal_here")),
    };
    let last_sale =
        terminal.last_sale_at.as_deref().map_or_else(blank, |at| figure(format::hour_minute(at)).into());
    vec![
        figure(name).strong().into(),
        state,
        figure(shown.ago(terminal.last_seen_at.as_deref())).into(),
        last_sale,
        pending(terminal),
    ]
}

/// What HQ lacks of it; of a silent till that is the least there is.
fn pending<'a>(terminal: &'a TerminalState) -> Element<'a, Message> {
    let count = format::grouped_unsigned(terminal.pending_at_hq);
    match &terminal.stale_since {
        Some(_) => figure(format!("{count}+")).strong().class(Tone::Warn).into(),
        None => figure(count).strong().into(),
    }
}
