//! Against a station agent that really runs.

use std::fs;
use std::time::{Duration, Instant};

use back_office::app::{Message, Page};
use back_office::locale::Language;
use back_office::theme::Theme;
use station_api::{Client, Delivery, DeliveryState, Kind, Product, StationOrder};
use tokio::runtime::Runtime;

use crate::agent::{Agent, TOKEN};
use crate::sample;
use crate::window::Window;

/// Address and token of the agent that the environment names.
pub fn live_agent() -> Option<(String, String)> {
    let url = std::env::var("JUYU_AGENT_URL").ok()?;
    let file = std::env::var_os("JUYU_AGENT_TOKEN_FILE")?;
    Some((url, fs::read_to_string(file).unwrap()))
}

/// Orders a product and confirms a delivery through the window, and sees both arrive at the agent that
/// `JUYU_AGENT_URL` and `JUYU_AGENT_TOKEN_FILE` name. HQ must dispatch by itself (`auto_dispatch`).
#[test]
#[ignore = "needs a running station agent: JUYU_AGENT_URL, JUYU_AGENT_TOKEN_FILE"]
fn confirms_a_delivery_on_a_real_agent() {
    let (url, token) = live_agent().expect("JUYU_AGENT_URL and JUYU_AGENT_TOKEN_FILE name an agent");
    Walk::new(&url, &token).go(|| {});
}

/// Keeps the walk itself working where no agent runs.
#[test]
fn the_walk_for_a_real_agent_works_on_the_small_one() {
    let agent = Agent::start(sample::busy());
    Walk::new(&agent.url, TOKEN).go(|| {
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
    fn new(url: &str, token: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = Client::local(url, token).unwrap();
        Self { client, runtime, window: Window::open_at(url, token, Language::En, Theme::Light) }
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
