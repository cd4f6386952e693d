//! Cards, pages and what stands in their place when there is nothing to show.

use iced::alignment::{Horizontal, Vertical};
use iced::widget::{Column, Row, column, container, row, space};
use iced::{Length, Padding};

use super::{Element, Icon, body, caption, chip, headline, icon, strong, title};
use crate::theme::{Ink, Surface, Tone, size, space as gap};

/// A sheet with a name. `stale` is the words that mark what it shows as old.
pub fn card<'a, Message: 'a>(
    name: &'a str,
    aside: Option<Element<'a, Message>>,
    stale: Option<String>,
    content: impl Into<Element<'a, Message>>,
) -> iced::widget::Container<'a, Message, crate::theme::Theme> {
    let head = Row::new()
        .push(title(name).wrapping(iced::widget::text::Wrapping::None))
        .push(stale.map(|stale| chip(Tone::Warn, Some(Icon::Clock), stale)))
        .push(space::horizontal())
        .push(aside)
        .spacing(gap::S)
        .align_y(Vertical::Center)
        .height(CARD_HEAD_HEIGHT);
    container(column![head, content.into()].spacing(gap::S))
        .padding(Padding::from([gap::M, gap::L]))
        .width(Length::Fill)
        .class(Surface::Card)
}

/// High enough for the buttons that may stand in it, so that all cards' heads align.
const CARD_HEAD_HEIGHT: u32 = 30;

/// A page: its name, what stands beside it, what it holds.
pub fn page<'a, Message: 'a>(
    name: &'a str,
    aside: impl Into<Element<'a, Message>>,
    content: impl Into<Element<'a, Message>>,
) -> Element<'a, Message> {
    let head = row![headline(name), space::horizontal(), aside.into()]
        .spacing(gap::M)
        .align_y(Vertical::Center)
        .height(PAGE_HEAD_HEIGHT);
    column![head, content.into()]
        .spacing(gap::M)
        .padding(Padding::from([gap::M, gap::XL]))
        .width(Length::Fill)
        .height(Length::Fill)
        .into()
}

const PAGE_HEAD_HEIGHT: u32 = 40;

/// Nothing to show: what, why, what now.
pub fn empty<'a, Message: 'a>(
    picture: Icon,
    what: &'a str,
    why: &'a str,
    now: &'a str,
) -> Element<'a, Message> {
    let lines: Column<'a, Message, _> = column![
        icon(picture, size::HEADLINE).class(Ink::Faint),
        strong(what).class(Ink::Full).align_x(Horizontal::Center),
        body(why).class(Ink::Muted).align_x(Horizontal::Center),
        caption(now).class(Ink::Muted).align_x(Horizontal::Center),
    ]
    .spacing(gap::S)
    .align_x(Horizontal::Center)
    .max_width(EMPTY_WIDTH_MAX);
    container(lines).padding(gap::XL).center_x(Length::Fill).center_y(Length::Fill).into()
}

/// About 50 Korean characters: longer lines are hard to read.
const EMPTY_WIDTH_MAX: u32 = 520;
