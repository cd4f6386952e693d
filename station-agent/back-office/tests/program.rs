//! The program as an operator starts it.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

#[cfg(test)]
fn run(config: &str, token: Option<&str>, arguments: &[&str]) -> Output {
    let folder = TempDir::new().unwrap();
    let token_file = folder.path().join("agent.token");
    if let Some(token) = token {
        fs::write(&token_file, token).unwrap();
    }
    let config_file = folder.path().join("back-office.toml");
    fs::write(&config_file, config.replace("TOKEN_FILE", token_file.to_str().unwrap())).unwrap();
    Command::new(env!("CARGO_BIN_EXE_back-office"))
        .arg("--config")
        .arg(&config_file)
        .args(arguments)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .output()
        .unwrap()
}

#[cfg(test)]
#[track_caller]
fn assert_refused(output: &Output, code: i32, words: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("back-office: ") && stderr.contains(words), "{stderr}");
}

const GOOD: &str =
    "agent_url = \"http://127.0.0.1:1\"\ntoken_file = \"TOKEN_FILE\"\nlanguage = \"en\"\ntheme = \"dark\"\n";

#[test]
fn a_good_configuration_is_found_good_and_nothing_is_printed() {
    let output = run(GOOD, Some("token\n"), &["--check-config"]);
    assert!(output.status.success());
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
}

#[test]
fn an_unknown_key_is_named_in_one_line() {
    assert_refused(&run(&format!("{GOOD}colour = 1\n"), Some("token"), &["--check-config"]), 2, "`colour`");
    assert_refused(&run(&format!("{GOOD}colour = 1\n"), Some("token"), &[]), 2, "`colour`");
}

#[test]
fn a_missing_key_a_wrong_value_and_a_broken_file_are_named_in_one_line() {
    assert_refused(&run("token_file = \"x\"\n", None, &[]), 2, "`agent_url`");
    assert_refused(&run(&GOOD.replace("\"dark\"", "\"pink\""), Some("t"), &[]), 2, "`pink`");
    assert_refused(&run("= = =", None, &[]), 2, "back-office.toml");
    assert_refused(&run(&GOOD.replace("http:", "gopher:"), Some("t"), &[]), 2, "http://127.0.0.1:port");
    assert_refused(&run(&"#".repeat(100_000), None, &[]), 2, "longer than");
}

#[test]
fn a_token_that_is_missing_or_empty_is_named_in_one_line() {
    assert_refused(&run(GOOD, None, &[]), 2, "agent.token");
    assert_refused(&run(GOOD, Some("\n"), &[]), 2, "token");
}

#[test]
fn over_https_an_identity_file_is_needed_and_a_broken_one_is_named() {
    let secure = GOOD.replace("http://127.0.0.1:1", "https://10.0.0.2:7101");
    assert_refused(&run(&secure, Some("token"), &["--check-config"]), 2, "identity_file is missing");
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("office.identity");
    let secure = format!("{secure}identity_file = {file:?}\n");
    assert!(run(&secure, None, &["--check-config"]).status.success(), "it may still be enrolled");
    fs::write(&file, "{}").unwrap();
    assert_refused(&run(&secure, None, &["--check-config"]), 2, "office.identity");
}

#[test]
fn over_http_the_token_is_needed_also_for_the_agent_that_is_set_up_here() {
    let tokenless = "agent_url = \"http://127.0.0.1:1\"\n";
    assert_refused(&run(tokenless, None, &["--check-config"]), 2, "token_file is missing");
    let beside = "agent_url = \"https://127.0.0.1:2\"\nidentity_file = \"office.identity\"\nlocal_url = \"http://127.0.0.1:1\"\n";
    assert_refused(&run(beside, None, &["--check-config"]), 2, "token_file is missing");
}

#[test]
fn without_a_display_it_says_so_and_ends() {
    assert_refused(&run(GOOD, Some("token"), &[]), 1, "DISPLAY");
}
