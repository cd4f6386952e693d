//! Starts the back office.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use back_office::app::App;
use back_office::config::{Config, ConfigError};
use back_office::link::{self, Link};
use back_office::theme::font;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// The station manager's window: stock, sales, deliveries, orders, devices.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    window: WindowArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes this back office belong, with a code that its station made.
    Enrol {
        /// Configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The code; without it, one line is read, so that no list of processes shows it.
        code: Option<String>,
    },
}

#[derive(Debug, Args)]
struct WindowArguments {
    /// Configuration file (TOML): agent_url, identity_file, local_url, token_file, language, theme.
    #[arg(long, required = true)]
    config: Option<PathBuf>,
    /// Read the configuration, the token and the identity, say whether they are fine, and end.
    #[arg(long)]
    check_config: bool,
}

/// A configuration that cannot be used; told apart from a window that cannot open.
const EXIT_CONFIG: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = match arguments.command {
        Some(Command::Enrol { config, code }) => enrol(&config, code),
        None => open(&arguments.window.config.unwrap_or_default(), arguments.window.check_config),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A configuration's error says all of it in its own line; its source would draw the file.
            if let Some(why) = error.downcast_ref::<ConfigError>() {
                eprintln!("back-office: {why}");
                return ExitCode::from(EXIT_CONFIG);
            }
            eprintln!("back-office: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn open(path: &Path, only_check: bool) -> anyhow::Result<()> {
    let config = Config::read(path)?;
    let link = config.link(path)?;
    if only_check { Ok(()) } else { show(&config, &link) }
}

fn enrol(path: &Path, code: Option<String>) -> anyhow::Result<()> {
    let code = station_api::enrolment::code_of(code).context("no code can be read")?;
    let config = Config::read(path)?;
    let link = config.link(path)?;
    let file = link
        .identity_file()
        .context("agent_url is not https: on the agent's own computer no code is needed")?;
    let runtime = tokio::runtime::Runtime::new().context("the system gives no threads")?;
    let enrolled = link::enrol(config.agent_url.clone(), code, file.to_owned());
    let (_, place) = runtime.block_on(enrolled).context("the back office was not enrolled")?;
    writeln!(std::io::stdout(), "the back office of {} is enrolled", place.code).context("stdout is closed")
}

fn show(config: &Config, link: &Link) -> anyhow::Result<()> {
    anyhow::ensure!(has_display(), "there is no display to open a window on: set WAYLAND_DISPLAY or DISPLAY");
    let (language, theme, link) = (config.language, config.theme, link.clone());
    iced::application(move || App::open(link.clone(), language, theme), App::update, App::view)
        .title(App::title)
        .theme(App::theme)
        .subscription(App::subscription)
        .settings(font::settings())
        .window(iced::window::Settings {
            size: iced::Size::new(1280.0, 800.0),
            min_size: Some(iced::Size::new(1120.0, 680.0)),
            ..iced::window::Settings::default()
        })
        .run()
        .context("cannot open the window")
}

/// The window library panics where there is none, so it is asked for here.
fn has_display() -> bool {
    const NAMES: [&str; 3] = ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"];
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || NAMES.into_iter().any(is_set)
}
