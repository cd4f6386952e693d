//! Starts the back office.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use back_office::app::App;
use back_office::config::{Config, ConfigError};
use back_office::link::Link;
use back_office::theme::font;
use clap::Parser;
use tracing_subscriber::EnvFilter;

/// The station manager's window: stock, sales, deliveries, orders, devices.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Configuration file (TOML): agent_url, identity_file, local_url, token_file, language, theme.
    #[arg(long)]
    config: PathBuf,
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
    let (config, link) = match prepare(&arguments) {
        Ok(prepared) => prepared,
        Err(error) => {
            eprintln!("back-office: {error}");
            return ExitCode::from(EXIT_CONFIG);
        }
    };
    if arguments.check_config {
        return ExitCode::SUCCESS;
    }
    match show(&config, &link) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("back-office: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn prepare(arguments: &Arguments) -> Result<(Config, Link), ConfigError> {
    let config = Config::read(&arguments.config)?;
    let link = config.link(&arguments.config)?;
    Ok((config, link))
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
