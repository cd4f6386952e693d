//! Everything that decides how the program looks. Screens and widgets name a surface, an ink or a kind of button; only
//! this folder knows colours.

use iced::Color;
use iced::theme::{Base, Mode, Style};
use serde::Deserialize;

mod button;
mod container;
mod field;
pub mod font;
mod ink;
mod scroll;
pub mod tokens;

pub use button::Press;
pub use container::Surface;
pub use field::Field;
pub use ink::Ink;

/// Distances between things, in logical pixels.
pub mod space {
    use super::tokens;

    pub const XS: f32 = tokens::SPACE_1;
    pub const S: f32 = tokens::SPACE_2;
    pub const M: f32 = tokens::SPACE_3;
    pub const L: f32 = tokens::SPACE_4;
    pub const XL: f32 = tokens::SPACE_5;
}

/// Sizes of type, in logical pixels.
pub mod size {
    use super::tokens;

    pub const CAPTION: f32 = tokens::TYPE_CAPTION;
    pub const BODY: f32 = tokens::TYPE_BODY;
    pub const BODY_LARGE: f32 = tokens::TYPE_BODY_LARGE;
    pub const TITLE: f32 = tokens::TYPE_TITLE;
    pub const HEADLINE: f32 = tokens::TYPE_HEADLINE;
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    #[default]
    Light,
    Dark,
}

/// What a colour says. Beside it there is always a word or a shape that says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Neutral,
    Info,
    Good,
    Warn,
    Bad,
}

impl Theme {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Light => Self::Dark,
            Self::Dark => Self::Light,
        }
    }

    const fn colors(self) -> &'static tokens::Palette {
        match self {
            Self::Light => &tokens::LIGHT,
            Self::Dark => &tokens::DARK,
        }
    }

    /// Colours of the chart of sales by hour.
    #[must_use]
    pub fn chart(self) -> Chart {
        let colors = self.colors();
        Chart {
            bar: color(colors.accent),
            bar_pointed: color(colors.accent_strong),
            bar_stale: color(colors.line_strong),
            grid: color(colors.line),
            label: color(colors.text_muted),
            tip: color(colors.text),
            tip_surface: color(colors.surface_raised),
        }
    }

    fn tone(self, tone: Tone) -> Color {
        let colors = self.colors();
        color(match tone {
            Tone::Neutral => colors.text_muted,
            Tone::Info => colors.info,
            Tone::Good => colors.good,
            Tone::Warn => colors.warn,
            Tone::Bad => colors.bad,
        })
    }

    fn tone_soft(self, tone: Tone) -> Color {
        let colors = self.colors();
        color(match tone {
            Tone::Neutral => colors.surface_sunken,
            Tone::Info => colors.info_soft,
            Tone::Good => colors.good_soft,
            Tone::Warn => colors.warn_soft,
            Tone::Bad => colors.bad_soft,
        })
    }
}

/// Colours of a chart.
#[derive(Debug, Clone, Copy)]
pub struct Chart {
    pub bar: Color,
    pub bar_pointed: Color,
    pub bar_stale: Color,
    pub grid: Color,
    pub label: Color,
    pub tip: Color,
    pub tip_surface: Color,
}

impl Base for Theme {
    fn default(preference: Mode) -> Self {
        match preference {
            Mode::None | Mode::Light => Self::Light,
            Mode::Dark => Self::Dark,
        }
    }

    fn mode(&self) -> Mode {
        match self {
            Self::Light => Mode::Light,
            Self::Dark => Mode::Dark,
        }
    }

    fn base(&self) -> Style {
        Style { background_color: color(self.colors().canvas), text_color: color(self.colors().text) }
    }

    fn palette(&self) -> Option<iced::theme::Palette> {
        None
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

fn color(rgb: u32) -> Color {
    let [_, red, green, blue] = rgb.to_be_bytes();
    Color::from_rgb8(red, green, blue)
}

fn rounded(radius: f32) -> iced::Border {
    iced::border::rounded(radius)
}
