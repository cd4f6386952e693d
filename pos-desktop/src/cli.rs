//! The command line.

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
            eprintln!("pos-desktop: {why}");
            return ExitCode::from(CONFIGURATION);
        }
    };
    if options.check_config {
        eprintln!("pos-desktop: {} is in order", options.config.display());
        return ExitCode::SUCCESS;
    }
    log_to_stderr();
    let ended = if options.headless { headless(&config) } else { window::run(&config) };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("pos-desktop: {why:#}");
            ExitCode::FAILURE
        }
    }
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
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}
