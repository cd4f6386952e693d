//! Surfaces.

use iced::widget::container::{Catalog, Style};
use iced::{Background, Border, Color, Shadow, Vector};

use super::{Theme, Tone, color, rounded, tokens};

/// What a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Surface {
    /// Not seen.
    #[default]
    Clear,
    /// The ground that everything lies on.
    Canvas,
    /// The navigation at the left.
    Side,
    /// A sheet with one subject.
    Card,
    /// A place in a sheet where something is shown to be read from afar.
    Sunken,
    /// The heads of a table's columns.
    TableHead,
    /// Every second row of a table.
    Stripe,
    /// A small word that says how something stands.
    Chip(Tone),
    /// A sentence about what happened or what to know.
    Notice(Tone),
    /// A sentence across the whole window.
    Banner(Tone),
    /// A key to press, as printed on a keyboard.
    Keycap,
    /// What lies over everything and wants an answer.
    Dialog,
    /// What dims everything under a dialog.
    Veil,
}

impl Catalog for Theme {
    type Class<'a> = Surface;

    fn default<'a>() -> Self::Class<'a> {
        Surface::Clear
    }

    fn style(&self, surface: &Surface) -> Style {
        let colors = self.colors();
        let filled = |rgb: u32| Style { background: Some(Background::Color(color(rgb))), ..Style::default() };
        let lined = |radius: f32, rgb: u32| rounded(radius).width(1).color(color(rgb));
        match *surface {
            Surface::Clear => Style::default(),
            Surface::Canvas => filled(colors.canvas),
            Surface::Side => Style { text_color: Some(color(colors.text_muted)), ..filled(colors.surface) },
            Surface::Card => {
                Style { border: lined(tokens::RADIUS_MEDIUM, colors.line), ..filled(colors.surface) }
            }
            Surface::Sunken => {
                Style { border: lined(tokens::RADIUS_MEDIUM, colors.line), ..filled(colors.surface_sunken) }
            }
            Surface::TableHead => Style { text_color: Some(color(colors.text_muted)), ..Style::default() },
            Surface::Stripe => Style { border: rounded(tokens::RADIUS_SMALL), ..filled(colors.canvas) },
            Surface::Chip(tone) => Style {
                text_color: Some(self.tone(tone)),
                background: Some(Background::Color(self.tone_soft(tone))),
                border: rounded(tokens::RADIUS_SMALL),
                ..Style::default()
            },
            Surface::Notice(tone) => Style {
                text_color: Some(color(colors.text)),
                background: Some(Background::Color(self.tone_soft(tone))),
                border: rounded(tokens::RADIUS_SMALL),
                ..Style::default()
            },
            Surface::Banner(tone) => Style {
                text_color: Some(self.tone(tone)),
                background: Some(Background::Color(self.tone_soft(tone))),
                ..Style::default()
            },
            Surface::Keycap => Style {
                text_color: Some(color(colors.text_faint)),
                border: lined(tokens::RADIUS_SMALL, colors.line),
                ..Style::default()
            },
            Surface::Dialog => Style {
                border: lined(tokens::RADIUS_LARGE, colors.line),
                shadow: Shadow {
                    color: Color::from_rgba8(0, 0, 0, DIALOG_SHADOW_ALPHA),
                    offset: Vector::new(0.0, 12.0),
                    blur_radius: 32.0,
                },
                ..filled(colors.surface_raised)
            },
            Surface::Veil => Style {
                background: Some(Background::Color(Color::from_rgba8(0, 0, 0, VEIL_ALPHA))),
                border: Border::default(),
                ..Style::default()
            },
        }
    }
}

/// Dark enough to part the dialog from what it covers, in both themes.
const VEIL_ALPHA: f32 = 0.45;
const DIALOG_SHADOW_ALPHA: f32 = 0.25;
