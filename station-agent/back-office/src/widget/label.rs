//! Text in the sizes of the scale.

use iced::widget::text::{self, Text};

use crate::theme::{Theme, font, size};

/// Smallest: heads of columns, hints.
pub fn caption<'a>(content: impl text::IntoFragment<'a>) -> Text<'a, Theme> {
    Text::new(content).size(size::CAPTION)
}

/// Ordinary text.
pub fn body<'a>(content: impl text::IntoFragment<'a>) -> Text<'a, Theme> {
    Text::new(content).size(size::BODY)
}

/// Ordinary text that weighs more.
pub fn strong<'a>(content: impl text::IntoFragment<'a>) -> Text<'a, Theme> {
    body(content).font(font::STRONG)
}

/// The name of a card.
pub fn title<'a>(content: impl text::IntoFragment<'a>) -> Text<'a, Theme> {
    Text::new(content).size(size::BODY_LARGE).font(font::STRONG)
}

/// The name of a page or a dialog.
pub fn headline<'a>(content: impl text::IntoFragment<'a>) -> Text<'a, Theme> {
    Text::new(content).size(size::TITLE).font(font::STRONG)
}
