//! Colours of text.

use iced::widget::text;

use super::{Theme, Tone, color};

/// What a piece of text is, as far as its colour says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ink {
    /// As the surface it stands on has it.
    #[default]
    Inherited,
    /// Ordinary text, whatever the surface.
    Full,
    /// Second in rank.
    Muted,
    /// Third in rank: units, hints.
    Faint,
    /// Leads somewhere or stands for now.
    Accent,
    /// Says how something stands.
    Toned(Tone),
}

impl Ink {
    pub(crate) fn color(self, theme: Theme) -> Option<iced::Color> {
        let colors = theme.colors();
        match self {
            Self::Inherited => None,
            Self::Full => Some(color(colors.text)),
            Self::Muted => Some(color(colors.text_muted)),
            Self::Faint => Some(color(colors.text_faint)),
            Self::Accent => Some(color(colors.accent)),
            Self::Toned(tone) => Some(theme.tone(tone)),
        }
    }
}

impl From<Tone> for Ink {
    fn from(tone: Tone) -> Self {
        Self::Toned(tone)
    }
}

impl text::Catalog for Theme {
    type Class<'a> = Ink;

    fn default<'a>() -> Self::Class<'a> {
        Ink::Inherited
    }

    fn style(&self, ink: &Ink) -> text::Style {
        text::Style { color: ink.color(*self) }
    }
}
