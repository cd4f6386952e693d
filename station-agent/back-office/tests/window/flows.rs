//! What a person does, and what the agent is asked for it.

use back_office::app::{Message, Page};
use back_office::locale::Language;
use back_office::theme::Theme;
use station_api::{DeliveryState, ErrorCode, OrderStatus};

use crate::agent::{Agent, Mood};
use crate::sample;
use crate::window::Window;

const MEASURED: &str = "measured-quantity";
const PRODUCT: &str = "order-product";
const QUANTITY: &str = "order-quantity";

fn open(page: Page) -> (Agent, Window) {
    let agent = Agent::start(sample::busy());
    let mut window = Window::open(&agent, Language::En, Theme::Light);
    window.send(Message::Open(page));
    (agent, window)
}

#[test]
fn the_dialog_starts_from_the_shipped_quantity_and_shows_the_difference_before_confirming() {
    let (agent, mut window) = open(Page::Deliveries);
    window.click("Confirm");
    window.expect(&["Confirm delivery", "20000", "exact"]);
    window.fill(MEASURED, "19962.5", false);
    window.expect(&["\u{2212}37.500 L", "short"]);
    window.fill(MEASURED, "20010", false);
    window.expect(&["+10.000 L", "over"]);
    assert!(agent.writes().is_empty(), "nothing is asked before it is confirmed");
}

#[test]
fn a_delivery_is_confirmed_by_enter_with_the_measured_quantity() {
    let (agent, mut window) = open(Page::Deliveries);
    window.click("Confirm");
    window.fill(MEASURED, "19,962.5", true);
    let writes = agent.writes();
    assert_eq!(writes.len(), 1);
    assert_eq!(writes[0].path, "/api/v1/deliveries/O-1041/confirm");
    assert_eq!(writes[0].body, r#"{"quantity_milli":19962500}"#);
    assert!(!window.shows("Confirm delivery"), "the dialog is closed");
    window.expect(&["19,962.500 L", "\u{2212}37.500 L"]);
    let delivery = &agent.known().deliveries[0];
    assert_eq!((delivery.state, delivery.received_milli), (DeliveryState::Confirmed, Some(19_962_500)));
}

#[test]
fn a_quantity_that_cannot_be_recorded_is_not_sent() {
    let (agent, mut window) = open(Page::Deliveries);
    window.click("Confirm");
    for (typed, words) in [
        ("0", "Zero cannot be recorded. Type more than zero."),
        ("-5", "Not a number. Type it as 20000 or 20000.5."),
        ("1.2345", "At most three decimals can be recorded."),
        ("99999999999", "That number is too large. Check its digits."),
    ] {
        window.fill(MEASURED, typed, true);
        window.expect(&[words, "Confirm delivery"]);
    }
    assert!(agent.writes().is_empty());
}

#[test]
fn going_back_records_nothing() {
    let (agent, mut window) = open(Page::Deliveries);
    window.click("Confirm");
    window.click("Go back");
    assert!(!window.shows("Confirm delivery"));
    window.click("Confirm");
    window.send(Message::Escape);
    assert!(!window.shows("Confirm delivery"));
    assert!(agent.writes().is_empty());
}

#[test]
fn a_lost_answer_is_told_and_pressing_again_uses_the_same_key() {
    let (agent, mut window) = open(Page::Deliveries);
    window.click("Confirm");
    agent.behave(Mood::RecordsAndHangsUp);
    window.fill(MEASURED, "19962.5", true);
    window.expect(&[
        "It is not known whether this was recorded.",
        "Press again; it will not be recorded twice.",
    ]);
    agent.behave(Mood::Well);
    window.fill(MEASURED, "19962.5", true);
    let writes = agent.writes();
    assert_eq!(writes.len(), 2);
    assert_eq!(writes[0], writes[1]);
    assert!(!window.shows("Confirm delivery"));
}

#[test]
fn a_refusal_is_explained_in_the_dialog_and_the_quantity_stays() {
    let (agent, mut window) = open(Page::Deliveries);
    window.click("Confirm");
    agent.behave(Mood::Refuses(ErrorCode::AlreadyConfirmed));
    window.fill(MEASURED, "19962.5", true);
    window.expect(&["This delivery is confirmed already.", "19962.5", "Confirm delivery"]);
}

#[test]
fn while_a_confirmation_is_on_its_way_it_cannot_be_sent_again_nor_closed() {
    let (_agent, mut window) = open(Page::Deliveries);
    window.click("Confirm");
    let messages = window.gather(|ui| {
        ui.click("Enter").ok();
        ui.click(iced_test::core::widget::Id::new(MEASURED)).unwrap();
        ui.tap_key(iced::keyboard::key::Named::Enter);
    });
    for message in messages {
        window.send_and_leave(message);
    }
    window.expect(&["Recording", "Confirm delivery"]);
    window.send(Message::Escape);
    window.expect(&["Recording"]);
    assert!(window.gather(|ui| drop(ui.click("Recording"))).is_empty());
}

#[test]
fn an_order_is_placed_with_the_keyboard_alone() {
    let (agent, mut window) = open(Page::Orders);
    window.fill(PRODUCT, "dies", true);
    window.fill(QUANTITY, "16000", true);
    let writes = agent.writes();
    assert_eq!(writes.len(), 1);
    assert_eq!(writes[0].path, "/api/v1/orders");
    assert_eq!(writes[0].body, r#"{"product_id":"CD1002","quantity_milli":16000000}"#);
    assert_eq!(writes[0].key.len(), 32);
    window.expect(&["The order of Diesel, 16,000.000 L, is recorded."]);
    assert_eq!(agent.known().orders[0].status, OrderStatus::Requested);
}

#[test]
fn a_product_is_chosen_with_the_pointer_and_pieces_are_whole() {
    let (agent, mut window) = open(Page::Orders);
    window.fill(PRODUCT, "GD2004", false);
    window.click("AdBlue 10 L");
    window.fill(QUANTITY, "1.5", true);
    window.expect(&["This product comes in pieces. Type a whole number."]);
    assert!(agent.writes().is_empty());
    window.fill(QUANTITY, "40", false);
    window.click("Send order");
    assert_eq!(agent.writes()[0].body, r#"{"product_id":"GD2004","quantity_milli":40000}"#);
}

#[test]
fn nothing_matches_says_so_and_nothing_can_be_sent() {
    let (agent, mut window) = open(Page::Orders);
    window.fill(PRODUCT, "hydrogen", true);
    window.expect(&["No product matches"]);
    window.fill(QUANTITY, "10", true);
    window.click("Send order");
    assert!(agent.writes().is_empty());
}

#[test]
fn an_order_with_a_lost_answer_is_recorded_once_and_a_new_one_has_a_new_key() {
    let (agent, mut window) = open(Page::Orders);
    let order = |window: &mut Window, litres: &str| {
        window.fill(PRODUCT, "dies", true);
        window.fill(QUANTITY, litres, true);
    };
    let before = agent.known().orders.len();
    agent.behave(Mood::RecordsAndHangsUp);
    order(&mut window, "16000");
    window.expect(&["It is not known whether this was recorded."]);
    agent.behave(Mood::Well);
    window.fill(QUANTITY, "16000", true);
    window.expect(&["The order of Diesel, 16,000.000 L, is recorded."]);
    assert_eq!(agent.known().orders.len(), before + 1);
    order(&mut window, "16000");
    assert_eq!(
        agent.known().orders.len(),
        before + 2,
        "the same again is a new order once the first is settled"
    );
    let keys: Vec<_> = agent.writes().into_iter().map(|write| write.key).collect();
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[1], keys[2]);
}

#[test]
fn a_refused_order_keeps_what_was_typed() {
    let (agent, mut window) = open(Page::Orders);
    agent.behave(Mood::Refuses(ErrorCode::StorageFull));
    window.fill(PRODUCT, "dies", true);
    window.fill(QUANTITY, "16000", true);
    window.expect(&["It was not recorded.", "The disk of the agent's computer is full.", "16000"]);
}

#[test]
fn what_changes_at_the_station_is_on_the_screen_a_question_later() {
    let (agent, mut window) = open(Page::Stock);
    window.expect(&["18,253.412 L"]);
    agent.learn(|known| known.overview.stock[0].on_hand_milli = 18_233_412);
    window.tick();
    window.expect(&["18,233.412 L"]);
}
