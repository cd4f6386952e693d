//! What the window may do, as its configuration says it: no page from elsewhere, no code out of text, and of the
//! system nothing but the till's own commands.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|why| unreachable!("{}: {why}", path.display()))
}

fn json(name: &str) -> Value {
    serde_json::from_str(&file(name)).unwrap()
}

fn manifest(name: &str) -> toml::Table {
    file(name).parse().unwrap()
}

fn capabilities() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("capabilities");
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    files.iter().map(|path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()).collect()
}

fn texts<'a>(value: &'a Value, what: &str) -> Vec<&'a str> {
    let list = value.as_array().unwrap_or_else(|| unreachable!("{what} is a list"));
    list.iter()
        .map(|each| each.as_str().unwrap_or_else(|| unreachable!("{what} are words: {each}")))
        .collect()
}

/// What stands between quotes.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The commands that the bridge is built with.
fn commands() -> BTreeSet<String> {
    let text = file("build.rs");
    let list = text.split("const COMMANDS: &[&str] = &[").nth(1).unwrap().split("];").next().unwrap();
    quoted(list)
}

/// The commands that either view of the window answers, under the names that pages call them by.
fn handlers() -> BTreeSet<String> {
    let text = file("src/window.rs");
    let lists = text.split("generate_handler![").skip(1).map(|rest| rest.split(']').next().unwrap());
    let paths = lists.flat_map(|list| list.split(',').map(str::trim).filter(|path| !path.is_empty()));
    paths.map(called).collect()
}

/// `setup::enrol_till` is called `enrol` where its attribute says so.
fn called(path: &str) -> String {
    let (module, function) = path.split_once("::").unwrap();
    let text = file(&format!("src/{module}.rs"));
    let before = text.split(&format!("fn {function}(")).next().unwrap();
    let attribute = before.rsplit("#[tauri::command").next().unwrap().lines().next().unwrap();
    quoted(attribute).into_iter().next().unwrap_or_else(|| function.to_owned())
}

#[test]
fn the_window_shows_its_own_pages_only() {
    let conf = json("tauri.conf.json");
    assert_eq!(conf["app"]["withGlobalTauri"], false);
    assert_eq!(conf["build"]["frontendDist"], "ui/dist");
    for window in conf["app"]["windows"].as_array().unwrap() {
        assert!(window.get("url").is_none(), "{window}");
        assert!(window.get("useHttpsScheme").is_none(), "{window}");
    }
    // Without this feature the window would load its pages from the address of the development server.
    let own = manifest("Cargo.toml");
    assert_eq!(own["features"]["default"], toml::Value::Array(vec!["custom-protocol".into()]));
    assert_eq!(
        own["features"]["custom-protocol"].as_array().unwrap()[0].as_str(),
        Some("tauri/custom-protocol")
    );
}

#[test]
fn the_content_security_policy_lets_nothing_in_from_elsewhere() {
    let conf = json("tauri.conf.json");
    let security = conf["app"]["security"].as_object().unwrap();
    for key in security.keys() {
        assert!(["capabilities", "csp"].contains(&key.as_str()), "{key} weakens what csp says, or may");
    }
    let policy = security["csp"].as_str().unwrap();
    assert!(policy.split(';').any(|directive| directive.trim() == "default-src 'self'"), "{policy}");
    for directive in policy.split(';').map(str::trim) {
        let (name, sources) = directive.split_once(' ').unwrap();
        for source in sources.split(' ') {
            let inline_style = name == "style-src" && source == "'unsafe-inline'";
            let bridge = name == "connect-src" && ["ipc:", "http://ipc.localhost"].contains(&source);
            let inside = ["font-src", "img-src"].contains(&name) && source == "data:";
            assert!(source == "'self'" || inline_style || bridge || inside, "{name} {source}");
        }
    }
}

#[test]
fn each_window_may_ask_single_commands_that_exist() {
    let conf = json("tauri.conf.json");
    let windows = conf["app"]["windows"].as_array().unwrap();
    let labels: BTreeSet<&str> = windows.iter().map(|window| window["label"].as_str().unwrap()).collect();
    let listed: BTreeSet<&str> =
        texts(&conf["app"]["security"]["capabilities"], "capabilities").into_iter().collect();
    let (commands, mut allowed) = (commands(), BTreeSet::new());
    for capability in capabilities() {
        let keys: BTreeSet<&str> = capability.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["description", "identifier", "permissions", "windows"].into(), "nothing remote");
        assert!(listed.contains(capability["identifier"].as_str().unwrap()), "{capability}");
        for window in texts(&capability["windows"], "windows") {
            assert!(labels.contains(window), "{window}");
        }
        for permission in texts(&capability["permissions"], "permissions") {
            // A plugin's or the framework's own would have a colon: `core:default`, `shell:allow-open`.
            let command = permission.strip_prefix("allow-").unwrap_or_default().replace('-', "_");
            assert!(commands.contains(&command), "{permission} allows no single command of ours");
            allowed.insert(command);
        }
    }
    assert_eq!(allowed, commands, "and each command is allowed by name");
}

#[test]
fn every_command_that_is_answered_is_built_into_the_bridge_and_the_other_way_round() {
    assert_eq!(handlers(), commands());
    assert!(handlers().contains("enrol") && handlers().contains("complete_sale"));
}

#[test]
fn there_is_no_plugin_and_no_inspector_in_what_is_shipped() {
    let workspace = manifest("../Cargo.toml");
    let tauri = &workspace["workspace"]["dependencies"]["tauri"];
    let features = tauri.get("features").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    for feature in &features {
        let feature = feature.as_str().unwrap();
        assert!(!["devtools", "isolation", "unstable", "protocol-asset"].contains(&feature), "{feature}");
    }
    let own = manifest("Cargo.toml");
    assert!(own["dependencies"]["tauri"].get("features").is_none());
    assert!(!file("Cargo.toml").contains("devtools"));
    let locked = manifest("../Cargo.lock");
    for package in locked["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        assert!(!name.starts_with("tauri-plugin"), "{name}");
    }
}
