//! The screens. Each is one file: what can happen on it, what it asks of the program, what it remembers, how it
//! changes, how it looks.

use station_api::Unit;

use crate::format::{self, QuantityFault};
use crate::locale::Language;
use crate::station::Station;
use crate::theme::{Ink, Tone};
use crate::widget::{Element, Figure, body, figure, line};

pub mod deliveries;
pub mod devices;
pub mod orders;
pub mod quarantine;
pub mod setup;
pub mod status;
pub mod stock;

/// What a screen shows and in which language.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    pub language: Language,
    pub station: &'a Station,
}

impl<'a> Shown<'a> {
    fn text(self, key: &'static str) -> &'static str {
        self.language.text(key)
    }

    fn name(self, name_ko: &'a str, name_en: &'a str) -> &'a str {
        self.language.name(name_ko, name_en)
    }

    /// The words that mark a card's content as old; none while the agent answers.
    fn stale(self) -> Option<String> {
        let since = format::time(self.station.stale_since()?);
        Some(self.language.fill("stale.mark", &[("time", &since)]))
    }

    /// A tone for what is only true while the agent answers.
    fn tone(self, tone: Tone) -> Tone {
        if self.station.stale_since().is_some() { Tone::Neutral } else { tone }
    }

    /// The agent's clock at its last answer; ages are counted by it.
    fn now(self) -> &'a str {
        self.station.overview.as_ref().map_or("", |overview| overview.now.as_str())
    }

    fn quantity(self, milli: i64, unit: Unit) -> Figure {
        figure(format::quantity(milli, unit, self.language))
    }

    /// How long ago, or the word for never.
    fn ago(self, instant: Option<&str>) -> String {
        instant.and_then(|instant| format::age(instant, self.now(), self.language)).map_or_else(
            || self.text("app.never").to_owned(),
            |age| self.language.fill("app.ago", &[("age", &age)]),
        )
    }
}

/// A product's name as a cell; a name longer than the cell ends in an ellipsis.
fn name_cell<'a, Message: 'a>(name: &'a str) -> Element<'a, Message> {
    line(name).strong().into()
}

/// A cell without a value.
fn blank<'a, Message: 'a>() -> Element<'a, Message> {
    body("\u{2013}").class(Ink::Faint).into()
}
/// What is wrong with a typed quantity; nothing is wrong with an empty field yet.
fn quantity_fault(shown: Shown<'_>, fault: QuantityFault) -> Option<&'static str> {
    let key = match fault {
        QuantityFault::Empty => return None,
        QuantityFault::NotANumber => "field.not_a_number",
        QuantityFault::TooFine => "field.too_fine",
        QuantityFault::NotWhole => "field.not_whole",
        QuantityFault::Zero => "field.zero",
        QuantityFault::TooLarge => "field.too_large",
    };
    Some(shown.text(key))
}
