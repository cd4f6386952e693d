//! The command line.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use pos_core::store;
use sync::Clock;
use sync::store::sqlite::{EXIT_STORAGE, is_fault};
use sync_identity::Identity;

use crate::config::Config;
use crate::headless::Running;
use crate::{leaving, setup, shutdown, window};

/// Exit code of a configuration that is wrong; everything else that stops the till is 1.
const CONFIGURATION: u8 = 2;

/// The till of a fuel station.
#[derive(Debug, Parser)]
#[command(name = "pos-desktop", version, args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunOptions,
}

#[derive(Debug, Args)]
struct RunOptions {
    /// The configuration file.
    #[arg(long, value_name = "FILE", required = true)]
    config: Option<PathBuf>,
    /// Check the configuration and the files it names, then end.
    #[arg(long)]
    check_config: bool,
    /// No window: the drivers and the local API alone.
    #[arg(long)]
    headless: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes this till belong, with a code that its station made.
    Enrol {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The code; without it, one line is read, so that no list of processes shows it.
        code: Option<String>,
    },
    /// Copies the till's database into a file in DIR and verifies it; the till may run.
    Backup {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The folder for the file.
        dir: PathBuf,
    },
    /// Puts a backup in the place of the till's database, which is set aside; the till must not run.
    Restore {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The file of the backup.
        file: PathBuf,
    },
    /// Gives up the till's identity, so that its computer can be replaced; the till must not run. Refused while entries
    /// have not reached head office. The database stays where it is.
    Leave {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Go on although entries are pending: they are exported first.
        #[arg(long, requires = "reason", requires = "export")]
        override_pending: bool,
        /// Why, for the record.
        #[arg(long)]
        reason: Option<String>,
        /// The file that pending entries are exported to; it must not exist yet.
        #[arg(long, value_name = "FILE")]
        export: Option<PathBuf>,
    },
    /// Carries the till's journal in a file.
    Journal {
        #[command(subcommand)]
        what: JournalCommand,
    },
}

#[derive(Debug, Subcommand)]
enum JournalCommand {
    /// Writes what has not reached head office into FILE, to be imported at the agent or at head office; the till must
    /// not run.
    Export {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The file; it must not exist yet.
        file: PathBuf,
    },
}

/// Runs the program; what stops it is one line on stderr.
pub fn run(options: &Options) -> ExitCode {
    let path = match &options.command {
        Some(
            Command::Enrol { config, .. }
            | Command::Backup { config, .. }
            | Command::Restore { config, .. }
            | Command::Leave { config, .. }
            | Command::Journal { what: JournalCommand::Export { config, .. } },
        ) => config,
        None => options.run.config.as_ref().unwrap_or(&EMPTY),
    };
    let read = Config::read(path).and_then(|config| config.identity().map(|identity| (config, identity)));
    let (config, identity) = match read {
        Ok(read) => read,
        Err(why) => {
            say(&why.to_string());
            return ExitCode::from(CONFIGURATION);
        }
    };
    if options.run.check_config {
        say(&format!("{} is in order", path.display()));
        return ExitCode::SUCCESS;
    }
    log_to_stderr();
    let ended = match (&options.command, identity) {
        (Some(Command::Enrol { code, .. }), _) => enrol(&config, code.clone()),
        (Some(Command::Backup { dir, .. }), _) => backup(&config, dir),
        (Some(Command::Restore { file, .. }), identity) => restore(&config, identity.as_ref(), file),
        (Some(Command::Leave { override_pending, reason, export, .. }), identity) => {
            let go_on = reason.as_deref().zip(export.as_deref()).filter(|_| *override_pending);
            leaving::leave(&config, identity.as_ref(), go_on)
        }
        (Some(Command::Journal { what: JournalCommand::Export { file, .. } }), identity) => {
            leaving::export(&config, identity.as_ref(), file)
        }
        (None, Some(identity)) if options.run.headless => headless(&config, identity),
        (None, None) if options.run.headless => Err(anyhow::anyhow!(
            "the till is not enrolled yet; run `pos-desktop enrol --config {}` and type a code of its station",
            path.display()
        )),
        (None, Some(identity)) => window::run(&config, identity),
        (None, None) => window::set_up(&config),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say(&one_line(&why));
            let broken = why.chain().any(is_fault);
            if broken { ExitCode::from(EXIT_STORAGE) } else { ExitCode::FAILURE }
        }
    }
}

/// clap has made sure that a path is there.
static EMPTY: LazyLock<PathBuf> = LazyLock::new(PathBuf::new);

fn enrol(config: &Config, code: Option<String>) -> anyhow::Result<()> {
    let code = station_api::enrolment::code_of(code).context("no code can be read")?;
    let enrolled = runtime()?.block_on(setup::enrol(config, &code)).context("the till was not enrolled")?;
    let line = format!("till {} of {} is enrolled", enrolled.terminal, enrolled.station_code);
    writeln!(std::io::stdout(), "{line}").context("stdout is closed")
}

fn backup(config: &Config, dir: &Path) -> anyhow::Result<()> {
    let database = config.data_dir.join(store::FILE_NAME);
    let made = sync::backup::write(&database, dir, Clock::system().wall_ms());
    writeln!(std::io::stdout(), "{}", made.context("no backup was made")?).context("stdout is closed")
}

fn restore(config: &Config, identity: Option<&Identity>, file: &Path) -> anyhow::Result<()> {
    let database = config.data_dir.join(store::FILE_NAME);
    let device = identity.map(|identity| identity.certified().subject.device);
    let now_ms = Clock::system().wall_ms();
    let restored = sync::backup::restore(&database, file, store::migrations().len(), device, now_ms);
    writeln!(std::io::stdout(), "{}", restored.context("nothing was restored")?).context("stdout is closed")
}

/// One line on stderr. Nobody reading it is no reason to fail.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "pos-desktop: {line}");
}

/// The error with its causes, each said once: many already say their own.
pub(crate) fn one_line(why: &anyhow::Error) -> String {
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

fn headless(config: &Config, identity: Identity) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let mut asked = shutdown::Asked::listen().context("signals cannot be heard")?;
        let mut running = Running::start(config, identity).await?;
        let ended = tokio::select! {
            () = asked.to_stop() => Ok(()),
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
