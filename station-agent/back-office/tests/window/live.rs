//! Against a station agent that really runs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use back_office::app::{Message, Page};
use back_office::config::Config;
use back_office::link::Link;
use back_office::locale::Language;
use back_office::theme::Theme;
use station_api::{Client, Delivery, DeliveryState, Kind, Product, StationOrder};
use tokio::runtime::Runtime;

use crate::agent::{Agent, TOKEN};
use crate::sample;
use crate::window::Window;

/// The way to the agent of the back office whose configuration the environment names: enrolled, over TLS.
pub fn live_link() -> Option<Link> {
    let path = PathBuf::from(std::env::var_os("JUYU_OFFICE_CONFIG")?);
    Some(Config::read(&path).unwrap().link(&path).unwrap())
}

/// Orders a product and confirms a delivery through the window, and sees both arrive at the agent of the back office
/// whose configuration is `JUYU_OFFICE_CONFIG`. HQ must dispatch by itself (`auto_dispatch`).
#[test]
#[ignore = "needs a running station agent and an enrolled back office: JUYU_OFFICE_CONFIG"]
fn confirms_a_delivery_on_a_real_agent() {
    let link = live_link().expect("JUYU_OFFICE_CONFIG names an enrolled back office");
    assert!(link.agent_url().starts_with("https://"), "{}", link.agent_url());
    Walk::new(link).go(|| {});
}

/// Keeps the walk itself working where no agent runs.
#[test]
fn the_walk_for_a_real_agent_works_on_the_small_one() {
    let agent = Agent::start(sample::busy());
    Walk::new(Link::local(Client::local(&agent.url, TOKEN).unwrap())).go(|| {
        agent.learn(|known| {
            let order = known.orders[0].clone();
            let delivery = Delivery {
                order_id: "O-2001".to_owned(),
                ship_id: "S-2001".to_owned(),
                quantity_milli: order.quantity_milli,
                product_id: order.product_id,
                ..known.deliveries[0].clone()
            };
            known.deliveries.insert(0, delivery);
        });
    });
}

/// An odd quantity, so that the order is found again among others.
const ORDERED_MILLI: i64 = 1_234_567;
const SHORT_MILLI: i64 = 1_500;

struct Walk {
    client: Client,
    runtime: Runtime,
    window: Window,
}

impl Walk {
    fn new(link: Link) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = link.client().unwrap().clone();
        Self { client, runtime, window: Window::open_on(link, Language::En, Theme::Light) }
    }

    fn deliveries(&self) -> Vec<Delivery> {
        self.runtime.block_on(self.client.deliveries()).unwrap()
    }

    fn orders(&self) -> Vec<StationOrder> {
        self.runtime.block_on(self.client.orders()).unwrap()
    }

    fn go(mut self, dispatch: impl FnOnce()) {
        let products = self.runtime.block_on(self.client.products()).unwrap();
        let product = products.into_iter().find(|product| product.kind == Kind::Fuel).unwrap();
        self.order(&product);
        dispatch();
        let expected = self.await_the_delivery(&product);
        self.confirm(&expected);
    }

    fn order(&mut self, product: &Product) {
        let before = self.orders().len();
        self.window.send(Message::Open(Page::Orders));
        self.window.fill("order-product", &product.product_id, true);
        self.window.fill("order-quantity", "1234.567", true);
        let recorded = format!("The order of {}, 1,234.567 L, is recorded.", product.name_en);
        self.window.expect(&[recorded.as_str()]);
        let orders = self.orders();
        assert_eq!(orders.len(), before + 1);
        let is_ours = |order: &StationOrder| {
            order.quantity_milli == ORDERED_MILLI && order.product_id == product.product_id
        };
        assert!(orders.iter().any(is_ours));
    }

    /// Waits for the delivery of the order, then takes the one that the window lists first.
    fn await_the_delivery(&mut self, product: &Product) -> Delivery {
        let end = Instant::now() + DISPATCH_TIME_MAX;
        let is_expected = |delivery: &Delivery| delivery.state == DeliveryState::Expected;
        loop {
            let deliveries = self.deliveries();
            let has_come = deliveries.iter().any(|delivery| {
                is_expected(delivery)
                    && delivery.quantity_milli == ORDERED_MILLI
                    && delivery.product_id == product.product_id
            });
            if has_come {
                self.window.send(Message::Open(Page::Deliveries));
                self.window.tick();
                return deliveries.into_iter().find(is_expected).unwrap();
            }
            assert!(Instant::now() < end, "no delivery came; does HQ dispatch by itself?");
        }
    }

    fn confirm(&mut self, expected: &Delivery) {
        let measured_milli = expected.quantity_milli - SHORT_MILLI;
        self.window.click("Confirm");
        let typed = format!("{}.{:03}", measured_milli / 1_000, measured_milli % 1_000);
        self.window.fill("measured-quantity", &typed, true);
        assert!(!self.window.shows("Confirm delivery"), "{:?}", self.window.texts());
        self.window.expect(&["\u{2212}1.500 L"]);
        let deliveries = self.deliveries();
        let confirmed = deliveries.iter().find(|it| it.order_id == expected.order_id).unwrap();
        assert_eq!(confirmed.state, DeliveryState::Confirmed);
        assert_eq!(confirmed.received_milli, Some(measured_milli));
    }
}

/// HQ answers and dispatches within seconds when it is there at all.
const DISPATCH_TIME_MAX: Duration = Duration::from_secs(30);
