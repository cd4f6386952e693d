//! The frame around the pages: navigation at the left, what is wrong above.

use iced::alignment::{Horizontal, Vertical};
use iced::widget::{Button, Row, button, column, container, row, rule, space as filler, text};
use iced::{Length, Padding};

use super::{App, Message, Page, Standing};
use crate::fault::{Fault, Trouble};
use crate::format;
use crate::screen::{Shown, status};
use crate::theme::{Ink, Press, Surface, Theme, Tone, font, size, space};
use crate::widget::{Element, Icon, banner, body, caption, chip, empty, icon, keycap, strong};

const SIDE_WIDTH: u32 = 208;

impl App {
    /// The window's content.
    #[must_use]
    pub fn view(&self) -> Element<'_, Message> {
        if let Standing::SettingUp(screen) = &self.standing {
            return self.before_the_pages(screen.view(self.language).map(Message::Setup));
        }
        let main = column![]
            .push(self.stale_banner())
            .push(self.clock_banner())
            .push(self.page())
            .width(Length::Fill)
            .height(Length::Fill);
        let frame = row![self.side(), rule::vertical(1), main];
        container(frame).width(Length::Fill).height(Length::Fill).class(Surface::Canvas).into()
    }

    fn page(&self) -> Element<'_, Message> {
        let shown = Shown { language: self.language, station: &self.station };
        let Some(overview) = &self.station.overview else {
            return self.before_the_first_answer();
        };
        match self.page {
            Page::Stock => self.stock.view(shown, overview).map(Message::Stock),
            Page::Deliveries => self.deliveries.view(shown).map(Message::Deliveries),
            Page::Orders => self.orders.view(shown).map(Message::Orders),
            Page::Devices => self.devices.view(shown).map(Message::Devices),
            Page::Status => status::view(shown, overview),
            Page::Quarantine => self.quarantine.view(shown).map(Message::Quarantine),
        }
    }

    /// Nothing was ever heard: asked just now, or no answer.
    fn before_the_first_answer(&self) -> Element<'_, Message> {
        let text = |key| self.language.text(key);
        match &self.station.trouble {
            None => {
                empty(Icon::Clock, text("app.asking_what"), text("app.asking_why"), text("app.asking_now"))
            }
            Some(trouble) => {
                let fault = trouble.explain(self.language);
                let address = self.language.fill("app.agent_address", &[("address", self.link.agent_url())]);
                let words = column![
                    icon(Icon::Offline, size::HEADLINE).class(Ink::from(Tone::Warn)),
                    strong(fault.what),
                    body(fault.why).class(Ink::Muted).align_x(Horizontal::Center),
                    body(fault.now).align_x(Horizontal::Center),
                    caption(address).class(Ink::Muted),
                ]
                .spacing(space::S)
                .max_width(520)
                .align_x(Horizontal::Center);
                container(words).center(Length::Fill).padding(space::XL).into()
            }
        }
    }

    /// While the agent is silent: since when, why, and what now.
    fn stale_banner(&self) -> Option<Element<'_, Message>> {
        let trouble = self.station.trouble.as_ref()?;
        let since = format::time(self.station.stale_since()?);
        let head = self.language.fill("stale.since", &[("time", &since)]);
        let Fault { what, now, .. } = trouble.explain(self.language);
        let shape = if *trouble == Trouble::Unreachable { Icon::Offline } else { Icon::Alert };
        Some(banner(Tone::Warn, shape, head, format!("{what} {now}")))
    }

    /// While the station's clock may be wrong (R19): what stays as it is, and what to do.
    fn clock_banner(&self) -> Option<Element<'_, Message>> {
        self.station.overview.as_ref().filter(|overview| overview.clock_doubt)?;
        let head = self.language.text("clock.doubt_what").to_owned();
        let rest = self.language.text("clock.doubt_now").to_owned();
        Some(banner(Tone::Warn, Icon::Alert, head, rest))
    }

    fn side(&self) -> Element<'_, Message> {
        let (name, code) = self.station.overview.as_ref().map_or(("\u{2013}", ""), |overview| {
            (overview.station_name.as_str(), overview.station_code.as_str())
        });
        let station = column![strong(name).class(Ink::Full), caption(code).class(Ink::Muted)].spacing(2);
        let pages = column![
            self.nav(Page::Stock, Icon::Stock, "nav.stock", "F1"),
            self.nav(Page::Deliveries, Icon::Deliveries, "nav.deliveries", "F2"),
            self.nav(Page::Orders, Icon::Orders, "nav.orders", "F3"),
            self.nav(Page::Devices, Icon::Devices, "nav.devices", "F4"),
            self.nav(Page::Quarantine, Icon::Aside, "nav.quarantine", "F5"),
            self.nav(Page::Status, Icon::Status, "nav.status", "F6"),
        ]
        .spacing(2);
        let [language, theme] = self.switches();
        let switches = column![language.width(Length::Fill), theme.width(Length::Fill)].spacing(2);
        let content = column![
            container(self.brand()).padding(Padding::from([space::XS, space::S])),
            container(station).padding(Padding::from([space::XS, space::S])),
            pages,
            filler::vertical(),
            switches
        ]
        .spacing(space::L);
        container(content)
            .padding(Padding::from([space::L, space::S]))
            .width(SIDE_WIDTH)
            .height(Length::Fill)
            .class(Surface::Side)
            .into()
    }

    /// The window while there is nothing to lead to.
    fn before_the_pages<'a>(&self, content: Element<'a, Message>) -> Element<'a, Message> {
        let [language, theme] = self.switches();
        let head = row![self.brand(), filler::horizontal(), language, theme].align_y(Vertical::Center);
        let head = container(head).padding(Padding::from([space::M, space::XL])).class(Surface::Side);
        let frame = column![head, rule::horizontal(1), content];
        container(frame).width(Length::Fill).height(Length::Fill).class(Surface::Canvas).into()
    }

    fn brand<'a>(&self) -> Row<'a, Message, Theme> {
        row![
            icon(Icon::Fuel, size::TITLE).class(Ink::Accent),
            strong(self.language.text("app.title")).class(Ink::Full)
        ]
        .spacing(space::S)
        .align_y(Vertical::Center)
    }

    fn switches<'a>(&self) -> [Button<'a, Message, Theme>; 2] {
        let (theme_icon, theme_key) = match self.theme {
            Theme::Light => (Icon::Moon, "app.to_dark"),
            Theme::Dark => (Icon::Sun, "app.to_light"),
        };
        let text = |key| self.language.text(key);
        [
            side_button(Icon::Languages, text("app.to_other_language"), Message::SwitchLanguage),
            side_button(theme_icon, text(theme_key), Message::SwitchTheme),
        ]
    }

    fn nav<'a>(&self, page: Page, shape: Icon, key: &'static str, shortcut: &'a str) -> Element<'a, Message> {
        let open = page == self.page;
        let name = body(self.language.text(key));
        let name = if open { name.font(font::STRONG) } else { name };
        // What waits is told from every page.
        let waiting = self.station.overview.as_ref().map_or(0, |overview| overview.quarantined);
        let mark = (page == Page::Quarantine && waiting > 0)
            .then(|| chip(Tone::Warn, None, format::grouped_unsigned(waiting)));
        let line = side_line(shape, name).push(filler::horizontal()).push(mark).push(keycap(shortcut));
        button(line)
            .padding(Padding::from([space::S, space::S]))
            .width(Length::Fill)
            .class(Press::Nav { open })
            .on_press(Message::Open(page))
            .into()
    }
}

fn side_button<'a>(shape: Icon, name: &'a str, message: Message) -> Button<'a, Message, Theme> {
    button(side_line(shape, body(name)))
        .padding(Padding::from([space::S, space::S]))
        .class(Press::Nav { open: false })
        .on_press(message)
}

fn side_line<'a>(shape: Icon, name: text::Text<'a, Theme>) -> Row<'a, Message, Theme> {
    row![icon(shape, size::BODY_LARGE), name].spacing(space::M).align_y(Vertical::Center)
}
