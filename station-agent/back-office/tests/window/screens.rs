//! What each screen shows, in both languages and themes, and in the states that are seldom seen.

use back_office::app::{Message, Page};
use back_office::locale::Language;
use back_office::theme::Theme;
use iced_test::core::theme::Base as _;

use crate::agent::{Agent, Mood};
use crate::sample;
use crate::window::{LARGE, Window};

const LOOKS: [(Language, Theme); 4] = [
    (Language::Ko, Theme::Light),
    (Language::Ko, Theme::Dark),
    (Language::En, Theme::Light),
    (Language::En, Theme::Dark),
];

fn busy(language: Language) -> (Agent, Window) {
    let agent = Agent::start(sample::busy());
    let window = Window::open(&agent, language, Theme::Light);
    (agent, window)
}

#[test]
fn stock_and_sales_show_money_litres_and_pieces_as_people_write_them() {
    let (_agent, window) = busy(Language::Ko);
    window.expect(&["재고·매출", "25,137,970원", "312건", "취소 3건 제외", "15,542.504 L", "2026-11-23"]);
    window.expect(&["휘발유", "18,253.412 L", "6,412.588 L", "20,000.000 L", "212개", "10,709,021원"]);
    let (_agent, window) = busy(Language::En);
    window.expect(&["Stock and sales", "25,137,970원", "3 cancelled, left out", "Gasoline", "212 ea"]);
}

#[test]
fn what_hq_has_not_got_yet_is_shown_with_the_age_of_the_oldest() {
    let (_agent, window) = busy(Language::Ko);
    window.expect(&["본사 미전송", "14건", "가장 오래된 것 3분 전", "본사 연결됨"]);
    let (_agent, window) = busy(Language::En);
    window.expect(&["Not yet at HQ", "oldest 3 min ago", "HQ connected"]);
}

#[test]
fn r19_the_manager_is_told_while_the_stations_clock_is_in_doubt() {
    for (language, what, now) in [
        (
            Language::Ko,
            "이 점포의 시계가 맞지 않을 수 있습니다.",
            "가격은 그대로 유지되고 판매는 계속됩니다. 점포 에이전트 컴퓨터의 시계를 맞추십시오.",
        ),
        (
            Language::En,
            "The clock of this station may be wrong.",
            "Prices stay as they were and sales go on. Set the clock of the station agent's computer.",
        ),
    ] {
        let mut known = sample::busy();
        known.overview.clock_doubt = true;
        let agent = Agent::start(known);
        let window = Window::open(&agent, language, Theme::Light);
        window.expect(&[what, now]);
    }
}

#[test]
fn a_till_is_connected_silent_or_was_never_seen() {
    let (_agent, window) = busy(Language::En);
    window.expect(&[
        "POS 1",
        "Connected",
        "2 s ago",
        "POS 2",
        "Silent",
        "14 min ago",
        "POS 3",
        "Never seen",
        "never",
    ]);
}

#[test]
fn the_stock_table_shows_only_fuel_or_only_the_shop_when_asked() {
    let (_agent, mut window) = busy(Language::En);
    window.expect(&["AdBlue 10 L", "Premium gasoline"]);
    let washer_fluid_rows = |window: &Window| window.shows("Washer fluid");
    assert!(washer_fluid_rows(&window));
    window.click("Fuel");
    assert!(!washer_fluid_rows(&window));
    window.click("Shop");
    assert!(washer_fluid_rows(&window));
}

#[test]
fn deliveries_are_listed_as_expected_and_as_confirmed_with_over_and_short() {
    let (_agent, mut window) = busy(Language::Ko);
    window.send(Message::Open(Page::Deliveries));
    window.expect(&["입고예정", "서울80바1234", "O-1041", "2026-11-23 12:40", "입고확정"]);
    window.expect(&[
        "입고확정 내역",
        "\u{2212}38.000 L",
        "부족",
        "+12.500 L",
        "초과",
        "차이 없음",
        "19,962.000 L",
    ]);
}

#[test]
fn orders_show_how_far_they_are_and_why_one_was_refused() {
    let (_agent, mut window) = busy(Language::En);
    window.send(Message::Open(Page::Orders));
    window.expect(&["requested", "ordered", "shipped", "confirmed", "refused", "cancelled"]);
    window.expect(&["월 배정량 8,000 L를 넘습니다", "HQ gave no reason."]);
}

#[test]
fn the_side_leads_to_every_page_and_switches_language_and_theme() {
    let (_agent, mut window) = busy(Language::Ko);
    window.click("입고");
    assert!(window.shows("입고확정 내역"));
    window.click("본사 주문");
    assert!(window.shows("새 주문"));
    window.click("English");
    assert!(window.shows("New order"));
    window.click("한국어");
    assert!(window.shows("새 주문"));
    assert_eq!(window.theme().name(), "light");
    window.click("어두운 화면");
    assert_eq!(window.theme().name(), "dark");
    window.click("밝은 화면");
    assert_eq!(window.theme().name(), "light");
}

#[test]
fn no_screen_of_one_language_shows_a_text_of_the_other_or_a_key() {
    for (language, theme) in LOOKS {
        let agent = Agent::start(sample::fresh());
        let mut window = Window::open(&agent, language, theme);
        for page in
            [Page::Stock, Page::Deliveries, Page::Orders, Page::Devices, Page::Quarantine, Page::Status]
        {
            window.send(Message::Open(page));
            let texts = window.texts();
            assert!(texts.len() > 10);
            for text in texts {
                assert!(!text.contains("._") && !text.contains('{'), "{text}");
                let is_korean = text.chars().any(|char| ('가'..='힣').contains(&char));
                let is_shared = text == "한국어" || text.ends_with('원');
                assert!(language == Language::Ko || !is_korean || is_shared, "{text}");
            }
        }
    }
}

#[test]
fn a_station_without_anything_says_what_why_and_what_now() {
    let agent = Agent::start(sample::fresh());
    let mut window = Window::open(&agent, Language::En, Theme::Light);
    window.expect(&[
        "No products",
        "No sales today",
        "Nothing to draw",
        "No terminal is enrolled",
        "HQ not connected",
    ]);
    window.expect(&["everything sent", "A sale at a till is added here within a second."]);
    window.send(Message::Open(Page::Deliveries));
    window.expect(&["No delivery is expected", "Nothing confirmed yet"]);
    window.expect(&["Order at HQ (F3); the delivery appears here when it is shipped."]);
    window.send(Message::Open(Page::Orders));
    window.expect(&["No orders", "The catalogue has not reached this station yet."]);
}

#[test]
fn a_silent_agent_leaves_the_last_answer_on_the_screen_marked_with_its_time() {
    let (agent, mut window) = busy(Language::Ko);
    agent.behave(Mood::HangsUp);
    window.tick();
    window.expect(&["25,137,970원", "점포 에이전트가 응답하지 않습니다. 1초마다 다시 묻습니다. 계속되면 에이전트 PC와 통신선을 확인하십시오."]);
    let texts = window.texts();
    assert!(texts.iter().any(|text| text.ends_with("이후 갱신되지 않았습니다.")));
    assert_eq!(
        texts.iter().filter(|text| text.ends_with(" 기준")).count(),
        4,
        "each of the four cards is marked"
    );
    assert!(!window.shows("본사 연결됨"), "the link to HQ is not known any more");
    agent.behave(Mood::Well);
    window.tick();
    assert!(window.shows("본사 연결됨"));
    assert!(!window.texts().iter().any(|text| text.ends_with(" 기준")));
}

#[test]
fn an_agent_that_was_never_reached_is_named_with_what_to_check() {
    let window = Window::open_at("http://127.0.0.1:1", "token", Language::En, Theme::Dark);
    window.expect(&["The station agent does not answer.", "Agent address: http://127.0.0.1:1/"]);
    assert!(!window.shows("0원"), "what is not known is not shown as zero");
}

#[test]
fn a_wrong_token_says_which_file_to_look_at() {
    let agent = Agent::start(sample::busy());
    let window = Window::open_at(&agent.url, "another-token", Language::En, Theme::Light);
    window.expect(&["The agent did not accept this program.", "The API token is not the agent's."]);
}

#[test]
fn an_answer_that_is_not_the_agents_is_told_apart_from_no_answer() {
    for mood in [Mood::Babbles, Mood::Floods] {
        let (agent, mut window) = busy(Language::En);
        agent.behave(mood);
        window.tick();
        let texts = window.texts();
        assert!(texts.iter().any(|text| text.starts_with("The agent's answer cannot be read.")), "{mood:?}");
        assert!(window.shows("25,137,970원"));
    }
}

#[test]
fn a_long_product_name_stays_within_its_cell() {
    let agent = Agent::start(sample::busy());
    let long = "면세 경유 ".repeat(40);
    agent.learn(|known| {
        for row in &mut known.overview.stock {
            row.name_ko.clone_from(&long);
        }
    });
    let mut window = Window::open(&agent, Language::Ko, Theme::Light);
    for size in [crate::window::SMALL, LARGE] {
        window.resize(size);
        let found = window.ui().find(long.as_str()).unwrap();
        let iced_test::selector::Text::Raw { bounds, .. } = found else { panic!("a text") };
        assert!(bounds.width < size.width / 3.0, "{bounds:?}");
        let number = window.ui().find("18,253.412 L").unwrap();
        let iced_test::selector::Text::Raw { bounds: number, .. } = number else { panic!("a text") };
        assert!(bounds.x + bounds.width <= number.x, "the name does not run into the number");
    }
}
