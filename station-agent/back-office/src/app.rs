//! The program: which page is open, what the agent last said, and the asking.

use std::sync::Arc;
use std::time::Duration;

use iced::keyboard::key::Named;
use iced::widget::operation;
use iced::{Subscription, Task, keyboard};
use jiff::Timestamp;
use station_api::{ClientError, ConfirmDelivery, IdempotencyKey, PlaceOrder, SetupState};
use sync_identity::Identity;
use sync_identity::exchange::Place;

use crate::link::{JoinError, Link};
use crate::locale::Language;
use crate::screen::{deliveries, devices, orders, quarantine as aside, setup, stock};
use crate::station::{self, Answer, Station};
use crate::theme::Theme;

mod belonging;
mod quarantine;
mod view;

/// How often the agent is asked.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// The catalogue is asked for once in so many questions: it is long and changes a few times a day.
const PRODUCTS_EVERY: u32 = 30;

/// The pages, in the order of their keys F1 to F6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Page {
    #[default]
    Stock,
    Deliveries,
    Orders,
    Devices,
    Quarantine,
    Status,
}

/// What can happen.
#[derive(Debug, Clone)]
pub enum Message {
    /// Show this page.
    Open(Page),
    /// Korean to English or back.
    SwitchLanguage,
    /// Light to dark or back.
    SwitchTheme,
    /// A second has passed.
    Tick,
    /// The agent was asked; `at` is when the answer, or its absence, was known.
    Heard { at: Timestamp, result: Result<Box<Answer>, Arc<ClientError>> },
    /// The agent on this computer was asked whether it belongs to a chain.
    HeardSetup { at: Timestamp, result: Result<SetupState, Arc<ClientError>> },
    /// The agent used head office's code.
    AgentSetUp(Result<SetupState, Arc<ClientError>>),
    /// This back office used a code of the station.
    Enrolled(Result<Box<(Identity, Place)>, Arc<JoinError>>),
    /// Tab or Shift+Tab.
    MoveFocus { back: bool },
    /// Esc.
    Escape,
    /// On the page of stock and sales.
    Stock(stock::Message),
    /// On the page of deliveries.
    Deliveries(deliveries::Message),
    /// On the page of orders.
    Orders(orders::Message),
    /// On the page of devices.
    Devices(devices::Message),
    /// On the page of entries set aside.
    Quarantine(aside::Message),
    /// On the screen before the pages.
    Setup(setup::Message),
}

/// The state of the program.
#[derive(Debug)]
pub struct App {
    link: Link,
    standing: Standing,
    language: Language,
    theme: Theme,
    page: Page,
    station: Station,
    stock: stock::State,
    deliveries: deliveries::State,
    orders: orders::State,
    devices: devices::State,
    quarantine: aside::State,
    /// A question is on its way; the next waits for it.
    is_asking: bool,
    questions: u32,
    /// An order that was sent and may or may not be recorded: sending the same again uses its key again.
    unsettled_order: Option<(PlaceOrder, IdempotencyKey)>,
}

/// Whether there is anything to show yet.
#[derive(Debug, Clone)]
enum Standing {
    /// Finding out.
    Finding,
    /// The agent, or this back office, has no identity.
    SettingUp(setup::State),
    /// On the pages.
    Working,
}

impl App {
    /// The program at its start, and its first question.
    pub fn open(link: Link, language: Language, theme: Theme) -> (Self, Task<Message>) {
        let mut app = Self {
            link,
            standing: Standing::Finding,
            language,
            theme,
            page: Page::default(),
            station: Station::default(),
            stock: stock::State::default(),
            deliveries: deliveries::State::default(),
            orders: orders::State::default(),
            devices: devices::State::default(),
            quarantine: aside::State::default(),
            is_asking: false,
            questions: 0,
            unsettled_order: None,
        };
        let question = app.find_out();
        (app, question)
    }

    /// The window's title.
    #[must_use]
    pub fn title(&self) -> String {
        let name = self.language.text("app.title");
        match &self.station.overview {
            Some(overview) => format!("{} \u{2013} {name}", overview.station_name),
            None => name.to_owned(),
        }
    }

    /// Light or dark.
    #[must_use]
    pub fn theme(&self) -> Theme {
        self.theme
    }

    /// Takes in what happened; the task is what is to be done about it.
    pub fn update(&mut self, message: Message) -> Task<Message> {
        match message {
            Message::Open(page) => {
                self.page = page;
                if page == Page::Orders { operation::focus(orders::PRODUCT) } else { Task::none() }
            }
            Message::SwitchLanguage => {
                self.language = self.language.other();
                Task::none()
            }
            Message::SwitchTheme => {
                self.theme = self.theme.other();
                Task::none()
            }
            Message::Tick => self.tick(),
            Message::Heard { at, result } => {
                self.is_asking = false;
                if let Err(error) = &result {
                    tracing::debug!(error = %error, "the agent gave no answer");
                }
                self.link.heard(result.as_ref().ok().map(|answer| answer.overview.now.as_str()));
                let lost = result.as_ref().err().map(Arc::clone);
                self.station.hear(at, result.map(|answer| *answer));
                lost.map_or_else(Task::none, |error| self.on_refusal(&error))
            }
            Message::HeardSetup { at, result } => self.heard_setup(at, result),
            Message::AgentSetUp(result) => self.agent_set_up(result),
            Message::Enrolled(result) => self.enrolled(result),
            Message::MoveFocus { back: false } => operation::focus_next(),
            Message::MoveFocus { back: true } => operation::focus_previous(),
            Message::Escape => {
                self.deliveries.update(deliveries::Message::Close, &self.station.deliveries);
                self.devices.update(devices::Message::Close, &self.station.devices);
                self.quarantine.update(aside::Message::Close, &self.station.quarantine);
                Task::none()
            }
            Message::Stock(message) => {
                self.stock.update(&message);
                Task::none()
            }
            Message::Deliveries(message) => {
                let event = self.deliveries.update(message, &self.station.deliveries);
                event.map_or_else(Task::none, |event| self.on_deliveries(event))
            }
            Message::Orders(message) => {
                self.settle(&message);
                let event = self.orders.update(message, &self.station.products);
                event.map_or_else(Task::none, |event| self.on_orders(event))
            }
            Message::Devices(message) => {
                let event = self.devices.update(message, &self.station.devices);
                event.map_or_else(Task::none, |event| self.on_devices(event))
            }
            Message::Quarantine(message) => {
                let event = self.quarantine.update(message, &self.station.quarantine);
                event.map_or_else(Task::none, |event| self.on_quarantine(event))
            }
            Message::Setup(message) => self.on_setup(message),
        }
    }

    fn on_deliveries(&mut self, event: deliveries::Event) -> Task<Message> {
        match event {
            deliveries::Event::FocusMeasured => Task::batch([
                operation::focus(deliveries::MEASURED),
                operation::select_all(deliveries::MEASURED),
            ]),
            deliveries::Event::Confirm { order_id, confirm } => self.confirm(order_id, confirm),
            deliveries::Event::Confirmed(delivery) => {
                self.station.put_delivery(delivery);
                self.ask()
            }
        }
    }

    fn on_orders(&mut self, event: orders::Event) -> Task<Message> {
        match event {
            orders::Event::FocusQuantity => operation::focus(orders::QUANTITY),
            orders::Event::Place(order) => self.place(order),
            orders::Event::Placed(order) => {
                self.station.put_order(order);
                Task::batch([self.ask(), operation::focus(orders::PRODUCT)])
            }
        }
    }

    fn ask(&mut self) -> Task<Message> {
        let Some(client) = self.link.client().cloned().filter(|_| !self.is_asking) else {
            return Task::none();
        };
        self.is_asking = true;
        let with_products = self.station.products.is_empty() || self.questions.is_multiple_of(PRODUCTS_EVERY);
        self.questions = self.questions.wrapping_add(1);
        Task::perform(station::ask(client, with_products), |result| Message::Heard {
            at: Timestamp::now(),
            result: result.map(Box::new).map_err(Arc::new),
        })
    }

    /// The delivery and the quantity are the whole intention, so they make the key.
    fn confirm(&self, order_id: String, confirm: ConfirmDelivery) -> Task<Message> {
        let Some(client) = self.link.client().cloned() else {
            return Task::none();
        };
        let key = IdempotencyKey::new(format!("confirm-{order_id}-{}", confirm.quantity_milli));
        let asked = order_id.clone();
        let confirming = async move { client.confirm_delivery(&order_id, confirm, &key?).await };
        Task::perform(confirming, move |result| {
            let order_id = asked.clone();
            Message::Deliveries(deliveries::Message::Answered {
                order_id,
                result: result.map(Box::new).map_err(Arc::new),
            })
        })
    }

    fn place(&mut self, order: PlaceOrder) -> Task<Message> {
        let answered = |result: Result<_, ClientError>| {
            Message::Orders(orders::Message::Answered(result.map_err(Arc::new)))
        };
        let unsettled = self.unsettled_order.take().filter(|(unsettled, _)| *unsettled == order);
        let key = match unsettled {
            Some((_, key)) => key,
            None => match random_key() {
                Ok(key) => key,
                Err(error) => return Task::done(answered(Err(error))),
            },
        };
        let Some(client) = self.link.client().cloned() else {
            return Task::none();
        };
        self.unsettled_order = Some((order.clone(), key.clone()));
        Task::perform(async move { client.place_order(&order, &key).await }, answered)
    }

    /// Any answer but silence says whether the order is recorded; then its key is used up.
    fn settle(&mut self, message: &orders::Message) {
        if let orders::Message::Answered(result) = message
            && !result.as_ref().is_err_and(|error| error.is_unreachable())
        {
            self.unsettled_order = None;
        }
    }

    /// What the program listens to.
    pub fn subscription(&self) -> Subscription<Message> {
        Subscription::batch([
            iced::time::every(ASK_EVERY).map(|_| Message::Tick),
            iced::event::listen_with(|event, status, _window| on_key(&event, status)),
            self.link.renewal(),
        ])
    }
}

fn random_key() -> Result<IdempotencyKey, ClientError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| ClientError::Settings {
        what: "this computer's source of random numbers does not answer",
    })?;
    Ok(IdempotencyKey::from_random(bytes))
}

/// Esc and the F-keys count wherever the cursor is; Tab only where no field has used it.
fn on_key(event: &iced::Event, status: iced::event::Status) -> Option<Message> {
    let iced::Event::Keyboard(keyboard::Event::KeyPressed {
        key: keyboard::Key::Named(key), modifiers, ..
    }) = event
    else {
        return None;
    };
    match key {
        Named::Tab if status == iced::event::Status::Ignored => {
            Some(Message::MoveFocus { back: modifiers.shift() })
        }
        Named::Escape => Some(Message::Escape),
        Named::F1 => Some(Message::Open(Page::Stock)),
        Named::F2 => Some(Message::Open(Page::Deliveries)),
        Named::F3 => Some(Message::Open(Page::Orders)),
        Named::F4 => Some(Message::Open(Page::Devices)),
        Named::F5 => Some(Message::Open(Page::Quarantine)),
        Named::F6 => Some(Message::Open(Page::Status)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use iced::event::Status;
    use iced::keyboard::key::{Code, Physical};
    use iced::keyboard::{Event, Key, Location, Modifiers};

    use super::*;

    fn press(key: Named, modifiers: Modifiers, status: Status) -> Option<Message> {
        let event = Event::KeyPressed {
            key: Key::Named(key),
            modified_key: Key::Named(key),
            physical_key: Physical::Code(Code::F35),
            location: Location::Standard,
            modifiers,
            text: None,
            repeat: false,
        };
        on_key(&iced::Event::Keyboard(event), status)
    }

    #[test]
    fn pages_open_by_their_keys_also_while_a_field_has_the_cursor() {
        for (key, page) in [
            (Named::F1, Page::Stock),
            (Named::F2, Page::Deliveries),
            (Named::F3, Page::Orders),
            (Named::F4, Page::Devices),
            (Named::F5, Page::Quarantine),
            (Named::F6, Page::Status),
        ] {
            let message = press(key, Modifiers::NONE, Status::Captured);
            assert!(matches!(message, Some(Message::Open(opened)) if opened == page));
        }
    }

    #[test]
    fn tab_walks_through_the_fields_both_ways_and_escape_closes() {
        let tab = |modifiers| press(Named::Tab, modifiers, Status::Ignored);
        assert!(matches!(tab(Modifiers::NONE), Some(Message::MoveFocus { back: false })));
        assert!(matches!(tab(Modifiers::SHIFT), Some(Message::MoveFocus { back: true })));
        assert!(press(Named::Tab, Modifiers::NONE, Status::Captured).is_none());
        let escape = press(Named::Escape, Modifiers::NONE, Status::Captured);
        assert!(matches!(escape, Some(Message::Escape)));
    }
}
