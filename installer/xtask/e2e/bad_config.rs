//! A program that cannot start says why in one line and ends.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use toml::{Table, Value};
use xtask::workspace;

use crate::stage::Stage;

/// A program that cannot start ends within this.
const END: Duration = Duration::from_secs(20);

/// Each program with how its configuration file is called in a fleet and how it is started with it.
const PROGRAMS: [(&str, &str, &[&str]); 3] = [
    ("hq-server", "hq", &["run", "--config"]),
    ("station-agent", "ST0001", &["run", "--config"]),
    ("pos-desktop", "ST0001-till-1", &["--headless", "--config"]),
];

/// Configuration files of an enrolled fleet that does not run any more.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: Stage::small().stopped() }
    }

    /// The program's configuration with a change, in a file of its own.
    fn config(&self, name: &str, change: impl FnOnce(&mut Table)) -> PathBuf {
        let file = self.folder.path().join(format!("config/{name}.toml"));
        let mut table: Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
        change(&mut table);
        let changed = self.folder.path().join(format!("config/{name}-changed.toml"));
        std::fs::write(&changed, toml::to_string(&table).unwrap()).unwrap();
        changed
    }
}

fn start(program: &str, arguments: &[&str], config: &Path) -> Output {
    let mut child = Command::new(workspace::binary(program))
        .args(arguments)
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + END;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("{program} does not end: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

/// The last line on stderr, which says why.
fn last_words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn an_unknown_key_is_named_and_ends_the_program_with_2() {
    let bench = Bench::new();
    for (program, name, arguments) in PROGRAMS {
        let config = bench.config(name, |table| {
            table.insert("colour_of_the_door".to_owned(), Value::Boolean(true));
        });
        for check in [&[][..], &["--check-config"]] {
            let (option, before) = arguments.split_last().unwrap();
            let output = start(program, &[before, check, &[option]].concat(), &config);
            let line = last_words(&output);
            assert_eq!(output.status.code(), Some(2), "{program} {check:?}: {line}");
            assert!(line.contains("colour_of_the_door"), "{program} {check:?}: {line}");
            assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1, "{program}: one line");
        }
    }
}

#[test]
fn a_data_folder_that_cannot_be_written_ends_the_program_and_is_named() {
    let bench = Bench::new();
    // Modes do not stop root; a file where the folder should be stops everybody.
    let file = bench.folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    for (program, name, arguments) in PROGRAMS {
        let config = bench.config(name, |table| {
            let inside = file.join("data").to_string_lossy().into_owned();
            table.insert("data_dir".to_owned(), Value::String(inside));
        });
        let output = start(program, arguments, &config);
        assert!(!output.status.success(), "{program}");
        assert!(last_words(&output).contains("a-file"), "{program}: {}", last_words(&output));
    }
}

#[test]
fn a_port_in_use_ends_the_program_and_is_named() {
    let bench = Bench::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (program, name, arguments) in PROGRAMS {
        let config = bench.config(name, |table| {
            let address = Value::String(address.clone());
            match table.get_mut("local_api").and_then(Value::as_table_mut) {
                Some(local_api) => local_api.insert("addr".to_owned(), address),
                None => table.insert("http_addr".to_owned(), address),
            };
        });
        let output = start(program, arguments, &config);
        assert!(!output.status.success(), "{program}");
        assert!(last_words(&output).contains(&address), "{program}: {}", last_words(&output));
    }
}
