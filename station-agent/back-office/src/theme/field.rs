//! Fields to type into.

use iced::Background;
use iced::widget::text_input::{Catalog, Status, Style};

use super::{Theme, color, rounded, tokens};

/// How a field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Field {
    #[default]
    Fine,
    /// What it holds cannot be used; a sentence below says why.
    Wrong,
}

impl Catalog for Theme {
    type Class<'a> = Field;

    fn default<'a>() -> Self::Class<'a> {
        Field::Fine
    }

    fn style(&self, field: &Field, status: Status) -> Style {
        let colors = self.colors();
        let focused = matches!(status, Status::Focused { .. });
        let line = match (field, focused, status) {
            (Field::Wrong, _, _) => colors.bad,
            (Field::Fine, true, _) => colors.focus,
            (Field::Fine, false, Status::Hovered) => colors.text_faint,
            (Field::Fine, false, _) => colors.line_strong,
        };
        Style {
            background: Background::Color(color(colors.surface)),
            border: rounded(tokens::RADIUS_SMALL).width(if focused { 2 } else { 1 }).color(color(line)),
            icon: color(colors.text_faint),
            placeholder: color(colors.text_faint),
            value: color(if status == Status::Disabled { colors.text_faint } else { colors.text }),
            selection: color(colors.accent_soft),
        }
    }
}
