//! Before anything can be shown: a code that makes the agent belong to head office, or this back office to its agent.

use iced::alignment::{Horizontal, Vertical};
use iced::widget::{button, column, container, row, rule, space as filler, text_input};
use iced::{Length, Padding};
use station_api::{ErrorCode, SetupState};

use crate::code;
use crate::fault::Trouble;
use crate::locale::Language;
use crate::theme::{Field, Ink, Surface, Tone, size, space};
use crate::widget::{Element, Icon, body, caption, headline, icon, keycap, line, notice, strong};

/// Who gets an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// The agent, by head office's code.
    Agent(SetupState),
    /// This back office, by a code of the station.
    Office { agent_url: String },
}

/// What can happen here.
#[derive(Debug, Clone)]
pub enum Message {
    /// The code was typed.
    Typed(String),
    /// Use it.
    Submit,
    /// What came of it.
    Answered(Result<Place, Trouble>),
    /// The result was read.
    Go,
}

/// The station that the agent or this back office now belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub station_code: String,
    /// Empty when it was not told yet.
    pub station_name: String,
}

/// What the screen asks of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Put the cursor of the code's field there.
    PlaceCursor(usize),
    /// Have the agent enrolled with this code.
    SetUpAgent { code: String },
    /// Enrol this back office with this code.
    EnrolOffice { code: String },
    /// On to the pages.
    Go,
}

/// What is remembered.
#[derive(Debug, Clone)]
pub struct State {
    whom: Whom,
    code: String,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Typing,
    Sending,
    Failed(Trouble),
    Done(Place),
}

/// The code's field.
pub const CODE: &str = "enrolment-code";

/// After these only another code helps, or none until somebody has looked: the field is emptied.
const SPENT: [ErrorCode; 4] =
    [ErrorCode::CodeExpired, ErrorCode::CodeUsed, ErrorCode::CodeUsedUp, ErrorCode::WrongAuthority];

impl State {
    /// The screen as it opens.
    #[must_use]
    pub fn open(whom: Whom) -> Self {
        Self { whom, code: String::new(), phase: Phase::Typing }
    }

    /// The screen as it opens because the agent no longer takes what this back office had.
    #[must_use]
    pub fn open_after(whom: Whom, trouble: Trouble) -> Self {
        Self { phase: Phase::Failed(trouble), ..Self::open(whom) }
    }

    /// It is for the agent, which may also be enrolled by its command.
    #[must_use]
    pub fn waits_for_agent(&self) -> bool {
        matches!(self.whom, Whom::Agent(_)) && !matches!(self.phase, Phase::Done(_))
    }

    /// Takes in what happened.
    pub fn update(&mut self, message: Message) -> Option<Event> {
        match message {
            Message::Typed(text) => self.typed(&text),
            Message::Submit => self.submit(),
            Message::Answered(Ok(place)) => {
                self.code.clear();
                self.phase = Phase::Done(place);
                None
            }
            Message::Answered(Err(trouble)) => {
                if matches!(&trouble, Trouble::Refused { code, .. } if SPENT.contains(code)) {
                    self.code.clear();
                }
                self.phase = Phase::Failed(trouble);
                None
            }
            Message::Go => matches!(self.phase, Phase::Done(_)).then_some(Event::Go),
        }
    }

    /// The field is rewritten in groups, so the cursor is put where the hand was: what is behind it has not changed.
    fn typed(&mut self, text: &str) -> Option<Event> {
        if !matches!(self.phase, Phase::Typing | Phase::Failed(_)) {
            return None;
        }
        let before = code::grouped(&self.code);
        let same = text.chars().rev().zip(before.chars().rev()).take_while(|(new, old)| new == old).count();
        let ahead: String = text.chars().take(text.chars().count().saturating_sub(same)).collect();
        self.code = code::letters_of(text);
        self.phase = Phase::Typing;
        Some(Event::PlaceCursor(code::cursor_behind(code::letters_of(&ahead).len())))
    }

    fn submit(&mut self) -> Option<Event> {
        if !self.is_complete() || !matches!(self.phase, Phase::Typing | Phase::Failed(_)) {
            return None;
        }
        if code::is_mistyped(&self.code) {
            self.phase =
                Phase::Failed(Trouble::Refused { code: ErrorCode::CodeMistyped, detail: String::new() });
            return None;
        }
        self.phase = Phase::Sending;
        let code = code::grouped(&self.code);
        Some(match &self.whom {
            Whom::Agent(_) => Event::SetUpAgent { code },
            Whom::Office { .. } => Event::EnrolOffice { code },
        })
    }

    fn is_complete(&self) -> bool {
        self.code.len() == code::LENGTH
    }

    /// The sheet in the middle of the window.
    #[must_use]
    pub fn view(&self, language: Language) -> Element<'_, Message> {
        let content = match &self.phase {
            Phase::Done(place) => self.done(language, place),
            Phase::Typing | Phase::Sending | Phase::Failed(_) => self.asking(language),
        };
        let sheet = container(content).padding(space::XL).max_width(SHEET_WIDTH_MAX).class(Surface::Card);
        container(sheet).center(Length::Fill).padding(space::XL).into()
    }

    fn asking(&self, language: Language) -> Element<'_, Message> {
        let text = |key| language.text(key);
        let (title, why) = match self.whom {
            Whom::Agent(_) => ("setup.agent_title", "setup.agent_why"),
            Whom::Office { .. } => ("setup.office_title", "setup.office_why"),
        };
        let count = language.fill("setup.progress", &[("n", &self.code.len().to_string())]);
        let label = row![
            strong(text("setup.code")),
            filler::horizontal(),
            caption(count).class(Ink::Muted).align_x(Horizontal::Right)
        ]
        .align_y(Vertical::Center);
        column![
            headline(text(title)),
            body(text(why)).class(Ink::Muted),
            rule::horizontal(1),
            self.facts(language),
            column![label, self.field()].spacing(space::S),
        ]
        .push(self.failure(language))
        .push(self.submit_line(language))
        .spacing(space::L)
        .into()
    }

    fn facts(&self, language: Language) -> Element<'_, Message> {
        let fact = |key, value| {
            let value = container(line(value).strong()).width(Length::Fill).align_x(Horizontal::Right);
            row![body(language.text(key)).class(Ink::Muted), value].spacing(space::L)
        };
        match &self.whom {
            Whom::Agent(setup) => {
                let name =
                    if setup.station_name.is_empty() { &setup.station_code } else { &setup.station_name };
                column![
                    fact("setup.station", name.as_str()),
                    fact("setup.station_code", setup.station_code.as_str()),
                    fact("setup.hq_address", setup.hq_link.as_str()),
                ]
                .spacing(space::S)
                .into()
            }
            Whom::Office { agent_url } => fact("setup.agent_address", agent_url).into(),
        }
    }

    fn field(&self) -> Element<'_, Message> {
        let is_wrong = matches!(self.phase, Phase::Failed(_)) && !self.code.is_empty();
        text_input("K7Q2-M9XA-\u{2026}", &code::grouped(&self.code))
            .id(CODE)
            .size(size::TITLE)
            .padding(space::M)
            .class(if is_wrong { Field::Wrong } else { Field::Fine })
            .on_input_maybe((self.phase != Phase::Sending).then_some(Message::Typed))
            .on_submit(Message::Submit)
            .into()
    }

    fn failure(&self, language: Language) -> Option<Element<'_, Message>> {
        match &self.phase {
            Phase::Failed(trouble) => Some(notice(Tone::Bad, trouble.of_setup(language))),
            Phase::Typing | Phase::Sending | Phase::Done(_) => None,
        }
    }

    fn submit_line(&self, language: Language) -> Element<'_, Message> {
        let is_sending = self.phase == Phase::Sending;
        let word = language.text(if is_sending { "setup.sending" } else { "setup.submit" });
        let can = self.is_complete() && !is_sending;
        let submit = button(strong(word))
            .padding(Padding::from([space::S, space::XL]))
            .on_press_maybe(can.then_some(Message::Submit));
        let line = row![filler::horizontal()].push(can.then(|| keycap("Enter"))).push(submit);
        line.spacing(space::S).align_y(Vertical::Center).into()
    }

    fn done<'a>(&'a self, language: Language, place: &'a Place) -> Element<'a, Message> {
        let (what, why) = match self.whom {
            Whom::Agent(_) => ("setup.agent_done", "setup.agent_done_now"),
            Whom::Office { .. } => ("setup.office_done", "setup.office_done_now"),
        };
        let station = if place.station_name.is_empty() {
            place.station_code.clone()
        } else {
            format!("{} ({})", place.station_name, place.station_code)
        };
        let go = button(strong(language.text("setup.go")))
            .padding(Padding::from([space::S, space::XL]))
            .on_press(Message::Go);
        column![
            icon(Icon::Online, size::HEADLINE).class(Ink::from(Tone::Good)),
            headline(language.text(what)).align_x(Horizontal::Center),
            strong(station).align_x(Horizontal::Center),
            body(language.text(why)).class(Ink::Muted).align_x(Horizontal::Center),
            container(go).padding(Padding::ZERO.top(space::S)),
        ]
        .spacing(space::M)
        .align_x(Horizontal::Center)
        .width(Length::Fill)
        .into()
    }
}

/// A whole code fits into its field.
const SHEET_WIDTH_MAX: u32 = 640;
