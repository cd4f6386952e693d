//! The question whether to revoke a device, and why.

use iced::alignment::{Horizontal, Vertical};
use iced::widget::{button, column, container, row, rule, space as filler, text_input};
use iced::{Length, Padding};
use station_api::{ClientError, Device};

use super::{Event, Message, REASON, name, short};
use crate::fault::Trouble;
use crate::format;
use crate::screen::Shown;
use crate::theme::{Ink, Press, Tone, space};
use crate::widget::{Element, body, figure, headline, keycap, notice, strong};

/// What is asked, and how far the asking is.
#[derive(Debug, Clone)]
pub(super) struct Dialog {
    device: Device,
    reason: String,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Typing,
    Sending,
    Failed(Trouble),
}

/// The agent takes no more characters.
const REASON_LENGTH_MAX: usize = 200;

impl Dialog {
    pub(super) fn open(device: Device) -> Self {
        Self { device, reason: String::new(), phase: Phase::Typing }
    }

    pub(super) fn is_sending(&self) -> bool {
        self.phase == Phase::Sending
    }

    pub(super) fn is_of(&self, device_id: &str) -> bool {
        self.device.device_id == device_id
    }

    pub(super) fn typed(&mut self, reason: &str) {
        if !self.is_sending() {
            self.reason = reason.chars().take(REASON_LENGTH_MAX).collect();
            self.phase = Phase::Typing;
        }
    }

    pub(super) fn revoke(&mut self) -> Option<Event> {
        let reason = self.reason.trim().to_owned();
        if reason.is_empty() || self.is_sending() {
            return None;
        }
        self.phase = Phase::Sending;
        Some(Event::Revoke { device_id: self.device.device_id.clone(), reason })
    }

    pub(super) fn failed(&mut self, error: &ClientError) {
        self.phase = Phase::Failed(Trouble::of(error));
    }

    pub(super) fn view<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let fact = |key, value: String| {
            row![body(shown.text(key)).class(Ink::Muted), filler::horizontal(), figure(value).strong()]
        };
        let device = name(shown, self.device.kind, self.device.terminal);
        let failure = match &self.phase {
            Phase::Failed(trouble) => Some(notice(Tone::Bad, trouble.of_write(shown.language))),
            Phase::Typing | Phase::Sending => None,
        };
        column![
            headline(shown.text("devices.revoke_title")),
            fact("devices.device", format!("{device} \u{b7} {}", short(&self.device.device_id))),
            fact("devices.enrolled_at", format::date_time(&self.device.enrolled_at)),
            rule::horizontal(1),
            consequences(shown),
            strong(shown.text("devices.reason")),
            self.field(shown),
        ]
        .push(failure)
        .push(self.buttons(shown))
        .spacing(space::M)
        .into()
    }

    fn field<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        text_input(shown.text("devices.reason_hint"), &self.reason)
            .id(REASON)
            .padding(space::M)
            .on_input_maybe((!self.is_sending()).then_some(Message::TypedReason))
            .on_submit(Message::Revoke)
            .into()
    }

    fn buttons<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let is_sending = self.is_sending();
        let word = if is_sending { "devices.revoking" } else { "devices.revoke_submit" };
        let can = !self.reason.trim().is_empty() && !is_sending;
        let revoke = button(strong(shown.text(word)))
            .padding(Padding::from([space::S, space::L]))
            .class(Press::Danger)
            .on_press_maybe(can.then_some(Message::Revoke));
        let back = row![body(shown.text("app.back")), keycap("Esc")].spacing(space::S);
        let back = button(back.align_y(Vertical::Center))
            .padding(Padding::from([space::S, space::L]))
            .class(Press::Outlined)
            .on_press_maybe((!is_sending).then_some(Message::Close));
        let line = row![back, filler::horizontal(), revoke].align_y(Vertical::Center).width(Length::Fill);
        container(line).padding(Padding::ZERO.top(space::S)).align_x(Horizontal::Left).into()
    }
}

fn consequences<'a>(shown: Shown<'a>) -> Element<'a, Message> {
    let point = |key| {
        let words = body(shown.text(key)).width(Length::Fill);
        row![body("\u{2022}").class(Ink::Muted), words].spacing(space::S)
    };
    column![point("devices.revoke_cut"), point("devices.revoke_unsent"), point("devices.revoke_final")]
        .spacing(space::S)
        .into()
}
