//! Lucide icons, by their characters in the icon face.

use iced::widget::text::{LineHeight, Text};

use crate::theme::{Theme, font};

/// The icons in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    Fuel,
    Stock,
    Deliveries,
    Orders,
    Languages,
    Sun,
    Moon,
    Alert,
    Offline,
    Online,
    Check,
    Empty,
    Info,
    Refused,
    Clock,
    Devices,
    Server,
    Monitor,
    Receipt,
    Aside,
    Status,
}

impl Icon {
    const fn char(self) -> char {
        match self {
            Self::Fuel => '\u{e2af}',
            Self::Stock => '\u{e2a3}',
            Self::Deliveries => '\u{e194}',
            Self::Orders => '\u{e086}',
            Self::Languages => '\u{e0fe}',
            Self::Sun => '\u{e178}',
            Self::Moon => '\u{e11e}',
            Self::Alert => '\u{e193}',
            Self::Offline => '\u{e1af}',
            Self::Online => '\u{e226}',
            Self::Check => '\u{e06c}',
            Self::Empty => '\u{e0f7}',
            Self::Info => '\u{e0f9}',
            Self::Refused => '\u{e051}',
            Self::Clock => '\u{e087}',
            Self::Devices => '\u{e3a2}',
            Self::Server => '\u{e153}',
            Self::Monitor => '\u{e11d}',
            Self::Receipt => '\u{e5ac}',
            Self::Aside => '\u{e1fe}',
            Self::Status => '\u{e038}',
        }
    }
}

/// An icon of this height, in logical pixels.
pub fn icon<'a>(icon: Icon, height: f32) -> Text<'a, Theme> {
    Text::new(icon.char().to_string()).size(height).font(font::ICONS).line_height(LineHeight::Relative(1.0))
}
