//! The command line.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{bench, demo, faults, generate, pictures, sbom, sim, tidy, tiers};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Builds, runs, checks and shows the product.")]
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
    /// Builds and runs everything that must hold.
    Test(tiers::Options),
    /// Measures and prints figures with their ratios.
    Bench(bench::Options),
    /// Runs the simulator of terminals, agent and HQ.
    Sim(sim::Options),
    /// Kills real processes and checks that nothing is lost or doubled.
    Faults(faults::Options),
    /// Makes the README's screenshots.
    Pictures,
    /// Writes what each program consists of, as CycloneDX.
    Sbom(sbom::Options),
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
        Command::Test(options) => tiers::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Sim(options) => sim::run(&options),
        Command::Faults(options) => faults::run(&options),
        Command::Pictures => pictures::run(),
        Command::Sbom(options) => sbom::run(&options),
        Command::Tidy(options) => tidy::run(&options),
    }
}
