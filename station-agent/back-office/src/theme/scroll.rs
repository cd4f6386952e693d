//! Scroll bars and lines.

use iced::widget::{container, rule, scrollable};
use iced::{Background, Color, Shadow};

use super::{Theme, color, rounded, tokens};

impl scrollable::Catalog for Theme {
    type Class<'a> = ();

    fn default<'a>() -> Self::Class<'a> {}

    fn style(&self, (): &(), status: scrollable::Status) -> scrollable::Style {
        let colors = self.colors();
        let (pointed, still) = match status {
            scrollable::Status::Active { is_vertical_scrollbar_disabled, .. } => {
                (false, is_vertical_scrollbar_disabled)
            }
            scrollable::Status::Hovered {
                is_vertical_scrollbar_hovered,
                is_vertical_scrollbar_disabled,
                ..
            } => (is_vertical_scrollbar_hovered, is_vertical_scrollbar_disabled),
            scrollable::Status::Dragged { is_vertical_scrollbar_disabled, .. } => {
                (true, is_vertical_scrollbar_disabled)
            }
        };
        let grip = match (still, pointed) {
            (true, _) => Color::TRANSPARENT,
            (false, true) => color(colors.text_faint),
            (false, false) => color(colors.line_strong),
        };
        let rail = scrollable::Rail {
            background: None,
            border: rounded(tokens::RADIUS_SMALL),
            scroller: scrollable::Scroller {
                background: Background::Color(grip),
                border: rounded(tokens::RADIUS_SMALL),
            },
        };
        scrollable::Style {
            container: container::Style::default(),
            vertical_rail: rail,
            horizontal_rail: rail,
            gap: None,
            auto_scroll: scrollable::AutoScroll {
                background: Background::Color(color(colors.surface_raised)),
                border: rounded(tokens::RADIUS_MEDIUM).width(1).color(color(colors.line)),
                shadow: Shadow::default(),
                icon: color(colors.text_muted),
            },
        }
    }
}

impl rule::Catalog for Theme {
    type Class<'a> = ();

    fn default<'a>() -> Self::Class<'a> {}

    fn style(&self, (): &()) -> rule::Style {
        rule::Style {
            color: color(self.colors().line),
            radius: 0.0.into(),
            fill_mode: rule::FillMode::Full,
            snap: true,
        }
    }
}
