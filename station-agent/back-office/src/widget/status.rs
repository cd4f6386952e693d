//! How something stands: always a shape and a word, never a colour alone.

use iced::alignment::Vertical;
use iced::widget::{Row, column, container, row, text};
use iced::{Length, Padding};

use super::{Element, Icon, body, caption, icon, strong};
use crate::fault::Fault;
use crate::theme::{Ink, Surface, Tone, font, size, space};

/// A small word, with a shape before it.
pub fn chip<'a, Message: 'a>(
    tone: Tone,
    shape: Option<Icon>,
    word: impl text::IntoFragment<'a>,
) -> Element<'a, Message> {
    let content = Row::new()
        .push(shape.map(|shape| icon(shape, size::CAPTION)))
        .push(caption(word).font(font::STRONG).wrapping(text::Wrapping::None))
        .spacing(space::XS)
        .align_y(Vertical::Center);
    container(content).padding(Padding::from([2.0, space::S])).class(Surface::Chip(tone)).into()
}

/// A key as printed on a keyboard.
pub fn keycap<'a, Message: 'a>(key: &'a str) -> Element<'a, Message> {
    container(caption(key)).padding(Padding::from([0.0, space::XS])).class(Surface::Keycap).into()
}

/// What happened, why, and what now, where it happened.
pub fn notice<'a, Message: 'a>(tone: Tone, fault: Fault) -> Element<'a, Message> {
    let words = column![strong(fault.what), body(fault.why).class(Ink::Muted)]
        .push((!fault.now.is_empty()).then(|| body(fault.now)))
        .spacing(2);
    let content =
        row![icon(shape_of(tone), size::BODY_LARGE).class(Ink::from(tone)), words].spacing(space::S);
    container(content)
        .padding(Padding::from([space::S, space::M]))
        .width(Length::Fill)
        .class(Surface::Notice(tone))
        .into()
}

/// The same across the whole window, in one line.
pub fn banner<'a, Message: 'a>(tone: Tone, shape: Icon, head: String, rest: String) -> Element<'a, Message> {
    let content = row![icon(shape, size::BODY_LARGE), strong(head), body(rest).class(Ink::Full)]
        .spacing(space::S)
        .align_y(Vertical::Center);
    container(content)
        .padding(Padding::from([space::S, space::XL]))
        .width(Length::Fill)
        .class(Surface::Banner(tone))
        .into()
}

const fn shape_of(tone: Tone) -> Icon {
    match tone {
        Tone::Good => Icon::Online,
        Tone::Warn | Tone::Bad => Icon::Alert,
        Tone::Neutral | Tone::Info => Icon::Info,
    }
}

/// One step of a way.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Its word.
    pub word: &'static str,
    /// How far it is.
    pub at: StepAt,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepAt {
    Done,
    Now,
    Ahead,
}

impl Step {
    /// The steps of `words` when the one at `reached` is the newest.
    #[must_use]
    pub fn way<const N: usize>(words: [&'static str; N], reached: usize) -> [Self; N] {
        let mut place = 0_usize;
        words.map(|word| {
            let at = match place.cmp(&reached) {
                std::cmp::Ordering::Less => StepAt::Done,
                std::cmp::Ordering::Equal if reached.saturating_add(1) == N => StepAt::Done,
                std::cmp::Ordering::Equal => StepAt::Now,
                std::cmp::Ordering::Greater => StepAt::Ahead,
            };
            place = place.saturating_add(1);
            Self { word, at }
        })
    }
}

/// The steps in a line: done ones with a check, the present one marked, later ones faint.
pub fn stepper<'a, Message: 'a, const N: usize>(steps: [Step; N]) -> Element<'a, Message> {
    let mut line = Row::new().spacing(space::XS).align_y(Vertical::Center);
    for (place, step) in steps.into_iter().enumerate() {
        if place > 0 {
            line = line.push(caption("\u{203a}").class(Ink::Faint));
        }
        line = line.push(match step.at {
            StepAt::Done => Element::from(
                row![
                    icon(Icon::Check, size::CAPTION).class(Ink::from(Tone::Good)),
                    caption(step.word).class(Ink::Muted).wrapping(text::Wrapping::None)
                ]
                .spacing(2)
                .align_y(Vertical::Center),
            ),
            StepAt::Now => chip(Tone::Info, None, step.word),
            StepAt::Ahead => caption(step.word).class(Ink::Faint).wrapping(text::Wrapping::None).into(),
        });
    }
    line.into()
}
