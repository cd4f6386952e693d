//! Making every program belong, by the same path as people do it: one code each, typed once.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};

use super::plan::{Enrollable, Plan, StationPlan};
use crate::shell;

/// Each agent that has no identity yet, with a code of HQ, which runs.
///
/// # Errors
/// A program refuses.
pub(super) fn agents(plan: &Plan) -> Result<()> {
    let hq_config = plan.hq.arguments.iter().skip_while(|argument| *argument != "--config").nth(1);
    let hq_config = hq_config.context("HQ has no configuration")?;
    for station in &plan.stations {
        with_code(&station.agent, &plan.data, || {
            printed(&plan.hq.binary, &["code", "--config", hq_config, "--station", &station.code], &plan.data)
        })?;
    }
    Ok(())
}

/// Each till and back office that has no identity yet, with a code of its station, which runs.
///
/// # Errors
/// A program refuses.
pub(super) fn of_stations(plan: &Plan) -> Result<()> {
    for station in &plan.stations {
        for till in &station.tills {
            let number = till.launch.program.terminal.unwrap_or_default().to_string();
            with_code(till, &plan.data, || station_code(station, &["--terminal", &number], &plan.data))?;
        }
        if let Some(office) = &station.back_office {
            with_code(office, &plan.data, || station_code(station, &["--office"], &plan.data))?;
        }
    }
    Ok(())
}

fn station_code(station: &StationPlan, whom: &[&str], folder: &Path) -> Result<String> {
    let arguments = [&["code", "--config", &station.agent.config], whom].concat();
    printed(&station.agent.launch.binary, &arguments, folder)
}

fn with_code(program: &Enrollable, folder: &Path, code: impl FnOnce() -> Result<String>) -> Result<()> {
    if program.identity.exists() {
        return Ok(());
    }
    let code = code()?;
    typed(&program.launch.binary, &["enrol", "--config", &program.config], &code, folder)
        .with_context(|| format!("{} was not enrolled", program.launch.name))?;
    Ok(())
}

/// Runs a program's command; what it prints may be a code, so it is not shown.
fn printed(binary: &Path, arguments: &[&str], folder: &Path) -> Result<String> {
    typed(binary, arguments, "", folder)
}

/// The same with a line typed into it, which may be a code too.
fn typed(binary: &Path, arguments: &[&str], line: &str, folder: &Path) -> Result<String> {
    let mut command = shell::command(&binary.to_string_lossy(), arguments, folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let cannot = || format!("cannot run {}", binary.display());
    let mut child = command.spawn().with_context(cannot)?;
    if let Some(mut input) = child.stdin.take() {
        // A program that does not read has ended, and its status says why.
        let _ = writeln!(input, "{line}");
    }
    let output = child.wait_with_output().with_context(cannot)?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} failed: {}", binary.display(), said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
