//! Entries set aside: what happened to each, why, what now; its money; and trying it again.

use std::sync::Arc;

use iced::alignment::Vertical;
use iced::widget::{button, column, container, row};
use iced::{Length, Padding};
use station_api::{AsideCause, AsideState, ClientError, QuarantineEntry, QuarantineRow, Replayed};

use super::{Shown, blank};
use crate::fault::{Fault, Trouble};
use crate::format;
use crate::theme::{Ink, Press, Tone, space};
use crate::widget::{
    Column, Element, Icon, body, caption, card, chip, empty, figure, line, modal, notice, page, table,
};

mod dialog;

/// What can happen here.
#[derive(Debug, Clone)]
pub enum Message {
    /// Look at this entry.
    Look { key: String },
    /// The agent's answer to that.
    Looked { key: String, result: Result<Box<QuarantineEntry>, Arc<ClientError>> },
    /// Try the entry that the dialog shows again.
    Replay,
    /// The agent's answer to that.
    Replayed { key: String, result: Result<Box<QuarantineEntry>, Arc<ClientError>> },
    /// Try everything again that waits.
    ReplayAll,
    /// The agent's answer to that.
    ReplayedAll(Result<Replayed, Arc<ClientError>>),
    /// Close the dialog.
    Close,
}

/// What the screen asks of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Ask the agent for this entry.
    Look { key: String },
    /// Ask the agent to try it again.
    Replay { key: String },
    /// Ask the agent to try all again.
    ReplayAll,
    /// The agent has tried: what is shown is old.
    Tried,
}

/// What is remembered.
#[derive(Debug, Clone, Default)]
pub struct State {
    dialog: Option<dialog::Dialog>,
    all: All,
}

/// How far trying all again is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum All {
    #[default]
    Still,
    Sending,
    Done(Replayed),
    Failed(Trouble),
}

impl State {
    /// Takes in what happened.
    pub fn update(&mut self, message: Message, rows: &[QuarantineRow]) -> Option<Event> {
        match message {
            Message::Look { key } => {
                let row = rows.iter().find(|row| row.key == key)?.clone();
                self.dialog = Some(dialog::Dialog::open(row));
                Some(Event::Look { key })
            }
            Message::Looked { key, result } => {
                self.dialog_of(&key)?.looked(result);
                None
            }
            Message::Replay => self.dialog.as_mut()?.replay(),
            Message::Replayed { key, result } => {
                if let Some(dialog) = self.dialog_of(&key) {
                    dialog.replayed(result);
                }
                Some(Event::Tried)
            }
            Message::ReplayAll => {
                if self.all == All::Sending {
                    return None;
                }
                self.all = All::Sending;
                Some(Event::ReplayAll)
            }
            Message::ReplayedAll(result) => {
                self.all = match result {
                    Ok(done) => All::Done(done),
                    Err(error) => All::Failed(Trouble::of(&error)),
                };
                Some(Event::Tried)
            }
            Message::Close => {
                self.dialog = self.dialog.take().filter(dialog::Dialog::is_sending);
                None
            }
        }
    }

    fn dialog_of(&mut self, key: &str) -> Option<&mut dialog::Dialog> {
        self.dialog.as_mut().filter(|dialog| dialog.is_of(key))
    }

    /// The page, under its dialog when that is open.
    pub fn view<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let is_open = |row: &&QuarantineRow| row.state == AsideState::Open;
        let (open, done): (Vec<_>, Vec<_>) = shown.station.quarantine.iter().partition(is_open);
        let mut content = column![].push(self.outcome(shown)).push(open_card(shown, &open));
        if !done.is_empty() {
            content = content.push(done_card(shown, &done));
        }
        let content = content.spacing(space::M).height(Length::Fill);
        let page = page(shown.text("nav.quarantine"), self.all_again(shown, open.is_empty()), content);
        match &self.dialog {
            Some(dialog) => modal(page, dialog.view(shown), Message::Close),
            None => page,
        }
    }

    fn all_again<'a>(&'a self, shown: Shown<'a>, nothing_waits: bool) -> Element<'a, Message> {
        let is_sending = self.all == All::Sending;
        let word = if is_sending { "quarantine.trying" } else { "quarantine.try_all" };
        button(body(shown.text(word)))
            .padding(Padding::from([space::S, space::L]))
            .class(Press::Primary)
            .on_press_maybe((!is_sending && !nothing_waits).then_some(Message::ReplayAll))
            .into()
    }

    fn outcome<'a>(&'a self, shown: Shown<'a>) -> Option<Element<'a, Message>> {
        match &self.all {
            All::Still | All::Sending => None,
            All::Failed(trouble) => Some(notice(Tone::Bad, trouble.of_write(shown.language))),
            All::Done(done) => {
                let count = |n: u64| format::grouped_unsigned(n);
                let what = shown.language.fill("quarantine.all_what", &[("n", &count(done.replayed))]);
                let why = shown.language.fill("quarantine.all_why", &[("n", &count(done.still_aside))]);
                let tone = if done.still_aside == 0 { Tone::Good } else { Tone::Info };
                Some(notice(tone, Fault { what, why, now: String::new() }))
            }
        }
    }
}

fn open_card<'a>(shown: Shown<'a>, rows: &[&'a QuarantineRow]) -> Element<'a, Message> {
    if rows.is_empty() {
        let [what, why, now] = ["quarantine.empty_what", "quarantine.empty_why", "quarantine.empty_now"]
            .map(|key| shown.text(key));
        let content = empty(Icon::Check, what, why, now);
        return card(shown.text("quarantine.open_title"), None, shown.stale(), content)
            .height(Length::FillPortion(5))
            .into();
    }
    let columns = [
        Column::text(shown.text("quarantine.entry"), 8),
        Column::text(shown.text("devices.device"), 2),
        Column::text(shown.text("quarantine.why"), 8),
        Column::number(shown.text("quarantine.since"), 3),
        Column::number(shown.text("field.amount"), 4),
        Column::text(shown.text("quarantine.state"), 4),
        Column::number("", 3),
    ];
    let content = table(&columns, rows.iter().map(|row| open_row(shown, row)));
    let count = chip(Tone::Warn, None, format::grouped(i64::try_from(rows.len()).unwrap_or(i64::MAX)));
    card(shown.text("quarantine.open_title"), Some(in_total(shown, count)), shown.stale(), content)
        .height(Length::FillPortion(5))
        .into()
}

/// What of it is in today's sales, beside the count.
fn in_total<'a>(shown: Shown<'a>, count: Element<'a, Message>) -> Element<'a, Message> {
    let total = shown.station.overview.as_ref().map(|overview| &overview.sales_total);
    let words = total.filter(|total| total.aside_count > 0).map(|total| {
        let (n, amount) = (format::grouped_unsigned(total.aside_count), format::won(total.aside_amount));
        caption(shown.language.fill("quarantine.in_total", &[("n", &n), ("amount", &amount)]))
            .class(Ink::Muted)
    });
    row![].push(words).push(count).spacing(space::S).align_y(Vertical::Center).into()
}

fn open_row<'a>(shown: Shown<'a>, row: &'a QuarantineRow) -> Vec<Element<'a, Message>> {
    let waits = row.cause == AsideCause::Unknown;
    let state = if waits {
        chip(shown.tone(Tone::Info), Some(Icon::Clock), shown.text("quarantine.state_waiting"))
    } else {
        chip(shown.tone(Tone::Warn), Some(Icon::Alert), shown.text("quarantine.state_open"))
    };
    vec![
        name_cell(shown, row),
        figure(device(shown, row)).into(),
        line(why(shown, row.cause)).into(),
        figure(shown.ago(Some(&row.arrived_at))).into(),
        amount(row),
        state,
        look(shown, row),
    ]
}

fn done_card<'a>(shown: Shown<'a>, rows: &[&'a QuarantineRow]) -> Element<'a, Message> {
    let columns = [
        Column::text(shown.text("quarantine.entry"), 8),
        Column::text(shown.text("devices.device"), 2),
        Column::text(shown.text("quarantine.outcome"), 8),
        Column::text(shown.text("quarantine.closed_at"), 5),
        Column::number(shown.text("field.amount"), 4),
        Column::number("", 3),
    ];
    let rows = rows.iter().map(|row| {
        let outcome = match row.state {
            AsideState::Replayed => {
                chip(Tone::Good, Some(Icon::Check), shown.text("quarantine.state_replayed"))
            }
            AsideState::Settled | AsideState::Open => settled(shown, row),
        };
        let at = row.closed_at.as_deref().map_or_else(blank, |at| figure(format::date_time(at)).into());
        vec![
            name_cell(shown, row),
            figure(device(shown, row)).into(),
            outcome,
            at,
            amount(row),
            look(shown, row),
        ]
    });
    card(shown.text("quarantine.done_title"), None, shown.stale(), table(&columns, rows))
        .height(Length::FillPortion(3))
        .into()
}

fn settled<'a>(shown: Shown<'a>, row: &'a QuarantineRow) -> Element<'a, Message> {
    let word = if row.counted { "quarantine.settled_counted" } else { "quarantine.settled_left_out" };
    let why = row.settled_why.as_deref().map(|why| line(why).class(Ink::Muted));
    row![chip(Tone::Neutral, None, shown.text(word))]
        .push(why)
        .spacing(space::S)
        .align_y(Vertical::Center)
        .into()
}

fn look<'a>(shown: Shown<'a>, row: &'a QuarantineRow) -> Element<'a, Message> {
    button(caption(shown.text("quarantine.look")))
        .padding(Padding::from([4.0, space::M]))
        .class(Press::Outlined)
        .on_press(Message::Look { key: row.key.clone() })
        .into()
}

/// The receipt's number, or what it is.
fn name_cell<'a>(shown: Shown<'a>, row: &'a QuarantineRow) -> Element<'a, Message> {
    match &row.receipt {
        Some(receipt) => line(receipt).strong().into(),
        None => line(kind(shown, row)).strong().into(),
    }
}

/// What it says it is.
fn kind<'a>(shown: Shown<'a>, row: &'a QuarantineRow) -> &'a str {
    match row.kind.as_str() {
        "" => shown.text("quarantine.kind_unread"),
        "Sold" => shown.text("quarantine.kind_sold"),
        "SaleCancelled" => shown.text("quarantine.kind_cancelled"),
        other => other,
    }
}

/// `POS 2`, or the beginning of the device's id.
fn device(shown: Shown<'_>, row: &QuarantineRow) -> String {
    match row.terminal {
        Some(number) => shown.language.fill("stock.terminal_name", &[("n", &number.to_string())]),
        None => row.device.chars().take(ID_SHOWN).collect(),
    }
}

/// Enough of an id to tell two devices of a station apart.
const ID_SHOWN: usize = 8;

/// Its money, faint when no total counts it.
fn amount<'a>(row: &'a QuarantineRow) -> Element<'a, Message> {
    match row.amount {
        None => blank(),
        Some(won) if row.counted => figure(format::won(won)).strong().into(),
        Some(won) => container(figure(format::won(won)).class(Ink::Faint)).into(),
    }
}

/// Why it stepped aside, in a sentence.
fn why(shown: Shown<'_>, cause: AsideCause) -> &'static str {
    shown.text(match cause {
        AsideCause::Unknown => "quarantine.why_unknown",
        AsideCause::Unreadable => "quarantine.why_unreadable",
        AsideCause::Rejected => "quarantine.why_rejected",
        AsideCause::Forbidden => "quarantine.why_forbidden",
        AsideCause::Failed => "quarantine.why_failed",
        AsideCause::Fork => "quarantine.why_fork",
        AsideCause::Unrecognised => "quarantine.why_unrecognised",
    })
}

/// What somebody at the station does about it.
fn now(shown: Shown<'_>, row: &QuarantineRow) -> &'static str {
    shown.text(match (row.state, row.cause) {
        (AsideState::Replayed, _) => "quarantine.now_replayed",
        (AsideState::Settled, _) => "quarantine.now_settled",
        (AsideState::Open, AsideCause::Unknown | AsideCause::Unrecognised) => "quarantine.now_unknown",
        (AsideState::Open, AsideCause::Unreadable) => "quarantine.now_unreadable",
        (AsideState::Open, AsideCause::Rejected) => "quarantine.now_rejected",
        (AsideState::Open, AsideCause::Forbidden) => "quarantine.now_forbidden",
        (AsideState::Open, AsideCause::Failed) => "quarantine.now_failed",
        (AsideState::Open, AsideCause::Fork) => "quarantine.now_fork",
    })
}
