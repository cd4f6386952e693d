//! The devices of the station: what each is, until when its certificate lasts; codes for new ones, and revoking.

use std::sync::Arc;

use iced::alignment::Vertical;
use iced::widget::{button, column, row};
use iced::{Length, Padding};
use station_api::{ClientError, Device, DeviceKind, EnrolmentCode};

use super::{Shown, blank};
use crate::format;
use crate::theme::{Ink, Press, Tone, size, space};
use crate::widget::{
    Column, Element, Icon, body, caption, card, chip, empty, figure, icon, line, modal, page, table,
};

mod code;
mod revoke;

/// What can happen here.
#[derive(Debug, Clone)]
pub enum Message {
    /// Ask which till a code is for.
    AskForTill,
    /// Ask for a back office's code.
    AskForOffice,
    /// The till's number was typed.
    TypedNumber(String),
    /// Make the code that the dialog asks for, or another.
    MakeCode,
    /// The agent's answer to that.
    CodeMade(Result<EnrolmentCode, Arc<ClientError>>),
    /// Ask whether to revoke this device.
    AskToRevoke { device_id: String },
    /// The reason was typed.
    TypedReason(String),
    /// Go on, or not, although entries of the device have not reached head office.
    GoOn,
    /// Revoke the device that the dialog shows.
    Revoke,
    /// The agent's answer to that.
    Revoked { device_id: String, result: Result<Box<Device>, Arc<ClientError>> },
    /// Close the dialog.
    Close,
}

/// What the screen asks of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Put the cursor into this field, everything selected.
    Focus(&'static str),
    /// Ask the agent for a code.
    MakeCode { kind: DeviceKind, terminal: Option<u16> },
    /// Ask the agent to revoke.
    Revoke { device_id: String, reason: String, override_pending: bool },
    /// The agent has recorded it.
    Revoked(Device),
}

/// What is remembered.
#[derive(Debug, Clone, Default)]
pub struct State {
    dialog: Option<Dialog>,
}

#[derive(Debug, Clone)]
enum Dialog {
    Code(code::Dialog),
    Revoke(Box<revoke::Dialog>),
}

/// The field of the till's number.
pub const NUMBER: &str = "till-number";
/// The field of the reason.
pub const REASON: &str = "revoke-reason";
/// A certificate that ends sooner is marked: enough to find out why it was not renewed.
const ENDING_DAYS_MAX: i64 = 14;
const DAY_SECONDS: i64 = 86_400;
/// Enough of an id to tell two devices of a station apart.
const ID_SHOWN: usize = 8;

impl State {
    /// Takes in what happened.
    pub fn update(&mut self, message: Message, devices: &[Device]) -> Option<Event> {
        match message {
            Message::AskForTill => {
                self.dialog = Some(Dialog::Code(code::Dialog::for_till(devices)));
                Some(Event::Focus(NUMBER))
            }
            Message::AskForOffice => {
                let mut dialog = code::Dialog::for_office();
                let event = dialog.make();
                self.dialog = Some(Dialog::Code(dialog));
                event
            }
            Message::TypedNumber(text) => {
                self.code_mut()?.typed(text);
                None
            }
            Message::MakeCode => self.code_mut()?.make(),
            Message::CodeMade(result) => {
                self.code_mut()?.made(result);
                None
            }
            Message::AskToRevoke { device_id } => {
                let device = devices.iter().find(|device| device.device_id == device_id)?.clone();
                self.dialog = Some(Dialog::Revoke(Box::new(revoke::Dialog::open(device))));
                Some(Event::Focus(REASON))
            }
            Message::TypedReason(reason) => {
                self.revoke_mut()?.typed(&reason);
                None
            }
            Message::GoOn => {
                self.revoke_mut()?.go_on();
                None
            }
            Message::Revoke => self.revoke_mut()?.revoke(),
            Message::Revoked { device_id, result } => self.revoked(&device_id, result),
            Message::Close => {
                self.dialog = self.dialog.take().filter(Dialog::is_sending);
                None
            }
        }
    }

    fn code_mut(&mut self) -> Option<&mut code::Dialog> {
        match &mut self.dialog {
            Some(Dialog::Code(dialog)) => Some(dialog),
            Some(Dialog::Revoke(_)) | None => None,
        }
    }

    fn revoke_mut(&mut self) -> Option<&mut revoke::Dialog> {
        match &mut self.dialog {
            Some(Dialog::Revoke(dialog)) => Some(dialog),
            Some(Dialog::Code(_)) | None => None,
        }
    }

    fn revoked(&mut self, device_id: &str, result: Result<Box<Device>, Arc<ClientError>>) -> Option<Event> {
        let dialog = self.revoke_mut().filter(|dialog| dialog.is_of(device_id));
        match result {
            Ok(device) => {
                match (dialog, &device.exported_to) {
                    (Some(dialog), Some(file)) => dialog.exported(file.clone()),
                    (Some(_), None) => self.dialog = None,
                    (None, _) => {}
                }
                Some(Event::Revoked(*device))
            }
            Err(error) => {
                if let Some(dialog) = dialog {
                    dialog.failed(&error);
                }
                None
            }
        }
    }

    /// The page, under its dialog when that is open.
    pub fn view<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let is_revoked = |device: &&Device| device.revoked_at.is_some();
        let (revoked, mut used): (Vec<_>, Vec<_>) = shown.station.devices.iter().partition(is_revoked);
        used.sort_by_key(|device| (order(device.kind), device.terminal));
        let mut content = column![used_card(shown, &used)].spacing(space::M).height(Length::Fill);
        if !revoked.is_empty() {
            content = content.push(revoked_card(shown, &revoked));
        }
        let page = page(shown.text("nav.devices"), codes(shown), content);
        match &self.dialog {
            Some(Dialog::Code(dialog)) => modal(page, dialog.view(shown), Message::Close),
            Some(Dialog::Revoke(dialog)) => modal(page, dialog.view(shown), Message::Close),
            None => page,
        }
    }
}

impl Dialog {
    fn is_sending(&self) -> bool {
        match self {
            Self::Code(dialog) => dialog.is_sending(),
            Self::Revoke(dialog) => dialog.is_sending(),
        }
    }
}

/// The agent before what hangs on it.
const fn order(kind: DeviceKind) -> u8 {
    match kind {
        DeviceKind::Agent => 0,
        DeviceKind::Office => 1,
        DeviceKind::Till => 2,
    }
}

fn codes<'a>(shown: Shown<'a>) -> Element<'a, Message> {
    let press = |key, press, message| {
        button(body(shown.text(key)))
            .padding(Padding::from([space::S, space::L]))
            .class(press)
            .on_press(message)
    };
    row![
        press("devices.office_code", Press::Outlined, Message::AskForOffice),
        press("devices.till_code", Press::Primary, Message::AskForTill),
    ]
    .spacing(space::S)
    .into()
}

fn used_card<'a>(shown: Shown<'a>, devices: &[&'a Device]) -> Element<'a, Message> {
    let content = if devices.is_empty() {
        let [what, why, now] =
            ["devices.empty_what", "devices.empty_why", "devices.empty_now"].map(|key| shown.text(key));
        empty(Icon::Devices, what, why, now)
    } else {
        let columns = [
            Column::text(shown.text("devices.device"), 4),
            Column::text(shown.text("devices.id"), 3),
            Column::number(shown.text("devices.last_seen"), 3),
            Column::number(shown.text("link.pending_short"), 2),
            Column::text(shown.text("devices.enrolled_at"), 4),
            Column::text(shown.text("devices.certificate_ends"), 6),
            Column::number("", 2),
        ];
        table(&columns, devices.iter().map(|device| used_row(shown, device)))
    };
    card(shown.text("devices.title"), None, shown.stale(), content).height(Length::FillPortion(5)).into()
}

fn used_row<'a>(shown: Shown<'a>, device: &'a Device) -> Vec<Element<'a, Message>> {
    let revoke = (device.kind != DeviceKind::Agent).then(|| {
        button(caption(shown.text("devices.revoke")))
            .padding(Padding::from([4.0, space::M]))
            .class(Press::Outlined)
            .on_press(Message::AskToRevoke { device_id: device.device_id.clone() })
            .into()
    });
    vec![
        name_cell(shown, device),
        id_cell(device),
        figure(shown.ago(device.last_seen_at.as_deref())).into(),
        pending(device),
        figure(format::date_time(&device.enrolled_at)).into(),
        certificate(shown, device),
        revoke.unwrap_or_else(|| body("").into()),
    ]
}

/// `POS 2`, or what else it is.
fn name(shown: Shown<'_>, kind: DeviceKind, terminal: Option<u16>) -> String {
    match (kind, terminal) {
        (DeviceKind::Till, Some(number)) => {
            shown.language.fill("stock.terminal_name", &[("n", &number.to_string())])
        }
        (DeviceKind::Till, None) => shown.text("devices.till").to_owned(),
        (DeviceKind::Office, _) => shown.text("devices.office").to_owned(),
        (DeviceKind::Agent, _) => shown.text("devices.agent").to_owned(),
    }
}

fn name_cell<'a>(shown: Shown<'a>, device: &'a Device) -> Element<'a, Message> {
    let shape = match device.kind {
        DeviceKind::Agent => Icon::Server,
        DeviceKind::Office => Icon::Monitor,
        DeviceKind::Till => Icon::Receipt,
    };
    row![
        icon(shape, size::BODY_LARGE).class(Ink::Muted),
        figure(name(shown, device.kind, device.terminal)).strong()
    ]
    .spacing(space::S)
    .align_y(Vertical::Center)
    .into()
}

/// What head office lacks of it; of a silent one that is the least there is.
fn pending<'a>(device: &'a Device) -> Element<'a, Message> {
    let count = format::grouped_unsigned(device.pending);
    match (&device.silent_since, device.pending) {
        (Some(_), _) => figure(format!("{count}+")).strong().class(Tone::Warn).into(),
        (None, 0) => blank(),
        (None, _) => figure(count).strong().into(),
    }
}

fn short(device_id: &str) -> &str {
    device_id.get(..ID_SHOWN).unwrap_or(device_id)
}

fn id_cell<'a>(device: &'a Device) -> Element<'a, Message> {
    line(short(&device.device_id)).size(size::CAPTION).class(Ink::Muted).into()
}

/// The end of the certificate, marked when it is near or past.
fn certificate<'a>(shown: Shown<'a>, device: &'a Device) -> Element<'a, Message> {
    let Some(ends_at) = device.certificate_ends_at.as_deref() else {
        return blank();
    };
    let mark = format::seconds_until(ends_at, shown.now()).and_then(|seconds| {
        if seconds <= 0 {
            return Some(chip(Tone::Bad, Some(Icon::Alert), shown.text("devices.certificate_ended")));
        }
        let days = seconds.checked_div(DAY_SECONDS)?;
        let word = match days {
            0 => shown.text("devices.certificate_today").to_owned(),
            days => shown.language.fill("devices.certificate_days", &[("n", &days.to_string())]),
        };
        (days < ENDING_DAYS_MAX).then(|| chip(Tone::Warn, Some(Icon::Clock), word))
    });
    row![figure(format::date_time(ends_at))].push(mark).spacing(space::S).align_y(Vertical::Center).into()
}

fn revoked_card<'a>(shown: Shown<'a>, devices: &[&'a Device]) -> Element<'a, Message> {
    let columns = [
        Column::text(shown.text("devices.device"), 4),
        Column::text(shown.text("devices.id"), 3),
        Column::text(shown.text("devices.revoked_at"), 4),
        Column::text(shown.text("devices.reason"), 11),
    ];
    let rows = devices.iter().map(|device| {
        let at = device.revoked_at.as_deref().map_or_else(blank, |at| figure(format::date_time(at)).into());
        let why = device.revoked_why.as_deref().map_or_else(blank, |why| line(why).into());
        vec![name_cell(shown, device), id_cell(device), at, why]
    });
    card(shown.text("devices.revoked_title"), None, shown.stale(), table(&columns, rows))
        .height(Length::FillPortion(3))
        .into()
}
