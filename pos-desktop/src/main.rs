//! The till: a window for the cashier, or `--headless` with the local API alone.

use std::process::ExitCode;

use clap::Parser as _;
use pos_desktop::cli::{self, Options};

fn main() -> ExitCode {
    cli::run(&Options::parse())
}
