//! `station-agent run`, `enrol`, `code`, `revoke`, `leave`, `journal`, `backup`, `restore` and `check`.

mod command;
mod journal;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use station_agent::config::Config;
use sync::store::sqlite::{EXIT_STORAGE, is_fault};
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
    /// Makes this agent belong, with a code that head office made; the daemon may run or not.
    Enrol {
        /// The configuration (TOML).
        #[arg(long)]
        config: PathBuf,
        /// The code; without it, one line is read, so that no list of processes shows it.
        code: Option<String>,
    },
    /// Prints a one-time code for a till or a back office of this station; the daemon has to run.
    Code {
        /// The configuration (TOML).
        #[arg(long)]
        config: PathBuf,
        /// The till's number, 1 to 99.
        #[arg(long, conflicts_with = "office", required_unless_present = "office")]
        terminal: Option<u16>,
        /// For a back office.
        #[arg(long)]
        office: bool,
    },
    /// Copies the database into a file in DIR and verifies it; the daemon may run.
    Backup {
        /// The configuration (TOML).
        #[arg(long)]
        config: PathBuf,
        /// The folder for the file.
        dir: PathBuf,
    },
    /// Checks the whole database, every journal in it, and that the books are what the journals make them; the daemon may
    /// run. Ends with 1 when something is wrong.
    Check {
        /// The configuration (TOML).
        #[arg(long)]
        config: PathBuf,
    },
    /// Puts a backup in the place of the database, which is set aside; the daemon must not run.
    Restore {
        /// The configuration (TOML).
        #[arg(long)]
        config: PathBuf,
        /// The file of the backup.
        file: PathBuf,
    },
    /// Revokes a till or a back office; the daemon has to run.
    Revoke {
        /// The configuration (TOML).
        #[arg(long)]
        config: PathBuf,
        /// The device's id, 32 hexadecimal digits.
        #[arg(long)]
        device: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
        /// Go on although entries of it have not reached head office; what is here of them is exported first.
        #[arg(long)]
        override_pending: bool,
    },
    /// Gives up the agent's identity, so that its computer can be replaced; the daemon must not run. Refused while
    /// entries have not reached head office. The database stays where it is.
    Leave {
        /// The configuration (TOML).
        #[arg(long)]
        config: PathBuf,
        /// Go on although entries are pending: they are exported first.
        #[arg(long, requires = "reason", requires = "export")]
        override_pending: bool,
        /// Why, for the record.
        #[arg(long)]
        reason: Option<String>,
        /// The file that pending entries are exported to; it must not exist yet.
        #[arg(long)]
        export: Option<PathBuf>,
    },
    /// Carries a journal in a file.
    Journal {
        #[command(subcommand)]
        what: JournalCommand,
    },
}

#[derive(Debug, Subcommand)]
enum JournalCommand {
    /// Writes what has not reached head office into FILE; the daemon must not run.
    Export {
        /// The configuration (TOML).
        #[arg(long)]
        config: PathBuf,
        /// The file; it must not exist yet.
        file: PathBuf,
    },
    /// Takes in a file that a till or an earlier computer of this station wrote; the daemon may run.
    Import {
        /// The configuration (TOML).
        #[arg(long)]
        config: PathBuf,
        /// The file.
        file: PathBuf,
    },
}

impl Command {
    const fn config(&self) -> &PathBuf {
        match self {
            Self::Run { config, .. }
            | Self::Enrol { config, .. }
            | Self::Code { config, .. }
            | Self::Check { config }
            | Self::Backup { config, .. }
            | Self::Restore { config, .. }
            | Self::Leave { config, .. }
            | Self::Journal {
                what: JournalCommand::Export { config, .. } | JournalCommand::Import { config, .. },
            }
            | Self::Revoke { config, .. } => config,
        }
    }
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A closed stderr loses log lines; with its own complaint about that the subscriber would end the program.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .init();
    let command = Cli::parse().command;
    let config = match Config::read(command.config()) {
        Ok(config) => config,
        Err(why) => return fail(&why.into(), EXIT_CONFIG),
    };
    let done = match command {
        Command::Run { check_config: true, .. } => say("the configuration can be used"),
        Command::Run { .. } => on_runtime(command::run(config)),
        Command::Enrol { code, .. } => on_runtime(command::enrol(config, code)),
        Command::Code { terminal, .. } => on_runtime(command::open_code(config, terminal)),
        Command::Check { .. } => command::check(&config),
        Command::Backup { dir, .. } => command::backup(&config, &dir),
        Command::Restore { file, .. } => command::restore(&config, &file),
        Command::Revoke { device, reason, override_pending, .. } => {
            on_runtime(command::revoke(config, device, reason, override_pending))
        }
        Command::Leave { override_pending, reason, export, .. } => {
            let go_on = reason.as_deref().zip(export.as_deref()).filter(|_| override_pending);
            journal::leave(&config, go_on)
        }
        Command::Journal { what: JournalCommand::Export { file, .. } } => journal::export(&config, &file),
        Command::Journal { what: JournalCommand::Import { file, .. } } => {
            on_runtime(journal::import(config, file))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) if why.chain().any(is_fault) => fail(&why, EXIT_STORAGE),
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
