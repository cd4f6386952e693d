//! Stock and sales of the business day, the tills, and what HQ has not got yet.

use iced::alignment::Vertical;
use iced::widget::text::Wrapping;
use iced::widget::{Row, button, column, container, row};
use iced::{Length, Padding};
use station_api::{Kind, LinkState, Overview, SalesRow, SalesTotal, StockRow, Unit};

use super::{Shown, blank, name_cell};
use crate::format;
use crate::theme::{Ink, Press, Surface, Tone, size, space};
use crate::widget::{
    Column, Element, Figure, HourBar, Icon, caption, card, chip, empty, figure, hour_chart, line, page, table,
};

mod terminals;

/// What can happen here.
#[derive(Debug, Clone)]
pub enum Message {
    /// Show these products.
    Show(Shelf),
}

/// Which products the stock table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shelf {
    #[default]
    All,
    Fuel,
    Goods,
}

impl Shelf {
    const fn holds(self, kind: Kind) -> bool {
        match self {
            Self::All => true,
            Self::Fuel => matches!(kind, Kind::Fuel),
            Self::Goods => matches!(kind, Kind::Goods),
        }
    }
}

/// What is remembered.
#[derive(Debug, Clone, Default)]
pub struct State {
    shelf: Shelf,
}

const RIGHT_WIDTH_SHARE: u16 = 6;
const LEFT_WIDTH_SHARE: u16 = 7;

impl State {
    /// Takes in what happened.
    pub fn update(&mut self, message: &Message) {
        match *message {
            Message::Show(shelf) => self.shelf = shelf,
        }
    }

    /// The page.
    pub fn view<'a>(&'a self, shown: Shown<'a>, overview: &'a Overview) -> Element<'a, Message> {
        let day = row![
            caption(shown.text("stock.business_day")).class(Ink::Muted),
            figure(overview.business_day.as_str()).strong()
        ]
        .spacing(space::S)
        .align_y(Vertical::Center);
        let left = column![self.stock(shown, overview), sales(shown, overview)]
            .spacing(space::M)
            .width(Length::FillPortion(LEFT_WIDTH_SHARE));
        let right = column![hours(shown, overview), terminals::terminals(shown, overview)]
            .spacing(space::M)
            .width(Length::FillPortion(RIGHT_WIDTH_SHARE));
        let content =
            column![headlines(shown, overview), row![left, right].spacing(space::M).height(Length::Fill)]
                .spacing(space::M);
        page(shown.text("nav.stock"), day, content)
    }

    fn stock<'a>(&'a self, shown: Shown<'a>, overview: &'a Overview) -> Element<'a, Message> {
        let shelves = [
            (Shelf::All, "stock.shelf_all"),
            (Shelf::Fuel, "stock.shelf_fuel"),
            (Shelf::Goods, "stock.shelf_goods"),
        ];
        let choices = Row::with_children(shelves.map(|(shelf, key)| {
            button(caption(shown.text(key)))
                .padding(Padding::from([4.0, space::S]))
                .class(Press::Choice { chosen: shelf == self.shelf })
                .on_press(Message::Show(shelf))
                .into()
        }))
        .spacing(2);
        let rows: Vec<_> = overview.stock.iter().filter(|row| self.shelf.holds(row.kind)).collect();
        let content = if rows.is_empty() {
            let [what, why, now] =
                ["stock.empty_what", "stock.empty_why", "stock.empty_now"].map(|key| shown.text(key));
            empty(Icon::Empty, what, why, now)
        } else {
            let columns = [
                Column::text(shown.text("field.product"), 5),
                Column::number(shown.text("stock.on_hand"), 4),
                Column::number(shown.text("stock.sold_today"), 4),
                Column::number(shown.text("stock.expected"), 4),
            ];
            table(&columns, rows.into_iter().map(|row| stock_row(shown, row)))
        };
        card(shown.text("stock.title"), Some(choices.into()), shown.stale(), content)
            .height(Length::Fill)
            .into()
    }
}

fn stock_row<'a>(shown: Shown<'a>, row: &'a StockRow) -> Vec<Element<'a, Message>> {
    let on_hand = shown.quantity(row.on_hand_milli, row.unit).strong();
    let on_hand = if row.on_hand_milli < 0 { on_hand.class(Tone::Bad) } else { on_hand };
    let or_blank = |milli: i64| -> Element<'a, Message> {
        if milli == 0 { blank() } else { shown.quantity(milli, row.unit).into() }
    };
    vec![
        name_cell(shown.name(&row.name_ko, &row.name_en)),
        on_hand.into(),
        or_blank(row.sold_today_milli),
        or_blank(row.expected_milli),
    ]
}

fn sales<'a>(shown: Shown<'a>, overview: &'a Overview) -> Element<'a, Message> {
    let aside = &overview.sales_total;
    let content = if overview.sales.is_empty() && aside.aside_count == 0 {
        let [what, why, now] =
            ["stock.no_sales_what", "stock.no_sales_why", "stock.no_sales_now"].map(|key| shown.text(key));
        empty(Icon::Empty, what, why, now)
    } else {
        let columns = [
            Column::text(shown.text("field.product"), 5),
            Column::number(shown.text("stock.lines"), 2),
            Column::number(shown.text("field.quantity"), 4),
            Column::number(shown.text("field.amount"), 4),
        ];
        table(&columns, overview.sales.iter().map(|row| sales_row(shown, row)).chain(aside_row(shown, aside)))
    };
    card(shown.text("stock.sales_title"), None, shown.stale(), content).height(Length::Fill).into()
}

fn sales_row<'a>(shown: Shown<'a>, row: &'a SalesRow) -> Vec<Element<'a, Message>> {
    vec![
        name_cell(shown.name(&row.name_ko, &row.name_en)),
        figure(format::grouped_unsigned(row.count)).into(),
        shown.quantity(row.quantity_milli, row.unit).into(),
        figure(format::won(row.amount)).strong().into(),
    ]
}

/// So that the rows add up to the amount above: what was sold of which product is not known of these.
fn aside_row<'a>(shown: Shown<'a>, total: &SalesTotal) -> Option<Vec<Element<'a, Message>>> {
    (total.aside_count > 0).then(|| {
        vec![
            line(shown.text("stock.aside_row")).class(Tone::Warn).into(),
            figure(format::grouped_unsigned(total.aside_count)).into(),
            blank(),
            figure(format::won(total.aside_amount)).strong().into(),
        ]
    })
}

fn headlines<'a>(shown: Shown<'a>, overview: &'a Overview) -> Element<'a, Message> {
    let total = &overview.sales_total;
    let fuel_milli = overview
        .stock
        .iter()
        .filter(|row| row.unit == Unit::Litre)
        .fold(0_i64, |sum, row| sum.saturating_add(row.sold_today_milli));
    let count = shown.language.fill("stock.count_of", &[("n", &format::grouped_unsigned(total.count))]);
    let cancelled =
        shown.language.fill("stock.cancelled_of", &[("n", &format::grouped_unsigned(total.cancelled_count))]);
    row![
        headline(
            shown,
            shown.text("stock.amount_today"),
            figure(format::won(total.amount)),
            caption(amount_below(shown, overview)).class(Ink::Muted).into()
        ),
        headline(
            shown,
            shown.text("stock.count_today"),
            figure(count),
            caption(cancelled).class(Ink::Muted).into()
        ),
        headline(
            shown,
            shown.text("stock.fuel_today"),
            shown.quantity(fuel_milli, Unit::Litre),
            caption(shown.text("stock.cancelled_left_out")).class(Ink::Muted).into()
        ),
        not_yet_at_hq(shown, &overview.hq),
    ]
    .spacing(space::M)
    .into()
}

/// What is set aside is in the amount, and is told.
fn amount_below(shown: Shown<'_>, overview: &Overview) -> String {
    let total = &overview.sales_total;
    if total.aside_count == 0 {
        return shown.text("stock.vat_included").to_owned();
    }
    let (n, amount) = (format::grouped_unsigned(total.aside_count), format::won(total.aside_amount));
    shown.language.fill("stock.aside_included", &[("n", &n), ("amount", &amount)])
}

fn headline<'a>(
    shown: Shown<'a>,
    name: &'a str,
    value: Figure,
    below: Element<'a, Message>,
) -> Element<'a, Message> {
    let ink = if shown.station.stale_since().is_some() { Ink::Muted } else { Ink::Full };
    let content = column![
        caption(name).class(Ink::Muted),
        value.size(size::HEADLINE).strong().class(ink),
        container(below).height(HEADLINE_BELOW_HEIGHT).clip(true)
    ]
    .spacing(2);
    container(content)
        .padding(Padding::from([space::M, space::L]))
        .width(Length::Fill)
        .class(Surface::Card)
        .into()
}

/// The chip of the link is higher than the captions beside it; all four cards keep one line.
const HEADLINE_BELOW_HEIGHT: u32 = 20;

/// The same words as at the till: what HQ has not got yet, and since when.
fn not_yet_at_hq<'a>(shown: Shown<'a>, link: &'a LinkState) -> Element<'a, Message> {
    let value =
        shown.language.fill("stock.count_of", &[("n", &format::grouped_unsigned(link.pending_count))]);
    let oldest =
        link.pending_oldest_at.as_deref().and_then(|at| format::age(at, shown.now(), shown.language));
    let words = oldest.map_or_else(
        || shown.text("link.all_sent").to_owned(),
        |age| shown.language.fill("link.oldest", &[("age", &age)]),
    );
    let state = if shown.station.stale_since().is_some() {
        chip(Tone::Neutral, None, shown.text("link.unknown"))
    } else if link.up {
        chip(Tone::Good, Some(Icon::Online), shown.text("link.up"))
    } else {
        chip(Tone::Warn, Some(Icon::Offline), shown.text("link.down"))
    };
    let words = caption(words).class(Ink::Muted).wrapping(Wrapping::None);
    let below = row![state, words].spacing(space::S).align_y(Vertical::Center);
    headline(shown, shown.text("link.pending"), figure(value), below.into())
}

fn hours<'a>(shown: Shown<'a>, overview: &'a Overview) -> Element<'a, Message> {
    let content: Element<'a, Message> = if overview.by_hour.is_empty() {
        let [what, why, now] =
            ["stock.no_hours_what", "stock.no_hours_why", "stock.no_hours_now"].map(|key| shown.text(key));
        empty(Icon::Stock, what, why, now)
    } else {
        let bars = overview.by_hour.iter().map(|row| HourBar {
            hour: row.hour.min(23),
            amount: row.amount,
            tip: format!("{:02}:00\u{2013}{:02}:59  {}", row.hour, row.hour, format::won(row.amount)),
        });
        hour_chart(bars.collect(), shown.station.stale_since().is_some())
    };
    let unit = caption(shown.text("stock.hours_unit")).class(Ink::Muted);
    card(shown.text("stock.hours_title"), Some(unit.into()), shown.stale(), content)
        .height(Length::FillPortion(3))
        .into()
}
