//! The orders and how far each is.

use iced::Length;
use iced::alignment::Vertical;
use iced::widget::row;
use station_api::{OrderStatus, StationOrder};

use super::Message;
use crate::format;
use crate::screen::{Shown, name_cell};
use crate::theme::{Ink, Tone, size, space};
use crate::widget::{Column, Element, Icon, Step, card, chip, empty, figure, line, stepper, table};

/// In the smallest window, four steps with their words fit into the status in the longer language.
const STATUS_SHARE: u16 = 12;
const PRODUCT_SHARE: u16 = 5;
/// Orders that are listed, newest first.
const ORDERS_SHOWN_MAX: usize = 200;

pub(super) fn orders<'a>(shown: Shown<'a>) -> Element<'a, Message> {
    let content = if shown.station.orders.is_empty() {
        let [what, why, now] =
            ["orders.empty_what", "orders.empty_why", "orders.empty_now"].map(|key| shown.text(key));
        empty(Icon::Orders, what, why, now)
    } else {
        let columns = [
            Column::text(shown.text("orders.requested_at"), 1).fixed(108),
            Column::text(shown.text("field.product"), PRODUCT_SHARE),
            Column::number(shown.text("field.quantity"), 1).fixed(104),
            Column::text(shown.text("orders.status"), STATUS_SHARE),
        ];
        let rows = shown.station.orders.iter().take(ORDERS_SHOWN_MAX);
        table(
            &columns,
            rows.map(|order| {
                vec![
                    figure(format::date_time(&order.requested_at)).size(size::CAPTION).into(),
                    name_cell(shown.name(&order.name_ko, &order.name_en)),
                    shown.quantity(order.quantity_milli, order.unit).strong().into(),
                    status(shown, order),
                ]
            }),
        )
    };
    card(shown.text("orders.title"), None, shown.stale(), content).height(Length::Fill).into()
}

fn status<'a>(shown: Shown<'a>, order: &'a StationOrder) -> Element<'a, Message> {
    let way = |reached| {
        let words = ["orders.requested", "orders.ordered", "orders.shipped", "orders.confirmed"];
        stepper(Step::way(words.map(|key| shown.text(key)), reached))
    };
    let ended = |tone, key| {
        let reason = order.reason.as_deref().unwrap_or_else(|| shown.text("orders.no_reason"));
        row![
            chip(tone, Some(Icon::Refused), shown.text(key)),
            line(reason).size(size::CAPTION).class(Ink::Muted)
        ]
        .spacing(space::S)
        .align_y(Vertical::Center)
        .into()
    };
    match order.status {
        OrderStatus::Requested => way(0),
        OrderStatus::Ordered => way(1),
        OrderStatus::Shipped => way(2),
        OrderStatus::Confirmed => way(3),
        OrderStatus::Cancelled => ended(Tone::Neutral, "orders.cancelled"),
        OrderStatus::Refused => ended(Tone::Bad, "orders.refused"),
    }
}
