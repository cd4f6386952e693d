//! Entries set aside, in the window: what is told of them, and trying them again (R14).

use back_office::app::{Message, Page};
use back_office::locale::Language;
use back_office::theme::Theme;
use station_api::{AsideCause, ErrorCode};

use crate::agent::{Agent, Mood};
use crate::sample;
use crate::window::Window;

fn open(language: Language) -> (Agent, Window) {
    let agent = Agent::start(sample::busy());
    let mut window = Window::open(&agent, language, Theme::Light);
    window.send(Message::Open(Page::Quarantine));
    (agent, window)
}

/// Opens the first entry: a sale whose tenders do not add up.
fn look(window: &mut Window) {
    window.click("Look");
}

#[test]
fn r14_entries_set_aside_are_listed_with_why_since_when_and_their_money() {
    let (_agent, window) = open(Language::En);
    window.expect(&[
        "Waiting",
        "ST0001-02-K7Q2M-000412",
        "POS 2",
        "It contradicts itself or what is known.",
        "53 min ago",
        "33,400원",
        "Needs a look",
        "Waits for an update",
        "Unreadable",
        "today's sales include 66,800원 (2)",
    ]);
    window.expect(&["Done", "In the books", "\u{2212}1,234,567원", "Settled · left out"]);
}

#[test]
fn r14_the_days_amount_holds_what_is_set_aside_and_says_so() {
    let (agent, mut window) = open(Language::Ko);
    window.send(Message::Open(Page::Stock));
    window.expect(&["격리 2건 66,800원 포함", "격리된 판매 (상품 미상)", "66,800원"]);
    window.expect(&["격리", "4"]);
    agent.learn(|known| {
        known.overview.sales_total.aside_count = 0;
        known.overview.sales_total.aside_amount = 0;
        known.overview.quarantined = 0;
    });
    window.tick();
    window.expect(&["부가세 포함"]);
    assert!(!window.shows("격리된 판매 (상품 미상)") && !window.shows("4"));
}

#[test]
fn r14_an_entry_is_shown_with_what_happened_why_and_what_now_and_as_it_came() {
    let (agent, mut window) = open(Language::En);
    look(&mut window);
    window.expect(&[
        "Entry set aside",
        "The entry could not be booked and was set aside. Later ones went through.",
        "Supply what is missing and try again. If it stays, compare with the receipt and tell head office.",
        "33,400원 \u{b7} in the totals",
        "POS 2 \u{b7} 412",
        "the sum of the tenders and the total do not agree",
    ]);
    assert!(window.texts().iter().any(|text| text.contains(r#""t":"Sold""#)), "its bytes");
    assert!(agent.writes().is_empty(), "looking changes nothing");
    window.send(Message::Escape);
    assert!(!window.shows("Entry set aside"));
}

#[test]
fn r14_trying_again_in_vain_shows_the_new_reason_and_the_entry_stays() {
    let (agent, mut window) = open(Language::En);
    look(&mut window);
    window.click("Try again");
    let key = agent.known().quarantine[0].row.key.clone();
    assert_eq!(agent.writes()[0].path, format!("/api/v1/quarantine/{key}/replay"));
    window.expect(&[
        "It was tried again and still cannot be processed.",
        "the newest reason of the program",
        "Try again",
    ]);
}

#[test]
fn r14_trying_again_after_a_repair_books_the_entry_and_the_list_says_so() {
    let (agent, mut window) = open(Language::En);
    agent.learn(|known| known.is_repaired = true);
    look(&mut window);
    window.click("Try again");
    window.expect(&["The entry is in the books.", "33,400원 \u{b7} not in the totals"]);
    assert!(!window.shows("Try again"), "it is done");
    window.send(Message::Escape);
    window.click("Try all again");
    window.expect(&["3 put into the books.", "0 stay set aside.", "Nothing waits"]);
}

#[test]
fn r14_a_lost_answer_is_told_and_a_fork_cannot_be_tried() {
    let (agent, mut window) = open(Language::En);
    look(&mut window);
    agent.behave(Mood::RecordsAndHangsUp);
    window.click("Try again");
    window.expect(&["It is not known whether this was recorded."]);
    agent.behave(Mood::Refuses(ErrorCode::AlreadySettled));
    window.click("Try again");
    assert!(!window.shows("It is not known whether this was recorded."));
    agent.behave(Mood::Well);
    window.send(Message::Escape);
    agent.learn(|known| known.quarantine.retain(|entry| entry.row.cause == AsideCause::Fork));
    window.tick();
    look(&mut window);
    window.expect(&["Another entry came first under its number."]);
    assert!(!window.shows("Try again"));
}

#[test]
fn r14_a_station_where_nothing_is_set_aside_says_so() {
    let agent = Agent::start(sample::fresh());
    let mut window = Window::open(&agent, Language::En, Theme::Light);
    window.send(Message::Open(Page::Quarantine));
    window.expect(&["Nothing waits", "Every entry of this station is in the books, or settled."]);
    let pressed = window.gather(|ui| drop(ui.click("Try all again")));
    assert!(pressed.is_empty(), "there is nothing to try: {pressed:?}");
}
