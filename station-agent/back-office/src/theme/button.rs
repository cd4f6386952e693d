//! Buttons.

use iced::widget::button::{Catalog, Status, Style};
use iced::{Background, Color};

use super::{Theme, color, rounded, tokens};

/// What pressing does, as far as the look says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Press {
    /// The one thing to do here.
    #[default]
    Primary,
    /// Another thing to do, with a line around it.
    Outlined,
    /// Takes something away that does not come back.
    Danger,
    /// Leads to a page; the open one is marked.
    Nav { open: bool },
    /// One of several to choose from.
    Choice { chosen: bool },
}

impl Catalog for Theme {
    type Class<'a> = Press;

    fn default<'a>() -> Self::Class<'a> {
        Press::Primary
    }

    fn style(&self, press: &Press, status: Status) -> Style {
        let colors = self.colors();
        let pointed = matches!(status, Status::Hovered | Status::Pressed);
        let border = rounded(tokens::RADIUS_SMALL);
        let style = |background: Option<u32>, text: u32| Style {
            background: background.map(|rgb| Background::Color(color(rgb))),
            text_color: color(text),
            border,
            ..Style::default()
        };
        let shown = match *press {
            Press::Primary if pointed => style(Some(colors.accent_strong), colors.on_accent),
            Press::Primary => style(Some(colors.accent), colors.on_accent),
            Press::Outlined => {
                let base =
                    style(Some(if pointed { colors.surface_sunken } else { colors.surface }), colors.text);
                Style { border: border.width(1).color(color(colors.line_strong)), ..base }
            }
            Press::Danger => {
                let base = style(Some(if pointed { colors.bad_soft } else { colors.surface }), colors.bad);
                Style { border: border.width(1).color(color(colors.bad)), ..base }
            }
            Press::Nav { open: true } | Press::Choice { chosen: true } => {
                style(Some(colors.accent_soft), colors.accent)
            }
            Press::Nav { open: false } | Press::Choice { chosen: false } if pointed => {
                style(Some(colors.surface_sunken), colors.text)
            }
            Press::Nav { open: false } => style(None, colors.text_muted),
            Press::Choice { chosen: false } => style(None, colors.text),
        };
        if status == Status::Disabled {
            Style {
                background: shown.background.map(|_| Background::Color(color(colors.surface_sunken))),
                text_color: color(colors.text_faint),
                border: shown.border.color(Color::TRANSPARENT),
                ..shown
            }
        } else {
            shown
        }
    }
}
