//! The dialog that makes an enrolment code and shows it until it is used or over.

use std::sync::Arc;

use iced::alignment::{Horizontal, Vertical};
use iced::widget::{Column, Row, button, column, container, row, rule, space as filler, text_input};
use iced::{Length, Padding};
use station_api::{ClientError, Device, DeviceKind, EnrolmentCode};

use super::{Event, Message, NUMBER, name, short};
use crate::code;
use crate::fault::{Fault, Trouble};
use crate::format;
use crate::screen::Shown;
use crate::theme::{Field, Ink, Press, Surface, Tone, size, space};
use crate::widget::{Element, body, caption, figure, headline, keycap, notice, strong};

/// A code, before and after it is made.
#[derive(Debug, Clone)]
pub(super) struct Dialog {
    kind: DeviceKind,
    number: String,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Choosing,
    Sending,
    Failed(Trouble),
    Made(EnrolmentCode),
}

/// How a code stands.
enum Standing<'a> {
    Live {
        seconds: i64,
    },
    Expired,
    /// This device was enrolled since the code was made.
    Used(&'a Device),
}

/// A station has no more tills than this.
const TILL_MAX: u16 = 99;
/// How long the agent lets a code live, in seconds.
const CODE_LIFE_SECONDS: i64 = 15 * 60;
const GROUPS_IN_LINE: usize = 4;
/// Wide enough for four of the widest letters.
const GROUP_WIDTH: u32 = 100;

impl Dialog {
    /// For a till; the first number that no till has is proposed.
    pub(super) fn for_till(devices: &[Device]) -> Self {
        let is_free = |number: &u16| !devices.iter().any(|device| holds(device, *number));
        let number = (1..=TILL_MAX).find(is_free).map(|number| number.to_string()).unwrap_or_default();
        Self { kind: DeviceKind::Till, number, phase: Phase::Choosing }
    }

    /// For a back office; there is nothing to choose.
    pub(super) fn for_office() -> Self {
        Self { kind: DeviceKind::Office, number: String::new(), phase: Phase::Choosing }
    }

    pub(super) fn is_sending(&self) -> bool {
        self.phase == Phase::Sending
    }

    pub(super) fn typed(&mut self, number: String) {
        if matches!(self.phase, Phase::Choosing | Phase::Failed(_)) {
            self.number = number;
            self.phase = Phase::Choosing;
        }
    }

    /// Asks for a code, also when the one shown has expired.
    pub(super) fn make(&mut self) -> Option<Event> {
        let terminal = match self.kind {
            DeviceKind::Till => Some(self.read()?),
            DeviceKind::Office | DeviceKind::Agent => None,
        };
        if self.is_sending() {
            return None;
        }
        self.phase = Phase::Sending;
        Some(Event::MakeCode { kind: self.kind, terminal })
    }

    pub(super) fn made(&mut self, result: Result<EnrolmentCode, Arc<ClientError>>) {
        if self.is_sending() {
            self.phase = match result {
                Ok(code) => Phase::Made(code),
                Err(error) => Phase::Failed(Trouble::of(&error)),
            };
        }
    }

    fn read(&self) -> Option<u16> {
        self.number.trim().parse().ok().filter(|number| (1..=TILL_MAX).contains(number))
    }

    pub(super) fn view<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        match &self.phase {
            Phase::Made(code) => made_view(shown, code),
            Phase::Choosing | Phase::Sending | Phase::Failed(_) => self.choosing(shown),
        }
    }

    fn title(&self, shown: Shown<'_>) -> &'static str {
        shown.text(if self.kind == DeviceKind::Till { "devices.till_code" } else { "devices.office_code" })
    }

    fn choosing<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let is_till = self.kind == DeviceKind::Till;
        let failure = match &self.phase {
            Phase::Failed(trouble) => Some(notice(Tone::Bad, trouble.of_code(shown.language))),
            _ => None,
        };
        column![headline(self.title(shown)), body(self.why(shown)).class(Ink::Muted), rule::horizontal(1)]
            .push(is_till.then(|| self.number(shown)))
            .push(failure)
            .push(self.buttons(shown))
            .spacing(space::M)
            .into()
    }

    fn why(&self, shown: Shown<'_>) -> &'static str {
        let is_till = self.kind == DeviceKind::Till;
        shown.text(if is_till { "devices.till_code_why" } else { "devices.office_code_why" })
    }

    fn number<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let number = self.read();
        let is_wrong = number.is_none() && !self.number.trim().is_empty();
        let is_held =
            number.is_some_and(|number| shown.station.devices.iter().any(|device| holds(device, number)));
        let field = text_input("1\u{2013}99", &self.number)
            .id(NUMBER)
            .size(size::TITLE)
            .padding(space::M)
            .width(NUMBER_WIDTH)
            .align_x(Horizontal::Right)
            .class(if is_wrong { Field::Wrong } else { Field::Fine })
            .on_input_maybe((!self.is_sending()).then_some(Message::TypedNumber))
            .on_submit(Message::MakeCode);
        let note = if is_wrong {
            caption(shown.text("devices.number_range")).class(Ink::Toned(Tone::Bad))
        } else if is_held {
            caption(shown.text("devices.number_held")).class(Ink::Toned(Tone::Warn))
        } else {
            caption(shown.text("devices.number_hint")).class(Ink::Muted)
        };
        column![strong(shown.text("devices.number")), field, note].spacing(space::S).into()
    }

    fn buttons<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let is_sending = self.is_sending();
        let word = if is_sending { "devices.making" } else { "devices.make" };
        let can = !is_sending && (self.kind != DeviceKind::Till || self.read().is_some());
        let make = button(strong(shown.text(word)))
            .padding(Padding::from([space::S, space::L]))
            .on_press_maybe(can.then_some(Message::MakeCode));
        let line = row![close(shown, "app.back", !is_sending), filler::horizontal()];
        let line = line.push(can.then(|| keycap("Enter"))).push(make);
        container(line.spacing(space::S).align_y(Vertical::Center))
            .padding(Padding::ZERO.top(space::S))
            .into()
    }
}

const NUMBER_WIDTH: u32 = 120;

fn holds(device: &Device, number: u16) -> bool {
    device.revoked_at.is_none() && device.terminal == Some(number)
}

fn close<'a>(shown: Shown<'a>, key: &'static str, can: bool) -> Element<'a, Message> {
    let words = row![body(shown.text(key)), keycap("Esc")].spacing(space::S).align_y(Vertical::Center);
    button(words)
        .padding(Padding::from([space::S, space::L]))
        .class(Press::Outlined)
        .on_press_maybe(can.then_some(Message::Close))
        .into()
}

fn made_view<'a>(shown: Shown<'a>, code: &'a EnrolmentCode) -> Element<'a, Message> {
    let standing = standing(shown, code);
    let head = shown.language.fill("devices.code_for", &[("device", &name(shown, code.kind, code.terminal))]);
    let is_live = matches!(standing, Standing::Live { .. });
    let again = button(strong(shown.text("devices.make_again")))
        .padding(Padding::from([space::S, space::L]))
        .on_press(Message::MakeCode);
    let line = row![close(shown, "devices.close", true), filler::horizontal()]
        .push(matches!(standing, Standing::Expired).then_some(again))
        .align_y(Vertical::Center);
    column![headline(head), letters(code, is_live), below(shown, &standing), line].spacing(space::M).into()
}

/// Two lines of four groups, large enough to be read from the till beside.
fn letters(code: &EnrolmentCode, is_live: bool) -> Element<'_, Message> {
    let ink = if is_live { Ink::Full } else { Ink::Faint };
    let groups: Vec<&str> = code::groups(&code.code).collect();
    let lines = groups.chunks(GROUPS_IN_LINE).map(|chunk| {
        let cells = chunk.iter().map(|group| {
            let group = figure(*group).size(size::HEADLINE);
            let group = if is_live { group.strong() } else { group };
            container(group.class(ink)).center_x(GROUP_WIDTH).into()
        });
        Row::with_children(cells).into()
    });
    let lines = Column::with_children(lines).spacing(space::S);
    container(lines)
        .center_x(Length::Fill)
        .padding(Padding::from([space::L, 0.0]))
        .class(Surface::Sunken)
        .into()
}

fn standing<'a>(shown: Shown<'a>, code: &EnrolmentCode) -> Standing<'a> {
    let left = format::seconds_until(&code.expires_at, shown.now()).unwrap_or(0);
    let made_before = |device: &&Device| {
        let age = format::seconds_until(&code.expires_at, &device.enrolled_at);
        device.kind == code.kind
            && device.terminal == code.terminal
            && device.revoked_at.is_none()
            && age.is_some_and(|seconds| seconds < CODE_LIFE_SECONDS)
    };
    match shown.station.devices.iter().find(made_before) {
        Some(device) => Standing::Used(device),
        None if left <= 0 => Standing::Expired,
        None => Standing::Live { seconds: left },
    }
}

fn below<'a>(shown: Shown<'a>, standing: &Standing<'a>) -> Element<'a, Message> {
    let text = |key| shown.text(key).to_owned();
    match standing {
        Standing::Live { seconds } => {
            let left = figure(format::minutes_and_seconds(*seconds)).strong();
            let left = row![body(shown.text("devices.time_left")), left].spacing(space::S);
            let once = caption(shown.text("devices.code_once")).class(Ink::Muted);
            column![left, body(shown.text("devices.code_use")), once].spacing(space::S).into()
        }
        Standing::Expired => notice(
            Tone::Warn,
            Fault {
                what: text("devices.expired_what"),
                why: text("devices.expired_why"),
                now: text("devices.expired_now"),
            },
        ),
        Standing::Used(device) => {
            let why = shown.language.fill("devices.used_why", &[("device", short(&device.device_id))]);
            notice(Tone::Good, Fault { what: text("devices.used_what"), why, now: text("devices.used_now") })
        }
    }
}
