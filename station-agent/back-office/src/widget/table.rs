//! Tables: names left, numbers right, every second row on another ground.

use iced::alignment::{Horizontal, Vertical};
use iced::widget::{Column as Lines, Row, column, container, rule, scrollable, text};
use iced::{Length, Padding};

use super::{Element, caption};
use crate::theme::{Surface, font, space};

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    name: &'static str,
    width: Length,
    align: Horizontal,
}

impl Column {
    /// Text, from the left, with a share of the width.
    #[must_use]
    pub const fn text(name: &'static str, share: u16) -> Self {
        Self { name, width: Length::FillPortion(share), align: Horizontal::Left }
    }

    /// As wide as this, in logical pixels, whatever the window's width.
    #[must_use]
    pub fn fixed(self, width: u32) -> Self {
        Self { width: Length::from(width), ..self }
    }

    /// A number, to the right, with a share of the width.
    #[must_use]
    pub const fn number(name: &'static str, share: u16) -> Self {
        Self { name, width: Length::FillPortion(share), align: Horizontal::Right }
    }
}

/// Compact, and still a line that a finger finds on a small notebook's screen.
const ROW_HEIGHT: u32 = 32;
const HEAD_HEIGHT: u32 = 24;

/// A table whose rows scroll under its head. Each row has as many cells as there are columns.
pub fn table<'a, Message: 'a>(
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<Element<'a, Message>>>,
) -> Element<'a, Message> {
    let head = columns.iter().map(|column| {
        let name = caption(column.name).font(font::STRONG).wrapping(text::Wrapping::None);
        container(name).width(column.width).align_x(column.align).clip(true).into()
    });
    let head = container(line(head).height(HEAD_HEIGHT)).class(Surface::TableHead);
    let rows = rows.into_iter().enumerate().map(|(place, cells)| {
        let cells = cells.into_iter().zip(columns).map(|(cell, column)| {
            container(cell).width(column.width).align_x(column.align).clip(true).into()
        });
        let surface = if place.is_multiple_of(2) { Surface::Clear } else { Surface::Stripe };
        container(line(cells).height(ROW_HEIGHT)).class(surface).into()
    });
    let rows = container(Lines::with_children(rows)).padding(Padding::ZERO.right(space::S));
    column![
        container(head).padding(Padding::ZERO.right(space::S)),
        rule::horizontal(1),
        scrollable(rows).height(Length::Fill).width(Length::Fill).direction(thin_bar()),
    ]
    .into()
}

fn line<'a, Message: 'a>(
    cells: impl IntoIterator<Item = Element<'a, Message>>,
) -> Row<'a, Message, crate::theme::Theme> {
    Row::with_children(cells)
        .spacing(space::L)
        .padding(Padding::from([0.0, space::S]))
        .align_y(Vertical::Center)
        .width(Length::Fill)
}

fn thin_bar() -> scrollable::Direction {
    let width = space::XS;
    scrollable::Direction::Vertical(scrollable::Scrollbar::new().width(width).scroller_width(width))
}
