//! One entry set aside, as it came, and trying it again.

use std::sync::Arc;

use iced::alignment::Vertical;
use iced::widget::{button, column, container, row, rule, scrollable, space as filler, text};
use iced::{Length, Padding};
use station_api::{AsideCause, AsideState, ClientError, QuarantineEntry, QuarantineRow};

use super::{Event, Message, device, kind, now, why};
use crate::fault::{Fault, Trouble};
use crate::format;
use crate::screen::Shown;
use crate::theme::{Ink, Press, Surface, Tone, space};
use crate::widget::{Element, body, caption, figure, headline, keycap, notice, strong};

/// What is shown, and how far the asking is.
#[derive(Debug, Clone)]
pub(super) struct Dialog {
    row: QuarantineRow,
    /// Its bytes, once the agent has sent them.
    payloads: Vec<String>,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Looking,
    Sending,
    /// Tried again; the row says what came of it.
    Tried,
    Failed(Trouble),
}

/// Characters of an entry that are laid out: enough for a sale of a hundred lines, and an entry may have a megabyte.
const SHOWN_CHARS_MAX: usize = 20_000;

const RAW_HEIGHT: u32 = 96;

impl Dialog {
    pub(super) fn open(row: QuarantineRow) -> Self {
        Self { row, payloads: Vec::new(), phase: Phase::Looking }
    }

    pub(super) fn is_sending(&self) -> bool {
        self.phase == Phase::Sending
    }

    pub(super) fn is_of(&self, key: &str) -> bool {
        self.row.key == key
    }

    pub(super) fn looked(&mut self, result: Result<Box<QuarantineEntry>, Arc<ClientError>>) {
        match result {
            Ok(entry) => self.take(*entry),
            Err(error) => self.phase = Phase::Failed(Trouble::of(&error)),
        }
    }

    pub(super) fn replay(&mut self) -> Option<Event> {
        if self.is_sending() || !self.can_be_tried() {
            return None;
        }
        self.phase = Phase::Sending;
        Some(Event::Replay { key: self.row.key.clone() })
    }

    pub(super) fn replayed(&mut self, result: Result<Box<QuarantineEntry>, Arc<ClientError>>) {
        match result {
            Ok(entry) => {
                self.take(*entry);
                self.phase = Phase::Tried;
            }
            Err(error) => self.phase = Phase::Failed(Trouble::of(&error)),
        }
    }

    fn take(&mut self, entry: QuarantineEntry) {
        self.row = entry.row;
        let cut = |text: String| text.chars().take(SHOWN_CHARS_MAX).collect();
        self.payloads = entry.payloads.into_iter().map(cut).collect();
    }

    fn can_be_tried(&self) -> bool {
        self.row.state == AsideState::Open && self.row.cause != AsideCause::Fork
    }

    pub(super) fn view<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let row = &self.row;
        let written = row.written_at.as_deref().unwrap_or(&row.arrived_at);
        let fact = |key, value: String| {
            row![body(shown.text(key)).class(Ink::Muted), filler::horizontal(), figure(value).strong()]
        };
        let money = row.amount.map(|won| {
            let counted = if row.counted { "quarantine.counted" } else { "quarantine.not_counted" };
            fact("field.amount", format!("{} \u{b7} {}", format::won(won), shown.text(counted)))
        });
        let receipt = row.receipt.as_ref().map(|receipt| fact("quarantine.receipt", receipt.clone()));
        let said = Fault {
            what: shown.text("quarantine.what").to_owned(),
            why: why(shown, row.cause).to_owned(),
            now: now(shown, row).to_owned(),
        };
        let tone = if row.state == AsideState::Open { Tone::Warn } else { Tone::Info };
        column![
            headline(shown.text("quarantine.title")),
            fact("quarantine.entry", kind(shown, row).to_owned()),
        ]
        .push(receipt)
        .push(money)
        .push(fact("quarantine.place", format!("{} \u{b7} {}", device(shown, row), format::grouped(row.seq))))
        .push(fact("quarantine.written_at", format::date_time(written)))
        .push(rule::horizontal(1))
        .push(notice(tone, said))
        .push(self.outcome(shown))
        .push(self.as_it_came(shown))
        .push(self.buttons(shown))
        .spacing(space::S)
        .into()
    }

    /// What trying again brought.
    fn outcome<'a>(&'a self, shown: Shown<'a>) -> Option<Element<'a, Message>> {
        let text = |key| shown.text(key).to_owned();
        match &self.phase {
            Phase::Looking | Phase::Sending => None,
            Phase::Failed(trouble) => Some(notice(Tone::Bad, trouble.of_write(shown.language))),
            Phase::Tried if self.row.state == AsideState::Replayed => {
                let said = Fault {
                    what: text("quarantine.tried_done"),
                    why: text("quarantine.now_replayed"),
                    now: String::new(),
                };
                Some(notice(Tone::Good, said))
            }
            Phase::Tried => {
                let said = Fault {
                    what: text("quarantine.tried_vain"),
                    why: self.row.reason.clone(),
                    now: String::new(),
                };
                Some(notice(Tone::Warn, said))
            }
        }
    }

    fn as_it_came<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let mut lines = column![].spacing(space::S).width(Length::Fill);
        for payload in &self.payloads {
            lines = lines.push(caption(payload.as_str()).class(Ink::Muted).wrapping(text::Wrapping::Glyph));
        }
        let reason = caption(self.row.reason.as_str()).class(Ink::Muted);
        let raw = scrollable(container(lines).padding(space::S)).height(RAW_HEIGHT).width(Length::Fill);
        column![
            strong(shown.text("quarantine.technical")),
            reason,
            strong(shown.text("quarantine.raw")),
            container(raw).class(Surface::Sunken)
        ]
        .spacing(space::XS)
        .into()
    }

    fn buttons<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let is_sending = self.is_sending();
        let word = if is_sending { "quarantine.trying" } else { "quarantine.try_again" };
        let again = self.can_be_tried().then(|| {
            button(strong(shown.text(word)))
                .padding(Padding::from([space::S, space::L]))
                .class(Press::Primary)
                .on_press_maybe((!is_sending).then_some(Message::Replay))
        });
        let back = row![body(shown.text("app.back")), keycap("Esc")].spacing(space::S);
        let back = button(back.align_y(Vertical::Center))
            .padding(Padding::from([space::S, space::L]))
            .class(Press::Outlined)
            .on_press_maybe((!is_sending).then_some(Message::Close));
        let line = row![back, filler::horizontal()].push(again).align_y(Vertical::Center).width(Length::Fill);
        container(line).padding(Padding::ZERO.top(space::S)).into()
    }
}
