//! Codes that make the agent, this back office and the tills belong, and revoking what no longer should.

use back_office::app::{Message, Page};
use back_office::link::Link;
use back_office::locale::Language;
use back_office::theme::Theme;
use station_api::{Client, Device, DeviceKind, ErrorCode};

use crate::agent::{Agent, Mood, TOKEN};
use crate::sample;
use crate::window::Window;

const CODE: &str = "enrolment-code";
const NUMBER: &str = "till-number";
const REASON: &str = "revoke-reason";

fn set_up(language: Language) -> (Agent, Window) {
    let agent = Agent::start(sample::unenrolled());
    let window = Window::open(&agent, language, Theme::Light);
    (agent, window)
}

fn devices() -> (Agent, Window) {
    let agent = Agent::start(sample::busy());
    let mut window = Window::open(&agent, Language::En, Theme::Light);
    window.send(Message::Open(Page::Devices));
    (agent, window)
}

#[test]
fn an_agent_without_an_identity_asks_for_head_offices_code_instead_of_showing_pages() {
    let (_agent, window) = set_up(Language::Ko);
    window.expect(&["점포 에이전트를 등록하십시오", "SK Imme", "ST0001", "hq.example.kr:8883"]);
    window.expect(&["32자 중 0자"]);
    assert!(!window.shows("재고·매출"), "there is nothing to lead to yet");
}

#[test]
fn the_code_is_grouped_while_it_is_typed_and_sent_by_enter() {
    let (agent, mut window) = set_up(Language::En);
    let code = sample::code(0);
    window.fill(CODE, &code.replace('-', "").to_lowercase(), false);
    window.expect(&["32 of 32 characters", code.as_str()]);
    window.act(|ui| {
        ui.click(iced_test::core::widget::Id::new(CODE)).unwrap();
        ui.tap_key(iced::keyboard::key::Named::Enter);
    });
    assert_eq!(agent.writes().last().unwrap().body, format!(r#"{{"code":"{code}"}}"#));
    window.expect(&["The station agent is enrolled", "SK Imme (ST0001)"]);
    window.click("Go on");
    window.expect(&["Stock and sales", "No products"]);
}

#[test]
fn a_mistyped_code_is_found_before_anything_is_sent() {
    let (agent, mut window) = set_up(Language::En);
    let code = sample::code(0);
    let other = if code.starts_with('0') { '1' } else { '0' };
    window.fill(CODE, &format!("{other}{}", &code[1..]), true);
    window.expect(&["The enrolment code is mistyped."]);
    assert!(agent.writes().is_empty());
    window.fill(CODE, "K", false);
    assert!(!window.shows("The enrolment code is mistyped."), "it goes with the next letter");
}

#[test]
fn a_code_that_is_not_whole_is_not_sent() {
    let (agent, mut window) = set_up(Language::En);
    window.fill(CODE, &sample::code(0)[..20], true);
    window.expect(&["16 of 32 characters"]);
    assert!(agent.writes().is_empty());
}

#[test]
fn each_refusal_of_a_code_says_what_to_do() {
    for (code, what, is_emptied) in [
        (ErrorCode::CodeUnknown, "The enrolment code is unknown.", false),
        (ErrorCode::CodeExpired, "The enrolment code has expired.", true),
        (ErrorCode::CodeUsed, "The enrolment code has been used.", true),
        (ErrorCode::CodeUsedUp, "The enrolment code no longer works.", true),
        (ErrorCode::WrongAuthority, "What answered is not what this code was made for.", true),
        (ErrorCode::HqUnreachable, "Head office does not answer.", false),
    ] {
        let (agent, mut window) = set_up(Language::En);
        agent.behave(Mood::Refuses(code));
        window.fill(CODE, &sample::code(0), true);
        window.expect(&[what, if is_emptied { "0 of 32 characters" } else { "32 of 32 characters" }]);
    }
}

#[test]
fn a_silent_agent_leaves_the_code_in_its_field() {
    let (agent, mut window) = set_up(Language::Ko);
    agent.behave(Mood::HangsUp);
    window.fill(CODE, &sample::code(0), true);
    window.expect(&["점포 에이전트가 응답하지 않습니다.", "32자 중 32자"]);
}

#[test]
fn an_agent_that_was_enrolled_by_its_command_is_noticed() {
    let (agent, mut window) = set_up(Language::En);
    agent.learn(|known| known.setup.enrolled = true);
    window.tick();
    window.expect(&["The station agent is enrolled"]);
}

#[test]
fn an_agent_that_loses_its_identity_asks_for_a_code_again() {
    let agent = Agent::start(sample::busy());
    let mut window = Window::open(&agent, Language::En, Theme::Light);
    agent.learn(|known| known.setup.enrolled = false);
    agent.behave(Mood::OnlySaysHowItStands(ErrorCode::NotEnrolled));
    window.tick();
    window.expect(&["Enrol the station agent"]);
}

#[test]
fn a_back_office_on_another_computer_asks_for_a_code_of_the_station() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("office.identity");
    let link = Link::secure("https://127.0.0.1:1", file.clone(), None).unwrap();
    let mut window = Window::open_on(link, Language::En, Theme::Dark);
    window.expect(&["Enrol this back office", "https://127.0.0.1:1", "0 of 32 characters"]);
    window.fill(CODE, &sample::code(3), true);
    window.expect(&["The station agent does not answer.", "32 of 32 characters"]);
    assert!(!file.exists(), "nothing was kept");
}

#[test]
fn beside_its_agent_a_back_office_is_enrolled_after_the_agent() {
    let agent = Agent::start(sample::unenrolled());
    let folder = tempfile::tempdir().unwrap();
    let local = Client::local(&agent.url, TOKEN).unwrap();
    let link =
        Link::secure("https://127.0.0.1:1", folder.path().join("office.identity"), Some(local)).unwrap();
    let mut window = Window::open_on(link, Language::En, Theme::Light);
    window.expect(&["Enrol the station agent"]);
    window.fill(CODE, &sample::code(0), true);
    window.click("Go on");
    window.expect(&["Enrol this back office"]);
}

#[test]
fn devices_are_listed_with_what_they_are_and_how_long_their_certificate_lasts() {
    let (_agent, window) = devices();
    window.expect(&[
        "Station agent",
        "Back office",
        "POS 1",
        "POS 2",
        "POS 4",
        "1f3a9c2d",
        "2 s ago",
        "never",
    ]);
    window.expect(&["2026-12-01 15:20", "8 days left", "2026-11-20 10:20", "Ended"]);
    window.expect(&["Revoked devices", "5be80f16", "2026-10-02 10:00"]);
}

#[test]
fn the_next_free_number_is_proposed_for_a_new_till() {
    let (agent, mut window) = devices();
    window.click("Code for a till");
    window.expect(&["3", "This number is free. It is printed on receipts."]);
    window.fill(NUMBER, "2", false);
    window.expect(&["This number is enrolled. Use it only to enrol that till again."]);
    window.fill(NUMBER, "100", true);
    window.expect(&["Enter a whole number from 1 to 99."]);
    assert!(agent.writes().is_empty());
    window.fill(NUMBER, "3", true);
    assert_eq!(agent.writes()[0].body, r#"{"kind":"till","terminal":3}"#);
    let code = sample::code(1);
    let groups: Vec<&str> = code.split('-').collect();
    window.expect(&["Enrolment code for POS 3", "15:00"]);
    window.expect(&groups);
}

#[test]
fn a_code_counts_down_by_the_agents_clock_and_another_is_one_press_away() {
    let (agent, mut window) = devices();
    window.click("Code for a back office");
    assert_eq!(agent.writes()[0].body, r#"{"kind":"office","terminal":null}"#);
    agent.learn(|known| known.overview.now = "2026-11-23T05:19:00Z".to_owned());
    window.tick();
    window.expect(&["1:07"]);
    agent.learn(|known| known.overview.now = "2026-11-23T05:20:07Z".to_owned());
    window.tick();
    window.expect(&["The code has expired."]);
    window.click("Make another");
    assert_eq!(agent.writes().len(), 2);
}

#[test]
fn a_code_that_was_used_says_so() {
    let (agent, mut window) = devices();
    window.click("Code for a till");
    window.fill(NUMBER, "3", true);
    agent.learn(|known| {
        let new = Device {
            device_id: "9".repeat(32),
            kind: DeviceKind::Till,
            terminal: Some(3),
            enrolled_at: "2026-11-23T05:06:00Z".to_owned(),
            ..known.devices[0].clone()
        };
        known.devices.push(new);
    });
    window.tick();
    window.expect(&["It is enrolled.", "Device 99999999 has its certificate."]);
}

#[test]
fn a_code_that_does_not_come_can_be_asked_for_again() {
    let (agent, mut window) = devices();
    agent.behave(Mood::HangsUp);
    window.click("Code for a till");
    window.fill(NUMBER, "3", true);
    window.expect(&["No code came."]);
    agent.behave(Mood::Well);
    window.fill(NUMBER, "3", true);
    window.expect(&["Enrolment code for POS 3"]);
}

#[test]
fn a_device_is_revoked_with_a_reason_and_moves_to_the_revoked() {
    let (agent, mut window) = devices();
    ask_to_revoke(&agent, &mut window, DeviceKind::Till);
    window.expect(&["Revoke this device?", "POS 1 \u{b7} 1f3a9c2d"]);
    window.expect(&["The live connection of this device is cut within a minute."]);
    window.fill(REASON, "   ", true);
    assert!(agent.writes().is_empty(), "a reason is needed");
    window.fill(REASON, "분실", true);
    let writes = agent.writes();
    assert_eq!(writes[0].path, format!("/api/v1/devices/{}/revoke", "1f3a9c2d".repeat(4)));
    assert_eq!(writes[0].body, r#"{"reason":"분실","override_pending":false}"#);
    assert!(!window.shows("Revoke this device?"));
    window.expect(&["분실", "2026-11-23 14:05"]);
}

#[test]
fn the_agent_itself_is_not_revoked_here() {
    let (agent, mut window) = devices();
    agent.learn(|known| known.devices.retain(|device| device.kind == DeviceKind::Agent));
    window.tick();
    window.expect(&["Station agent"]);
    assert!(!window.shows("Revoke"));
}

#[test]
fn a_refused_revoking_stays_in_its_dialog_with_the_reason_typed() {
    let (agent, mut window) = devices();
    ask_to_revoke(&agent, &mut window, DeviceKind::Office);
    agent.behave(Mood::Refuses(ErrorCode::UnknownDevice));
    window.fill(REASON, "lost", true);
    window.expect(&["This device is not enrolled.", "lost", "Revoke this device?"]);
    window.send(Message::Escape);
    assert!(!window.shows("Revoke this device?"));
}

#[test]
fn a_station_without_devices_says_how_to_get_one() {
    let agent = Agent::start(sample::fresh());
    let mut window = Window::open(&agent, Language::En, Theme::Light);
    window.send(Message::Open(Page::Devices));
    window
        .expect(&["No device is enrolled", "Make a code for a till and type it in the till's first screen."]);
}

/// Asks to revoke the only device of a kind: the button's word stands in every row.
fn ask_to_revoke(agent: &Agent, window: &mut Window, kind: DeviceKind) {
    agent.learn(|known| {
        let device = known.devices.iter().find(|device| device.kind == kind).unwrap().clone();
        known.devices = vec![device];
    });
    window.tick();
    window.click("Revoke");
}
