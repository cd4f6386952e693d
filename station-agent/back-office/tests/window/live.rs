//! Against a station agent that really runs.

use std::fs;
use std::time::{Duration, Instant};

use back_office::app::{Message, Page};
use back_office::locale::Language;
use back_office::theme::Theme;
use station_api::{Client, ClientError, Delivery, DeliveryState, Kind, StationOrder};

use crate::window::Window;

/// Address and token of the agent that the environment names.
pub fn live_agent() -> Option<(String, String)> {
    let url = std::env::var("JUYU_AGENT_URL").ok()?;
    let file = std::env::var_os("JUYU_AGENT_TOKEN_FILE")?;
    Some((url, fs::read_to_string(file).unwrap()))
}

/// Orders a product and confirms a delivery through the window, and sees both arrive at the agent that
/// `JUYU_AGENT_URL` and `JUYU_AGENT_TOKEN_FILE` name. A delivery must be on its way there, or come of the order.
#[test]
#[ignore = "needs a running station agent: JUYU_AGENT_URL, JUYU_AGENT_TOKEN_FILE"]
fn confirms_a_delivery_on_a_real_agent() {
    let (url, token) = live_agent().expect("JUYU_AGENT_URL and JUYU_AGENT_TOKEN_FILE name an agent");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = Client::new(&url, &token).unwrap();
    let ask = |what: &str| -> (Vec<Delivery>, Vec<StationOrder>) {
        runtime
            .block_on(async { Ok::<_, ClientError>((client.deliveries().await?, client.orders().await?)) })
            .unwrap_or_else(|error| panic!("{what}: {error}"))
    };
    let product =
        runtime.block_on(client.products()).unwrap().into_iter().find(|it| it.kind == Kind::Fuel).unwrap();
    let mut window = Window::open_at(&url, &token, Language::En, Theme::Light);

    let (_, orders_before) = ask("before the order");
    window.send(Message::Open(Page::Orders));
    window.fill("order-product", &product.product_id, true);
    window.fill("order-quantity", "1234.5", true);
    window.expect(&[&format!("The order of {}, 1,234.500 L, is recorded.", product.name_en)]);
    let (_, orders) = ask("after the order");
    assert_eq!(orders.len(), orders_before.len() + 1);
    assert!(
        orders
            .iter()
            .any(|order| order.quantity_milli == 1_234_500 && order.product_id == product.product_id)
    );

    window.send(Message::Open(Page::Deliveries));
    let expected = wait_for(|| {
        let (deliveries, _) = ask("waiting for a delivery");
        deliveries.into_iter().find(|delivery| delivery.state == DeliveryState::Expected)
    });
    window.tick();
    window.click("Confirm");
    // The first row's delivery is the one that the dialog is about.
    let measured_milli = expected.quantity_milli - 1_500;
    let typed = format!("{}.{:03}", measured_milli / 1_000, measured_milli % 1_000);
    window.fill("measured-quantity", &typed, true);
    assert!(!window.shows("Confirm delivery"), "{:?}", window.texts());
    let (deliveries, _) = ask("after the confirmation");
    let confirmed = deliveries.iter().find(|delivery| delivery.order_id == expected.order_id).unwrap();
    assert_eq!(confirmed.state, DeliveryState::Confirmed);
    assert_eq!(confirmed.received_milli, Some(measured_milli));
    assert_eq!(confirmed.over_short_milli(), Some(-1_500));
    window.expect(&["\u{2212}1.500 L"]);
}

/// Asks until there is an answer: a delivery comes when HQ has dispatched the order.
fn wait_for<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "no delivery came within 30 seconds; does HQ dispatch by itself?");
    }
}
