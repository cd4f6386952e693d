//! The question whether to revoke a device, and why.

use iced::alignment::{Horizontal, Vertical};
use iced::widget::{button, column, container, row, rule, space as filler, text_input};
use iced::{Length, Padding};
use station_api::{ClientError, Device, ErrorCode};

use super::{Event, Message, REASON, name, short};
use crate::fault::{Fault, Trouble};
use crate::format;
use crate::screen::Shown;
use crate::theme::{Ink, Press, Tone, size, space};
use crate::widget::{Element, Icon, body, figure, headline, icon, keycap, notice, strong};

/// What is asked, and how far the asking is.
#[derive(Debug, Clone)]
pub(super) struct Dialog {
    device: Device,
    reason: String,
    /// Go on although entries of the device have not reached head office.
    goes_on: bool,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Typing,
    Sending,
    Failed(Trouble),
    /// Revoked; what had not reached head office is in this file on the agent's computer.
    Exported(String),
}

/// The agent takes no more characters.
const REASON_LENGTH_MAX: usize = 200;

impl Dialog {
    pub(super) fn open(device: Device) -> Self {
        Self { device, reason: String::new(), goes_on: false, phase: Phase::Typing }
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

    /// Head office lacks entries of the device, or may: it is known, or the agent refused for it.
    fn has_pending(&self) -> bool {
        let refused =
            matches!(&self.phase, Phase::Failed(Trouble::Refused { code: ErrorCode::PendingEntries, .. }));
        refused || self.goes_on || self.device.pending > 0 || self.device.silent_since.is_some()
    }

    pub(super) fn go_on(&mut self) {
        if !self.is_sending() {
            self.goes_on = !self.goes_on;
        }
    }

    /// Stays open, to say where the entries went.
    pub(super) fn exported(&mut self, to: String) {
        self.phase = Phase::Exported(to);
    }

    pub(super) fn revoke(&mut self) -> Option<Event> {
        let reason = self.reason.trim().to_owned();
        if reason.is_empty() || self.is_sending() || matches!(self.phase, Phase::Exported(_)) {
            return None;
        }
        self.phase = Phase::Sending;
        let device_id = self.device.device_id.clone();
        Some(Event::Revoke { device_id, reason, override_pending: self.goes_on })
    }

    pub(super) fn failed(&mut self, error: &ClientError) {
        self.phase = Phase::Failed(Trouble::of(error));
    }

    pub(super) fn view<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let fact = |key, value: String| {
            row![body(shown.text(key)).class(Ink::Muted), filler::horizontal(), figure(value).strong()]
        };
        let device = name(shown, self.device.kind, self.device.terminal);
        let head = column![
            headline(shown.text("devices.revoke_title")),
            fact("devices.device", format!("{device} \u{b7} {}", short(&self.device.device_id))),
            fact("devices.enrolled_at", format::date_time(&self.device.enrolled_at)),
            rule::horizontal(1),
        ];
        if let Phase::Exported(file) = &self.phase {
            let said = Fault {
                what: shown.text("devices.exported_what").to_owned(),
                why: file.clone(),
                now: shown.text("devices.exported_now").to_owned(),
            };
            return head.push(notice(Tone::Good, said)).push(self.buttons(shown)).spacing(space::M).into();
        }
        let failure = match &self.phase {
            Phase::Failed(trouble) => Some(notice(Tone::Bad, trouble.of_write(shown.language))),
            Phase::Typing | Phase::Sending | Phase::Exported(_) => None,
        };
        head.push(consequences(shown))
            .push(self.has_pending().then(|| self.pending(shown)))
            .push(strong(shown.text("devices.reason")))
            .push(self.field(shown))
            .push(failure)
            .push(self.buttons(shown))
            .spacing(space::M)
            .into()
    }

    /// What would be given up, and the choice to go on all the same.
    fn pending<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let count = format::grouped_unsigned(self.device.pending);
        let why = self.device.silent_since.as_deref().map_or_else(
            || shown.text("devices.pending_why").to_owned(),
            |since| shown.language.fill("devices.silent_why", &[("time", &format::date_time(since))]),
        );
        let said = Fault {
            what: shown.language.fill("devices.pending_what", &[("n", &count)]),
            why,
            now: shown.text("devices.pending_now").to_owned(),
        };
        let mark = if self.goes_on { Icon::Check } else { Icon::Empty };
        let choice = row![icon(mark, size::BODY), body(shown.text("devices.go_on"))];
        let choice = button(choice.spacing(space::S).align_y(Vertical::Center))
            .padding(Padding::from([space::S, space::M]))
            .width(Length::Fill)
            .class(Press::Choice { chosen: self.goes_on })
            .on_press_maybe((!self.is_sending()).then_some(Message::GoOn));
        column![notice(Tone::Warn, said), choice].spacing(space::S).into()
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
        let revoke = (!matches!(self.phase, Phase::Exported(_))).then(|| {
            button(strong(shown.text(word)))
                .padding(Padding::from([space::S, space::L]))
                .class(Press::Danger)
                .on_press_maybe(can.then_some(Message::Revoke))
        });
        let back = row![body(shown.text("app.back")), keycap("Esc")].spacing(space::S);
        let back = button(back.align_y(Vertical::Center))
            .padding(Padding::from([space::S, space::L]))
            .class(Press::Outlined)
            .on_press_maybe((!is_sending).then_some(Message::Close));
        let line =
            row![back, filler::horizontal()].push(revoke).align_y(Vertical::Center).width(Length::Fill);
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
