//! How many checks passed, read from what the runners print.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, bail};

/// Checks that passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub passed: u64,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
    }
}

impl Count {
    /// One check.
    pub const ONE: Self = Self { passed: 1 };

    /// Runs a test runner to its end, shows what it prints, and counts the tests that its last summary names as passed.
    /// A runner without a summary counts as one.
    ///
    /// # Errors
    /// It cannot start or fails; or it skipped something under CI.
    pub fn of(command: &mut Command) -> Result<Self> {
        eprintln!("+ {command:?}");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {command:?}"))?;
        let errors = child.stderr.take().context("no stderr")?;
        let reader = thread::spawn(move || read(errors));
        let mut seen = read(child.stdout.take().context("no stdout")?);
        seen.merge(&reader.join().unwrap_or_default());
        let status = child.wait().context("the runner is lost")?;
        if !status.success() {
            bail!("{command:?} failed: {status}");
        }
        if seen.skipped > 0 && std::env::var_os("CI").is_some() {
            bail!("{} test(s) were skipped: under CI that is a failure", seen.skipped);
        }
        Ok(Self { passed: seen.passed.unwrap_or(1) })
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    passed: Option<u64>,
    skipped: u64,
}

impl Seen {
    fn merge(&mut self, other: &Self) {
        self.passed = self.passed.or(other.passed);
        self.skipped += other.skipped;
    }

    fn line(&mut self, line: &str) {
        let plain = without_colour(line);
        if plain.trim_start().starts_with("skipped: ") {
            self.skipped += 1;
        }
        if let Some(passed) = passed_of(&plain) {
            self.passed = Some(passed);
        }
    }
}

fn read(stream: impl std::io::Read) -> Seen {
    let mut seen = Seen::default();
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        seen.line(&line);
    }
    seen
}

/// nextest: `Summary [..] 10 tests run: 10 passed (1 slow), 0 skipped`; vitest: `Tests  57 passed (57)`; our scripts: `12 passed, 0 failed`.
fn passed_of(line: &str) -> Option<u64> {
    let line = line.trim_start();
    let counts =
        line.starts_with("Summary") || line.starts_with("Tests ") || line.contains(" passed, 0 failed");
    let before = counts.then(|| line.split_once(" passed"))??.0;
    before.rsplit(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // A colour ends with the first letter after it.
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summaries_of_the_runners_are_read() {
        for (line, passed) in [
            ("     Summary [   0.032s] 10 tests run: 10 passed (2 slow), 3 skipped", Some(10)),
            (
                "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m57 passed\u{1b}[39m\u{1b}[22m (57)",
                Some(57),
            ),
            ("12 passed, 0 failed", Some(12)),
            (" Test Files  9 passed (9)", None),
            ("PASS [   0.005s] (10/10) a_sale_is_passed_on", None),
        ] {
            let mut seen = Seen::default();
            seen.line(line);
            assert_eq!(seen.passed, passed, "{line}");
        }
    }

    #[test]
    fn a_skip_is_seen() {
        let mut seen = Seen::default();
        seen.line("skipped: needs a network namespace");
        assert_eq!(seen.skipped, 1);
    }
}
