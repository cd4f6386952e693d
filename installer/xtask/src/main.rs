//! Everything that builds, runs, checks and shows the product: `cargo xtask --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::cli::run()
}
