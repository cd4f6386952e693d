//! Orders to HQ: a form, and how far each order is.

use std::sync::Arc;

use iced::alignment::{Horizontal, Vertical};
use iced::widget::{
    Column as Lines, button, column, container, row, scrollable, space as filler, text_input,
};
use iced::{Length, Padding};
use station_api::{ClientError, PlaceOrder, Product, StationOrder, Unit};

use super::{Shown, quantity_fault};
use crate::fault::{Fault, Trouble};
use crate::format;
use crate::theme::{Field, Ink, Press, Tone, font, size, space};
use crate::widget::{Element, Icon, body, caption, card, empty, line, notice, page, strong};

mod list;

/// What can happen here.
#[derive(Debug, Clone)]
pub enum Message {
    /// Letters of a product's name or code were typed.
    Sought(String),
    /// The first product that matches is meant.
    ChooseFirst,
    /// This product is meant.
    Choose { product_id: String },
    /// The quantity was typed.
    Typed(String),
    /// Send the order.
    Submit,
    /// The agent's answer.
    Answered(Result<StationOrder, Arc<ClientError>>),
}

/// What the screen asks of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Put the cursor into the quantity.
    FocusQuantity,
    /// Ask the agent.
    Place(PlaceOrder),
    /// The agent has recorded it.
    Placed(StationOrder),
}

/// What is remembered.
#[derive(Debug, Clone, Default)]
pub struct State {
    sought: String,
    chosen: Option<String>,
    quantity: String,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Filling,
    Sending,
    Placed(Box<StationOrder>),
    Failed(Trouble),
}

/// The field to find a product with.
pub const PRODUCT: &str = "order-product";
/// The field for the quantity.
pub const QUANTITY: &str = "order-quantity";
const FORM_WIDTH: u32 = 280;
/// Ten products, no part of an eleventh; the quantity stays close below the list.
const CHOICES_HEIGHT_MAX: u32 = 320;
/// Matches that are listed; whoever sees so many types one more letter.
const MATCHES_MAX: usize = 50;
impl State {
    /// Takes in what happened.
    pub fn update(&mut self, message: Message, products: &[Product]) -> Option<Event> {
        match message {
            Message::Sought(sought) => {
                self.sought = sought;
                self.chosen = None;
                self.reopen();
                None
            }
            Message::ChooseFirst => {
                let product_id = self.matches(products).next()?.product_id.clone();
                self.choose(product_id)
            }
            Message::Choose { product_id } => self.choose(product_id),
            Message::Typed(quantity) => {
                self.quantity = quantity;
                self.reopen();
                None
            }
            Message::Submit => {
                let order = self.order(products).filter(|_| self.phase != Phase::Sending)?;
                self.phase = Phase::Sending;
                Some(Event::Place(order))
            }
            Message::Answered(Ok(order)) => {
                *self = Self { phase: Phase::Placed(Box::new(order.clone())), ..Self::default() };
                Some(Event::Placed(order))
            }
            Message::Answered(Err(error)) => {
                self.phase = Phase::Failed(Trouble::of(&error));
                None
            }
        }
    }

    fn choose(&mut self, product_id: String) -> Option<Event> {
        self.chosen = Some(product_id);
        self.reopen();
        Some(Event::FocusQuantity)
    }

    /// What was said about the last order goes when the next one begins.
    fn reopen(&mut self) {
        if self.phase != Phase::Sending {
            self.phase = Phase::Filling;
        }
    }

    fn matches<'a>(&self, products: &'a [Product]) -> impl Iterator<Item = &'a Product> + use<'a> {
        let sought = self.sought.trim().to_lowercase();
        products
            .iter()
            .filter(move |product| {
                [&product.name_ko, &product.name_en, &product.product_id]
                    .into_iter()
                    .any(|name| name.to_lowercase().contains(&sought))
            })
            .take(MATCHES_MAX)
    }

    fn chosen<'a>(&self, products: &'a [Product]) -> Option<&'a Product> {
        let chosen = self.chosen.as_ref()?;
        products.iter().find(|product| product.product_id == *chosen)
    }

    fn order(&self, products: &[Product]) -> Option<PlaceOrder> {
        let product = self.chosen(products)?;
        let quantity_milli = format::read_quantity(&self.quantity, product.unit).ok()?;
        Some(PlaceOrder { product_id: product.product_id.clone(), quantity_milli })
    }

    /// The page.
    pub fn view<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let form = container(self.form(shown)).width(FORM_WIDTH);
        let content = row![form, list::orders(shown)].spacing(space::M).height(Length::Fill);
        page(shown.text("nav.orders"), filler(), content)
    }

    fn form<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let products = &shown.station.products;
        let is_sending = self.phase == Phase::Sending;
        let unit = self.chosen(products).map_or(Unit::Litre, |product| product.unit);
        let fault =
            format::read_quantity(&self.quantity, unit).err().and_then(|fault| quantity_fault(shown, fault));
        let seek = text_input(shown.text("orders.seek_hint"), &self.sought)
            .id(PRODUCT)
            .padding(space::S)
            .on_input_maybe((!is_sending).then_some(Message::Sought))
            .on_submit(Message::ChooseFirst);
        let quantity = text_input("0", &self.quantity)
            .id(QUANTITY)
            .size(size::TITLE)
            .padding(space::S)
            .align_x(Horizontal::Right)
            .class(if fault.is_some() { Field::Wrong } else { Field::Fine })
            .on_input_maybe((!is_sending).then_some(Message::Typed))
            .on_submit(Message::Submit);
        let word = if is_sending { "orders.sending" } else { "orders.submit" };
        let submit = button(strong(shown.text(word)).width(Length::Fill).align_x(Horizontal::Center))
            .padding(Padding::from([space::M, space::L]))
            .width(Length::Fill)
            .on_press_maybe((self.order(products).is_some() && !is_sending).then_some(Message::Submit));
        let content = column![
            caption(shown.text("field.product")).class(Ink::Muted).font(font::STRONG),
            seek,
            container(self.choices(shown)).max_height(CHOICES_HEIGHT_MAX),
            caption(shown.text("field.quantity")).class(Ink::Muted).font(font::STRONG),
            row![quantity, body(unit.as_str()).class(Ink::Muted)].spacing(space::S).align_y(Vertical::Center),
        ]
        .push(fault.map(|words| caption(words).class(Ink::Toned(Tone::Bad))))
        .push(self.outcome(shown))
        .push(submit)
        .spacing(space::S);
        card(shown.text("orders.form_title"), None, None, content).height(Length::Fill).into()
    }

    fn choices<'a>(&'a self, shown: Shown<'a>) -> Element<'a, Message> {
        let products = &shown.station.products;
        if products.is_empty() {
            let [what, why, now] =
                ["orders.no_products_what", "orders.no_products_why", "orders.no_products_now"]
                    .map(|key| shown.text(key));
            return empty(Icon::Empty, what, why, now);
        }
        let mut matches = self.matches(products).peekable();
        if matches.peek().is_none() {
            let [what, why, now] = ["orders.no_match_what", "orders.no_match_why", "orders.no_match_now"]
                .map(|key| shown.text(key));
            return empty(Icon::Empty, what, why, now);
        }
        let choices = matches.map(|product| self.choice(shown, product));
        let bar = scrollable::Scrollbar::new().width(space::XS).scroller_width(space::XS);
        scrollable(Lines::with_children(choices).spacing(2).padding(Padding::ZERO.right(space::S)))
            .direction(scrollable::Direction::Vertical(bar))
            .into()
    }

    fn choice<'a>(&'a self, shown: Shown<'a>, product: &'a Product) -> Element<'a, Message> {
        let on_hand = shown
            .station
            .overview
            .as_ref()
            .and_then(|overview| overview.stock.iter().find(|row| row.product_id == product.product_id))
            .map(|row| shown.quantity(row.on_hand_milli, row.unit).size(size::CAPTION));
        let name = line(shown.name(&product.name_ko, &product.name_en));
        let line = row![container(name).width(Length::Fill).clip(true)]
            .push(on_hand)
            .spacing(space::S)
            .align_y(Vertical::Center);
        button(line)
            .padding(Padding::from([6.0, space::S]))
            .width(Length::Fill)
            .class(Press::Choice { chosen: self.chosen.as_ref() == Some(&product.product_id) })
            .on_press_maybe(
                (self.phase != Phase::Sending)
                    .then(|| Message::Choose { product_id: product.product_id.clone() }),
            )
            .into()
    }

    fn outcome<'a>(&'a self, shown: Shown<'a>) -> Option<Element<'a, Message>> {
        match &self.phase {
            Phase::Filling | Phase::Sending => None,
            Phase::Failed(trouble) => Some(notice(Tone::Bad, trouble.of_write(shown.language))),
            Phase::Placed(order) => {
                let quantity = format::quantity(order.quantity_milli, order.unit, shown.language);
                let values = [
                    ("product", shown.name(&order.name_ko, &order.name_en)),
                    ("quantity", quantity.as_str()),
                ];
                Some(notice(
                    Tone::Good,
                    Fault {
                        what: shown.language.fill("orders.placed_what", &values),
                        why: shown.text("orders.placed_why").to_owned(),
                        now: String::new(),
                    },
                ))
            }
        }
    }
}
