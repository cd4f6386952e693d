//! `demo`: HQ, stations and tills as real programs on this machine, kept running until told to stop.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::{setup, shell};

mod config;
mod enrol;
mod fleet;
mod plan;
mod play_day;
mod ports;
mod program;
mod ready;
pub mod secret;
mod supervisor;

pub use config::Certificates;
pub use fleet::{Fleet, Report};
pub use plan::{Apart, Enrollable, Plan, StationPlan, Wish};
pub use ports::Ports;
pub use program::{Kind, Launch, Program, terminate};

/// How long everything may take from its start to the JSON line; usual is a few seconds.
const READY_TIMEOUT: Duration = Duration::from_secs(120);
/// How soon a stop is noticed.
const NAP: Duration = Duration::from_millis(100);

/// Options of `cargo xtask demo`.
#[derive(Debug, Args)]
pub struct Options {
    /// No windows, even where there is a display.
    #[arg(long)]
    headless: bool,
    /// Print one JSON line on stdout when all is ready.
    #[arg(long)]
    json: bool,
    /// Keep everything in this folder; without it a temporary one is used and removed at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How many stations.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=99))]
    stations: u16,
    /// How many tills at each station.
    #[arg(long, value_name = "M", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=20))]
    terminals: u16,
    /// Sell the sample day through the tills.
    #[arg(long)]
    play_day: bool,
    /// How many seconds of the sample day pass in one.
    #[arg(long, value_name = "X", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    speed: u32,
    /// Use the ports that follow P instead of free ones.
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(u16).range(1024..))]
    port_base: Option<u16>,
    /// Start what is built already; the whole-system tests do.
    #[arg(long, hide = true)]
    no_build: bool,
}

/// Runs the command until SIGINT, SIGTERM or SIGHUP.
///
/// # Errors
/// Something cannot be installed, built or started.
pub fn run(options: &Options) -> Result<()> {
    let stop = stop_flag()?;
    let stopped = || stop.load(Ordering::Relaxed);
    if !options.no_build {
        setup::for_demo()?;
    }
    if stopped() {
        return Ok(());
    }
    let folder = Folder::new(options.data.as_ref())?;
    let wish = Wish {
        stations: options.stations,
        terminals: options.terminals,
        port_base: options.port_base,
        windows: !options.headless && has_display(),
        ..Wish::new(&folder.path)
    };
    let fleet = Fleet::start(&wish, Instant::now() + READY_TIMEOUT, &stopped)?;
    announce(&fleet, options.json)?;
    thread::scope(|scope| {
        if options.play_day {
            scope.spawn(|| play_day(&fleet, options.speed, &stopped));
        }
        while !stopped() {
            thread::sleep(NAP);
        }
    });
    eprintln!("stopping");
    drop(fleet);
    Ok(())
}

/// Set by the first signal; a second one ends the process at once.
fn stop_flag() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .context("cannot listen for signals")?;
    }
    Ok(stop)
}

fn announce(fleet: &Fleet, json: bool) -> Result<()> {
    let report = fleet.report();
    for program in &report.programs {
        let station = program.station.as_deref().unwrap_or("HQ");
        let terminal = program.terminal.map(|number| format!(" till {number}")).unwrap_or_default();
        eprintln!("{station}{terminal}: {} (token {})", program.http, program.token);
    }
    if let Some(hq) = report.programs.iter().find(|program| program.kind == Kind::Hq) {
        eprintln!("console: {}/#token={}", hq.http, hq.token);
    }
    eprintln!("ready; everything is kept in {}; Ctrl-C stops it", report.data.display());
    if json {
        let line = serde_json::to_string(&report).context("the report cannot be written as JSON")?;
        shell::print(&line)?;
    }
    Ok(())
}

/// Sells the sample day at every till of every station.
///
/// # Errors
/// The sample day cannot be read, or a till refuses a sale of it.
pub fn sell_day(fleet: &Fleet, speed: u32, stopped: &(dyn Fn() -> bool + Sync)) -> Result<()> {
    play_day::play(&tills(fleet)?, speed, stopped)
}

fn play_day(fleet: &Fleet, speed: u32, stopped: &(dyn Fn() -> bool + Sync)) {
    match sell_day(fleet, speed, stopped) {
        Ok(()) if stopped() => {}
        Ok(()) => eprintln!("the sample day is sold"),
        Err(error) => eprintln!("the sample day stopped: {error:#}"),
    }
}

fn tills(fleet: &Fleet) -> Result<Vec<Vec<crate::client::Client>>> {
    let stations = fleet.plan().stations.iter().enumerate();
    stations
        .map(|(index, station)| {
            (1..).take(station.tills.len()).map(|terminal| fleet.till(index, terminal)).collect()
        })
        .collect()
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The data folder; a temporary one goes with it.
#[derive(Debug)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    temporary: bool,
}

impl Folder {
    /// The folder asked for, or a new temporary one.
    ///
    /// # Errors
    /// A temporary folder cannot be made.
    pub fn new(wanted: Option<&PathBuf>) -> Result<Self> {
        if let Some(path) = wanted {
            return Ok(Self { path: path.clone(), temporary: false });
        }
        let path = std::env::temp_dir().join(format!("juyu-{}", secret::token()?.split_at(12).0));
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path, temporary: true })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
