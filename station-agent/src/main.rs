//! `station-agent run` and `station-agent enrol`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use station_agent::config::Config;
use station_agent::daemon::Daemon;
use station_agent::enrol;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// A configuration that cannot be used.
const EXIT_CONFIG: u8 = 2;

/// The station daemon of Juyu: tills, back office and the way to head office.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the station until SIGTERM or SIGINT.
    Run {
        /// The configuration (TOML).
        #[arg(long)]
        config: PathBuf,
        /// Only check the configuration, and say what is wrong with it.
        #[arg(long)]
        check_config: bool,
    },
    /// Writes a till's device file; the daemon may run or not.
    Enrol {
        /// The configuration (TOML).
        #[arg(long)]
        config: PathBuf,
        /// The till's number, 1 to 99.
        #[arg(long)]
        terminal: u16,
        /// Where to write the device file.
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A closed stderr loses log lines; with its own complaint about that the subscriber would end the program.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .init();
    let (path, command) = match Cli::parse().command {
        Command::Run { config, check_config } => {
            (config, Command::Run { config: PathBuf::new(), check_config })
        }
        Command::Enrol { config, terminal, out } => {
            (config, Command::Enrol { config: PathBuf::new(), terminal, out })
        }
    };
    let config = match Config::read(&path) {
        Ok(config) => config,
        Err(why) => return fail(&why.into(), EXIT_CONFIG),
    };
    let done = match command {
        Command::Run { check_config: true, .. } => say("the configuration can be used"),
        Command::Run { .. } => on_runtime(run(config)),
        Command::Enrol { terminal, out, .. } => on_runtime(enrol_terminal(config, terminal, out)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => fail(&why, 1),
    }
}

/// One line on stderr: what failed, then each cause that the line does not name yet.
fn fail(why: &anyhow::Error, code: u8) -> ExitCode {
    let mut line = format!("station-agent: {why}");
    for cause in why.chain().skip(1).map(ToString::to_string) {
        if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    let line = line.replace('\n', " ");
    // Nobody reads stderr: the exit code still says it.
    let _ = writeln!(std::io::stderr(), "{line}");
    ExitCode::from(code)
}

fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}").context("stdout is closed")
}

fn on_runtime(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("the system gives no threads")?.block_on(work)
}

async fn run(config: Config) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
    let mut daemon = Daemon::start(&config).await?;
    let failed = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        why = daemon.failed() => Some(why),
    };
    match failed {
        None => {
            daemon.stop().await;
            Ok(())
        }
        Some(why) => Err(why).context("the station agent failed and ends"),
    }
}

async fn enrol_terminal(config: Config, terminal: u16, out: PathBuf) -> Result<()> {
    let now_ms = sync::Clock::system().wall_ms();
    enrol::enrol(&config, terminal, &out, now_ms).await?;
    say(&format!("till {terminal} of {} is enrolled: {}", config.station.code, out.display()))
}
