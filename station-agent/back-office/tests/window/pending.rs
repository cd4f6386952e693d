//! What has not reached head office is on screen, and nothing is given up for it unnoticed (R17).

use back_office::app::{Message, Page};
use back_office::locale::Language;
use back_office::theme::Theme;
use station_api::{Device, DeviceKind};

use crate::agent::{Agent, Mood};
use crate::sample;
use crate::window::Window;

const REASON: &str = "revoke-reason";

fn open(page: Page) -> (Agent, Window) {
    let agent = Agent::start(sample::busy());
    let mut window = Window::open(&agent, Language::En, Theme::Light);
    window.send(Message::Open(page));
    (agent, window)
}

/// Leaves one device of the list, so that its button is the only one.
fn only(agent: &Agent, window: &mut Window, wanted: impl Fn(&Device) -> bool) {
    agent.learn(|known| known.devices.retain(|device| wanted(device) && device.revoked_at.is_none()));
    window.tick();
}

fn is_silent_till(device: &Device) -> bool {
    device.kind == DeviceKind::Till && device.terminal == Some(2)
}

#[test]
fn r17_pending_oldest_and_last_acknowledgement_are_shown_and_of_each_till_since_when_it_is_stale() {
    let (agent, mut window) = open(Page::Status);
    window.expect(&["Not yet at HQ", "14", "Oldest", "3 min ago", "Last acknowledged by HQ", "HQ connected"]);
    window.expect(&["POS 1", "Connected", "9", "POS 2", "Silent since 2026-11-23 13:51", "5+", "Never seen"]);
    agent.learn(|known| {
        known.overview.terminals[0].on_till = 7;
        known.overview.hq.up = false;
    });
    window.tick();
    window.expect(&["Only on the till", "7", "HQ not connected"]);
    window.send(Message::Open(Page::Stock));
    window.expect(&["Silent", "5+"]);
}

#[test]
fn alarms_of_the_agents_data_are_shown_with_what_to_do() {
    let (agent, mut window) = open(Page::Status);
    window.expect(&[
        "The database was restored, cloned or moved and began a new journal. If nobody meant to, tell head office.",
        "the database was put back from a copy; life 4e4e ends, life 5f5f begins",
        "The nightly check found nothing wrong.",
    ]);
    agent.learn(|known| known.overview.alarms.clear());
    window.tick();
    window.expect(&["No alarms"]);
}

#[test]
fn r17_a_device_with_entries_pending_is_not_revoked_until_somebody_says_to_go_on() {
    let (agent, mut window) = open(Page::Devices);
    only(&agent, &mut window, is_silent_till);
    window.click("Revoke");
    window.expect(&[
        "5 entries of this device have not reached head office.",
        "Nothing was heard of it since 2026-11-23 13:51: it may hold more that nobody counts here.",
    ]);
    window.fill(REASON, "lost", true);
    assert_eq!(agent.writes()[0].body, r#"{"reason":"lost","override_pending":false}"#);
    window.expect(&["It was not revoked.", "lost", "Revoke this device?"]);
    assert!(agent.known().devices[0].revoked_at.is_none());

    window.click("Export what is unsent and revoke");
    window.click("Revoke device");
    assert_eq!(agent.writes()[1].body, r#"{"reason":"lost","override_pending":true}"#);
    window.expect(&["/var/lib/juyu/exports/2e3a-1.juyu-journal", "Revoke this device?"]);
    assert!(!window.shows("Revoke device"), "it is done");
    window.send(Message::Escape);
    assert!(!window.shows("Revoke this device?"));
}

#[test]
fn r17_going_on_is_a_choice_that_can_be_taken_back_and_is_not_offered_without_need() {
    let (agent, mut window) = open(Page::Devices);
    only(&agent, &mut window, is_silent_till);
    window.click("Revoke");
    window.click("Export what is unsent and revoke");
    window.click("Export what is unsent and revoke");
    window.fill(REASON, "lost", true);
    assert_eq!(agent.writes()[0].body, r#"{"reason":"lost","override_pending":false}"#);
    window.send(Message::Escape);
    agent.learn(|known| {
        known.devices[0].pending = 0;
        known.devices[0].silent_since = None;
    });
    window.tick();
    window.click("Revoke");
    assert!(!window.shows("Export what is unsent and revoke"));
    window.fill(REASON, "lost", true);
    assert!(!window.shows("Revoke this device?"), "revoked at once");
}

#[test]
fn r17_entries_that_came_up_meanwhile_are_told_by_the_agents_refusal() {
    let (agent, mut window) = open(Page::Devices);
    only(&agent, &mut window, |device| device.terminal == Some(1));
    window.click("Revoke");
    assert!(!window.shows("Export what is unsent and revoke"));
    agent.behave(Mood::Refuses(station_api::ErrorCode::PendingEntries));
    window.fill(REASON, "lost", true);
    window.expect(&["It was not revoked.", "Export what is unsent and revoke"]);
}

#[test]
fn r17_the_window_closes_and_pages_change_whatever_is_pending() {
    let (_agent, mut window) = open(Page::Devices);
    window.click("Revoke");
    for page in [Page::Stock, Page::Status, Page::Devices] {
        window.send(Message::Open(page));
    }
    window.send(Message::Escape);
    assert!(!window.shows("Revoke this device?"));
}
