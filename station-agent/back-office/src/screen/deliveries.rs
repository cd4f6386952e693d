//! Deliveries: what is on its way, confirming what was measured, and what has arrived.

use std::sync::Arc;

use iced::alignment::Vertical;
use iced::widget::{button, column, row, space as filler};
use iced::{Length, Padding};
use station_api::{ClientError, ConfirmDelivery, Delivery, DeliveryState, Unit};

use super::{Shown, blank, name_cell};
use crate::fault::Trouble;
use crate::format;
use crate::theme::{Ink, Tone, size, space};
use crate::widget::{
    Column, Element, Icon, body, caption, card, chip, empty, figure, line, modal, page, table,
};

mod dialog;

use dialog::{Dialog, Phase};

/// What can happen here.
#[derive(Debug, Clone)]
pub enum Message {
    /// Open the dialog of this delivery.
    Open { order_id: String },
    /// The measured quantity was typed.
    Typed(String),
    /// Confirm what the dialog shows.
    Confirm,
    /// Close the dialog.
    Close,
    /// The agent's answer to a confirmation.
    Answered { order_id: String, result: Result<Box<Delivery>, Arc<ClientError>> },
}

/// What the screen asks of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Put the cursor into the dialog's field, everything selected.
    FocusMeasured,
    /// Ask the agent.
    Confirm { order_id: String, confirm: ConfirmDelivery },
    /// The agent has recorded it.
    Confirmed(Delivery),
}

/// What is remembered.
#[derive(Debug, Clone, Default)]
pub struct State {
    dialog: Option<Dialog>,
}

/// The dialog's field.
pub const MEASURED: &str = "measured-quantity";
/// Confirmed deliveries that are listed; older ones are in the journal.
const CONFIRMED_SHOWN_MAX: usize = 100;

impl State {
    /// Takes in what happened.
    pub fn update(&mut self, message: Message, deliveries: &[Delivery]) -> Option<Event> {
        match message {
            Message::Open { order_id } => {
                let delivery = deliveries
                    .iter()
                    .find(|delivery| {
                        delivery.order_id == order_id && delivery.state == DeliveryState::Expected
                    })?
                    .clone();
                self.dialog = Some(Dialog::open(delivery));
                Some(Event::FocusMeasured)
            }
            Message::Typed(measured) => {
                let dialog = self.dialog.as_mut().filter(|dialog| dialog.phase != Phase::Sending)?;
                dialog.measured = measured;
                dialog.phase = Phase::Typing;
                None
            }
            Message::Confirm => {
                let dialog = self.dialog.as_mut().filter(|dialog| dialog.phase != Phase::Sending)?;
                let quantity_milli = dialog.read().ok()?;
                dialog.phase = Phase::Sending;
                let order_id = dialog.delivery.order_id.clone();
                Some(Event::Confirm { order_id, confirm: ConfirmDelivery { quantity_milli } })
            }
            Message::Close => {
                self.dialog = self.dialog.take().filter(|dialog| dialog.phase == Phase::Sending);
                None
            }
            Message::Answered { order_id, result } => self.answered(&order_id, result),
        }
    }

    fn answered(&mut self, order_id: &str, result: Result<Box<Delivery>, Arc<ClientError>>) -> Option<Event> {
        let dialog = self.dialog.as_mut().filter(|dialog| dialog.delivery.order_id == order_id);
        match result {
            Ok(delivery) => {
                if dialog.is_some() {
                    self.dialog = None;
                }
                Some(Event::Confirmed(*delivery))
            }
            Err(error) => {
                if let Some(dialog) = dialog {
                    dialog.phase = Phase::Failed(Trouble::of(&error));
                }
                None
            }
        }
    }

    /// The page, under its dialog when that is open.
    pub fn view<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let is_expected = |delivery: &&Delivery| delivery.state == DeliveryState::Expected;
        let (expected, confirmed): (Vec<_>, Vec<_>) = shown.station.deliveries.iter().partition(is_expected);
        let content = column![expected_card(shown, &expected), confirmed_card(shown, &confirmed)]
            .spacing(space::M)
            .height(Length::Fill);
        let page = page(shown.text("nav.deliveries"), filler(), content);
        match &self.dialog {
            Some(dialog) => modal(page, dialog.view(shown), Message::Close),
            None => page,
        }
    }
}

fn expected_card<'a>(shown: Shown<'a>, deliveries: &[&'a Delivery]) -> Element<'a, Message> {
    let content = if deliveries.is_empty() {
        let [what, why, now] = ["deliveries.empty_what", "deliveries.empty_why", "deliveries.empty_now"]
            .map(|key| shown.text(key));
        empty(Icon::Deliveries, what, why, now)
    } else {
        let columns = [
            Column::text(shown.text("field.product"), 5),
            Column::number(shown.text("deliveries.shipped"), 4),
            Column::text(shown.text("deliveries.car"), 3),
            Column::text(shown.text("deliveries.shipped_at"), 4),
            Column::text(shown.text("deliveries.order_id"), 4),
            Column::number("", 3),
        ];
        table(&columns, deliveries.iter().map(|delivery| expected_row(shown, delivery)))
    };
    let count = (!deliveries.is_empty()).then(|| chip(Tone::Info, None, deliveries.len().to_string()));
    card(shown.text("deliveries.expected_title"), count, shown.stale(), content)
        .height(Length::FillPortion(4))
        .into()
}

fn expected_row<'a>(shown: Shown<'a>, delivery: &'a Delivery) -> Vec<Element<'a, Message>> {
    let confirm = button(caption(shown.text("deliveries.confirm")))
        .padding(Padding::from([4.0, space::M]))
        .on_press(Message::Open { order_id: delivery.order_id.clone() });
    vec![
        name_cell(shown.name(&delivery.name_ko, &delivery.name_en)),
        shown.quantity(delivery.quantity_milli, delivery.unit).strong().into(),
        car(delivery),
        figure(format::date_time(&delivery.shipped_at)).into(),
        reference(&delivery.order_id),
        confirm.into(),
    ]
}

fn car(delivery: &Delivery) -> Element<'_, Message> {
    delivery.car_number.as_deref().map_or_else(blank, |car| body(car).into())
}

fn reference<'a>(id: &'a str) -> Element<'a, Message> {
    line(id).size(size::CAPTION).class(Ink::Muted).into()
}

fn confirmed_card<'a>(shown: Shown<'a>, deliveries: &[&'a Delivery]) -> Element<'a, Message> {
    let content = if deliveries.is_empty() {
        let [what, why, now] =
            ["deliveries.none_what", "deliveries.none_why", "deliveries.none_now"].map(|key| shown.text(key));
        empty(Icon::Empty, what, why, now)
    } else {
        let columns = [
            Column::text(shown.text("field.product"), 5),
            Column::number(shown.text("deliveries.shipped"), 4),
            Column::number(shown.text("deliveries.measured"), 4),
            Column::number(shown.text("deliveries.over_short"), 4),
            Column::text(shown.text("deliveries.car"), 3),
            Column::text(shown.text("deliveries.received_at"), 4),
        ];
        let shown_rows = deliveries.iter().take(CONFIRMED_SHOWN_MAX);
        table(&columns, shown_rows.map(|delivery| confirmed_row(shown, delivery)))
    };
    card(shown.text("deliveries.confirmed_title"), None, shown.stale(), content)
        .height(Length::FillPortion(5))
        .into()
}

fn confirmed_row<'a>(shown: Shown<'a>, delivery: &'a Delivery) -> Vec<Element<'a, Message>> {
    let received = delivery
        .received_milli
        .map_or_else(blank, |milli| shown.quantity(milli, delivery.unit).strong().into());
    let over_short =
        delivery.over_short_milli().map_or_else(blank, |milli| over_short(shown, milli, delivery.unit));
    let at = delivery.received_at.as_deref().map_or_else(blank, |at| figure(format::date_time(at)).into());
    vec![
        name_cell(shown.name(&delivery.name_ko, &delivery.name_en)),
        shown.quantity(delivery.quantity_milli, delivery.unit).into(),
        received,
        over_short,
        car(delivery),
        at,
    ]
}

/// Measured less shipped, in a number and a word.
fn over_short<'a>(shown: Shown<'a>, milli: i64, unit: Unit) -> Element<'a, Message> {
    let (word, ink) = match milli {
        0 => {
            return body(shown.text("deliveries.exact")).class(Ink::Muted).into();
        }
        1.. => (shown.text("deliveries.over"), Ink::Toned(Tone::Info)),
        _ => (shown.text("deliveries.short"), Ink::Toned(Tone::Warn)),
    };
    let number = figure(format::quantity_signed(milli, unit, shown.language)).strong().class(ink);
    row![number, caption(word).class(ink)].spacing(space::XS).align_y(Vertical::Center).into()
}
