//! The command line.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{demo, generate, tidy};

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    about = "Builds, runs, checks and shows the product."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs HQ, stations and tills on this machine until Ctrl-C.
    Demo(demo::Options),
    /// Writes the files that are made from others: design tokens, the sample day.
    Generate(generate::Options),
    /// Checks the structure: arrows, lengths, names, languages, migrations, generated files.
    Tidy(tidy::Options),
}

/// Parses the arguments, runs the command, and reports a failure with its causes.
#[must_use]
pub fn run() -> ExitCode {
    match dispatch(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<()> {
    match command {
        Command::Demo(options) => demo::run(&options),
        Command::Generate(options) => generate::run(&options),
        Command::Tidy(options) => tidy::run(&options),
    }
}
