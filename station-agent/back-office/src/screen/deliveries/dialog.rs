//! The question that confirms a delivery: how much was measured, and what that is over or short.

use iced::alignment::{Horizontal, Vertical};
use iced::widget::{button, column, container, row, rule, space as filler, text_input};
use iced::{Length, Padding};
use station_api::Delivery;

use super::{MEASURED, Message, over_short};
use crate::fault::Trouble;
use crate::format::{self, QuantityFault};
use crate::screen::{Shown, blank, quantity_fault};
use crate::theme::{Field, Ink, Press, Tone, size, space};
use crate::widget::{Element, body, caption, headline, keycap, notice, strong};

/// What is asked, and how far the asking is.
#[derive(Debug, Clone)]
pub(super) struct Dialog {
    pub(super) delivery: Delivery,
    pub(super) measured: String,
    pub(super) phase: Phase,
}

/// How far the asking is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    Typing,
    Sending,
    Failed(Trouble),
}

impl Dialog {
    /// The dialog as it opens: the shipped quantity is the first proposal.
    pub(super) fn open(delivery: Delivery) -> Self {
        let measured = format::typed(delivery.quantity_milli);
        Self { delivery, measured, phase: Phase::Typing }
    }

    pub(super) fn is_sending(&self) -> bool {
        self.phase == Phase::Sending
    }

    pub(super) fn read(&self) -> Result<i64, QuantityFault> {
        format::read_quantity(&self.measured, self.delivery.unit)
    }

    pub(super) fn view<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let delivery = &self.delivery;
        let shipped = shown.quantity(delivery.quantity_milli, delivery.unit).strong();
        let car = delivery.car_number.as_deref().map_or_else(blank, |car| body(car).into());
        column![
            headline(shown.text("deliveries.dialog_title")),
            body(shown.name(&delivery.name_ko, &delivery.name_en)).class(Ink::Muted),
            rule::horizontal(1),
            fact(shown.text("deliveries.shipped"), shipped.into()),
            fact(shown.text("deliveries.car"), car),
            strong(shown.text("deliveries.measured_label")),
            self.field(shown),
            fact(shown.text("deliveries.over_short"), self.difference(shown)),
        ]
        .push(self.failure(shown))
        .push(self.buttons(shown))
        .spacing(space::M)
        .into()
    }

    fn field<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let is_wrong = self.read().is_err_and(|fault| quantity_fault(shown, fault).is_some());
        let field = text_input(shown.text("deliveries.measured_hint"), &self.measured)
            .id(MEASURED)
            .size(size::TITLE)
            .padding(space::M)
            .align_x(Horizontal::Right)
            .class(if is_wrong { Field::Wrong } else { Field::Fine })
            .on_input_maybe((!self.is_sending()).then_some(Message::Typed))
            .on_submit(Message::Confirm);
        row![field, body(self.delivery.unit.as_str()).class(Ink::Muted)]
            .spacing(space::S)
            .align_y(Vertical::Center)
            .into()
    }

    fn difference<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        match self.read() {
            Ok(milli) => {
                over_short(shown, milli.saturating_sub(self.delivery.quantity_milli), self.delivery.unit)
            }
            Err(fault) => quantity_fault(shown, fault)
                .map_or_else(blank, |words| caption(words).class(Ink::Toned(Tone::Bad)).into()),
        }
    }

    fn failure<'a>(&'a self, shown: Shown<'a>) -> Option<Element<'a, Message>> {
        match &self.phase {
            Phase::Failed(trouble) => Some(notice(Tone::Bad, trouble.of_write(shown.language))),
            Phase::Typing | Phase::Sending => None,
        }
    }

    fn buttons<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let is_sending = self.is_sending();
        let word = if is_sending { "deliveries.sending" } else { "deliveries.confirm" };
        let confirm = button(strong(shown.text(word)))
            .padding(Padding::from([space::S, space::L]))
            .on_press_maybe((self.read().is_ok() && !is_sending).then_some(Message::Confirm));
        let back = row![body(shown.text("app.back")), keycap("Esc")].spacing(space::S);
        let back = button(back.align_y(Vertical::Center))
            .padding(Padding::from([space::S, space::L]))
            .class(Press::Outlined)
            .on_press_maybe((!is_sending).then_some(Message::Close));
        let line = row![back, filler::horizontal(), keycap("Enter"), confirm]
            .spacing(space::S)
            .align_y(Vertical::Center)
            .width(Length::Fill);
        container(line).padding(Padding::ZERO.top(space::S)).into()
    }
}

fn fact<'a>(name: &'a str, value: Element<'a, Message>) -> Element<'a, Message> {
    row![body(name).class(Ink::Muted), filler::horizontal(), value].align_y(Vertical::Center).into()
}
