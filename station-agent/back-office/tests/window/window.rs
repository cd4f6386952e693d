//! The window without a display: builds the view, clicks and types in it, and runs what the program asks for.

use back_office::app::{App, Message};
use back_office::link::Link;
use back_office::locale::Language;
use back_office::theme::{Theme, font};
use iced_test::core::{Size, widget};
use iced_test::futures::futures::StreamExt as _;
use iced_test::runtime::{Action, task};
use iced_test::{Error, Selector, Simulator};
use station_api::Client;

use crate::agent::{Agent, TOKEN};

pub const SMALL: Size = Size::new(1280.0, 800.0);
pub const LARGE: Size = Size::new(1920.0, 1080.0);

pub type Ui<'a> = Simulator<'a, Message, Theme>;

pub struct Window {
    app: App,
    runtime: tokio::runtime::Runtime,
    size: Size,
}

impl Window {
    /// Opens the program on an agent and waits for its first answer.
    pub fn open(agent: &Agent, language: Language, theme: Theme) -> Self {
        Self::open_at(&agent.url, TOKEN, language, theme)
    }

    pub fn open_at(url: &str, token: &str, language: Language, theme: Theme) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = {
            let _guard = runtime.enter();
            Client::local(url, token).unwrap()
        };
        Self::start(runtime, Link::local(client), language, theme)
    }

    /// Opens the program on its way to an agent, which need not be there.
    pub fn open_on(link: Link, language: Language, theme: Theme) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self::start(runtime, link, language, theme)
    }

    fn start(runtime: tokio::runtime::Runtime, link: Link, language: Language, theme: Theme) -> Self {
        let (app, first) = App::open(link, language, theme);
        let mut window = Self { app, runtime, size: SMALL };
        window.run(first);
        window
    }

    pub fn resize(&mut self, size: Size) {
        self.size = size;
    }

    /// A second passes.
    pub fn tick(&mut self) {
        self.send(Message::Tick);
    }

    pub fn send(&mut self, message: Message) {
        let task = self.app.update(message);
        self.run(task);
    }

    /// Sends a message without waiting for what it starts: the state in between.
    pub fn send_and_leave(&mut self, message: Message) {
        drop(self.app.update(message));
    }

    fn run(&mut self, task: iced::Task<Message>) {
        let Some(stream) = task::into_stream(task) else {
            return;
        };
        let outputs = self.runtime.block_on(stream.collect::<Vec<_>>());
        for output in outputs {
            // Focus and selection are the window's; a Simulator is focused by clicking.
            if let Action::Output(message) = output {
                self.send(message);
            }
        }
    }

    pub fn ui(&self) -> Ui<'_> {
        Simulator::with_size(font::settings(), self.size, self.app.view())
    }

    pub fn theme(&self) -> Theme {
        self.app.theme()
    }

    /// Does something in the window and lets the program take it in.
    pub fn act(&mut self, act: impl FnOnce(&mut Ui<'_>)) {
        for message in self.gather(act) {
            self.send(message);
        }
    }

    /// Does something in the window; what the program would be told, without telling it.
    pub fn gather(&self, act: impl FnOnce(&mut Ui<'_>)) -> Vec<Message> {
        let mut ui = self.ui();
        act(&mut ui);
        ui.into_messages().collect()
    }

    pub fn click(&mut self, text: &str) {
        self.act(|ui| {
            ui.click(text).unwrap_or_else(|error| panic!("no {text:?} to click: {error}"));
        });
    }

    /// Types into a field, over what it holds, and presses Enter when asked to.
    pub fn fill(&mut self, field: &'static str, text: &str, enter: bool) {
        self.act(|ui| {
            // Three clicks select everything.
            for _ in 0..3 {
                ui.click(widget::Id::new(field)).unwrap();
            }
            ui.typewrite(text);
        });
        if enter {
            self.act(|ui| {
                ui.click(widget::Id::new(field)).unwrap();
                ui.tap_key(iced::keyboard::key::Named::Enter);
            });
        }
    }

    pub fn shows(&self, text: &str) -> bool {
        self.finds(text).is_ok()
    }

    fn finds(&self, text: &str) -> Result<(), Error> {
        self.ui().find(text).map(|_| ())
    }

    /// Fails with the text that is missing.
    #[track_caller]
    pub fn expect(&self, texts: &[&str]) {
        let mut ui = self.ui();
        for text in texts {
            assert!(ui.find(*text).is_ok(), "{text:?} is not shown");
        }
    }

    /// Every text in the window.
    pub fn texts(&self) -> Vec<String> {
        let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        struct Gather(std::sync::Arc<std::sync::Mutex<Vec<String>>>);
        impl Selector for Gather {
            type Output = ();

            fn select(&mut self, candidate: iced_test::selector::Candidate<'_>) -> Option<()> {
                if let iced_test::selector::Candidate::Text { content, .. } = candidate {
                    self.0.lock().unwrap().push(content.to_owned());
                }
                None
            }

            fn description(&self) -> String {
                "every text".to_owned()
            }
        }
        let _ = self.ui().find(Gather(std::sync::Arc::clone(&seen)));
        std::mem::take(&mut *seen.lock().unwrap())
    }
}
