//! The command line.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;

use crate::config::Config;
use crate::headless::Running;
use crate::{shutdown, window};

/// Exit code of a configuration that is wrong; everything else that stops the till is 1.
const CONFIGURATION: u8 = 2;

/// The till of a fuel station.
#[derive(Debug, Parser)]
#[command(name = "pos-desktop", version)]
pub struct Options {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Check the configuration and the files it names, then end.
    #[arg(long)]
    check_config: bool,
    /// No window: the drivers and the local API alone.
    #[arg(long)]
    headless: bool,
}

/// Runs the program; what stops it is one line on stderr.
pub fn run(options: &Options) -> ExitCode {
    let config = match Config::read(&options.config) {
        Ok(config) => config,
        Err(why) => {
            say(&why.to_string());
            return ExitCode::from(CONFIGURATION);
        }
    };
    if options.check_config {
        say(&format!("{} is in order", options.config.display()));
        return ExitCode::SUCCESS;
    }
    log_to_stderr();
    let ended = if options.headless { headless(&config) } else { window::run(&config) };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say(&one_line(&why));
            ExitCode::FAILURE
        }
    }
}

/// One line on stderr. Nobody reading it is no reason to fail.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "pos-desktop: {line}");
}

/// The error with its causes, each said once: many already say their own.
fn one_line(why: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in why.chain().map(ToString::to_string) {
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line.replace('\n', " ")
}

fn headless(config: &Config) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let mut running = Running::start(config).await?;
        let ended = tokio::select! {
            asked = shutdown::requested() => asked.context("signals cannot be heard"),
            failed = running.failed() => failed,
        };
        running.stop().await;
        ended
    })
}

/// The runtime of the drivers, the local API and the bridge.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Runtime::new().context("the system gives no threads")
}

fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A log that cannot be written must not stop the till: its own complaint about that would go to the same
    // closed pipe, and panic there.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .log_internal_errors(false)
        .init();
}
