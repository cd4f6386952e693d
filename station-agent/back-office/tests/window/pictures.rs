//! Pictures of every screen, for people to look at. Run by `cargo xtask pictures`.

use std::fs;
use std::path::{Path, PathBuf};

use back_office::app::{Message, Page};
use back_office::link::Link;
use back_office::locale::Language;
use back_office::theme::Theme;
use iced_test::core::Size;

use crate::agent::{Agent, Mood};
use crate::live::live_link;
use crate::sample;
use crate::window::{LARGE, SMALL, Window};

const CODE: &str = "enrolment-code";
const PAGES: [(Page, &str); 6] = [
    (Page::Stock, "stock"),
    (Page::Deliveries, "deliveries"),
    (Page::Orders, "orders"),
    (Page::Devices, "devices"),
    (Page::Quarantine, "quarantine"),
    (Page::Status, "status"),
];
const LOOKS: [(Language, Theme, &str); 4] = [
    (Language::Ko, Theme::Light, "ko-light"),
    (Language::Ko, Theme::Dark, "ko-dark"),
    (Language::En, Theme::Light, "en-light"),
    (Language::En, Theme::Dark, "en-dark"),
];
const SIZES: [(Size, &str); 2] = [(SMALL, "1280x800"), (LARGE, "1920x1080")];

/// Writes each screen into the folder `JUYU_PICTURES`: with the data of the agent of the back
/// office whose configuration is `JUYU_OFFICE_CONFIG`, or else with a sample's. The files are at twice the named size, for sharp screens.
#[test]
#[ignore = "writes pictures; needs JUYU_PICTURES"]
fn pictures() {
    let folder = PathBuf::from(std::env::var_os("JUYU_PICTURES").expect("JUYU_PICTURES names a folder"));
    fs::create_dir_all(&folder).unwrap();
    let sample = Agent::start(sample::busy());
    for (language, theme, look) in LOOKS {
        let mut window = match live_link() {
            Some(link) => Window::open_on(link, language, theme),
            None => Window::open(&sample, language, theme),
        };
        for (page, name) in PAGES {
            window.send(Message::Open(page));
            for (size, size_name) in SIZES {
                window.resize(size);
                take(&window, &folder.join(format!("{name}-{look}-{size_name}.png")));
            }
        }
    }
    states(&folder);
    belonging(&folder);
}

/// The states that a running station seldom shows.
fn states(folder: &Path) {
    let agent = Agent::start(sample::busy());
    let mut window = Window::open(&agent, Language::Ko, Theme::Light);
    window.send(Message::Open(Page::Deliveries));
    window.act(|ui| drop(ui.click("입고확정").unwrap()));
    window.fill("measured-quantity", "19962.5", false);
    take(&window, &folder.join("confirm-ko-light.png"));
    agent.behave(Mood::RecordsAndHangsUp);
    window.fill("measured-quantity", "19962.5", true);
    take(&window, &folder.join("confirm-unknown-ko-light.png"));
    agent.behave(Mood::HangsUp);
    window.tick();
    for (page, name) in PAGES {
        window.send(Message::Open(page));
        take(&window, &folder.join(format!("stale-{name}-ko-light.png")));
    }
    let mut orders = Window::open(&Agent::start(sample::busy()), Language::En, Theme::Dark);
    orders.send(Message::Open(Page::Orders));
    orders.fill("order-product", "dies", true);
    orders.fill("order-quantity", "16000", false);
    take(&orders, &folder.join("order-form-en-dark.png"));
    orders.fill("order-quantity", "16000", true);
    take(&orders, &folder.join("order-placed-en-dark.png"));
    let mut empty = Window::open(&Agent::start(sample::fresh()), Language::Ko, Theme::Light);
    for (page, name) in PAGES {
        empty.send(Message::Open(page));
        take(&empty, &folder.join(format!("empty-{name}-ko-light.png")));
    }
    let never = Window::open_at("http://127.0.0.1:1", "token", Language::En, Theme::Light);
    take(&never, &folder.join("never-en-light.png"));
}

/// Setting up, codes and revoking.
fn belonging(folder: &Path) {
    for (language, theme, look) in LOOKS {
        let agent = Agent::start(sample::unenrolled());
        agent.learn(|known| {
            known.setup.station_name = "경부고속도로 죽전휴게소 서울방향 직영 셀프주유소".to_owned();
        });
        let mut setup = Window::open(&agent, language, theme);
        take(&setup, &folder.join(format!("setup-agent-{look}.png")));
        setup.fill(CODE, &sample::code(1), true);
        take(&setup, &folder.join(format!("setup-agent-unknown-{look}.png")));
        setup.resize(LARGE);
        setup.fill(CODE, &sample::code(0), true);
        take(&setup, &folder.join(format!("setup-agent-done-{look}.png")));
        let file = folder.join("no.identity");
        let link = Link::secure("https://192.168.0.10:7101", file, None).unwrap();
        let mut office = Window::open_on(link, language, theme);
        office.fill(CODE, &sample::code(1).replacen('1', "2", 1).replacen('7', "8", 1), true);
        take(&office, &folder.join(format!("setup-office-{look}.png")));
        let agent = Agent::start(sample::busy());
        let mut devices = Window::open(&agent, language, theme);
        devices.send(Message::Open(Page::Devices));
        let word = |ko, en| if language == Language::Ko { ko } else { en };
        devices.click(word("POS 등록 코드", "Code for a till"));
        take(&devices, &folder.join(format!("devices-number-{look}.png")));
        devices.click(word("코드 만들기", "Make a code"));
        take(&devices, &folder.join(format!("devices-code-{look}.png")));
        agent.learn(|known| known.overview.now = "2026-11-23T05:30:00Z".to_owned());
        devices.tick();
        take(&devices, &folder.join(format!("devices-expired-{look}.png")));
        devices.send(Message::Escape);
        devices.click(word("폐기", "Revoke"));
        take(&devices, &folder.join(format!("devices-revoke-{look}.png")));
        let mut aside = Window::open(&agent, language, theme);
        aside.send(Message::Open(Page::Quarantine));
        aside.click(word("살펴보기", "Look"));
        take(&aside, &folder.join(format!("quarantine-look-{look}.png")));
        aside.click(word("다시 처리", "Try again"));
        take(&aside, &folder.join(format!("quarantine-vain-{look}.png")));
        aside.send(Message::Escape);
        aside.click(word("모두 다시 처리", "Try all again"));
        take(&aside, &folder.join(format!("quarantine-all-{look}.png")));
        agent.behave(Mood::RecordsAndHangsUp);
        devices.fill("revoke-reason", "lost", true);
        take(&devices, &folder.join(format!("devices-revoke-unknown-{look}.png")));
    }
}

fn take(window: &Window, path: &Path) {
    let snapshot = window.ui().snapshot(&window.theme()).unwrap();
    let stem = path.file_stem().unwrap().to_str().unwrap();
    // The library adds the renderer's name, and keeps an older picture where there is one.
    let written = path.with_file_name(format!("{stem}-tiny-skia.png"));
    let _ = fs::remove_file(&written);
    assert!(snapshot.matches_image(path).unwrap());
    fs::rename(written, path).unwrap();
}
