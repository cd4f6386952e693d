//! `sbom`: what each program consists of, as CycloneDX 1.6 (ECMA-424). The same sources give the same bytes.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::Value;

use crate::{shell, workspace};

mod crates;
mod document;
mod packages;
#[cfg(test)]
mod tests;

use crates::Crates;

/// Each program with the user interface that it embeds.
const PROGRAMS: [(&str, Option<&str>); 4] = [
    ("hq-server", Some("hq-server/console")),
    ("station-agent", None),
    ("pos-desktop", Some("pos-desktop/ui")),
    ("back-office", None),
];

/// Options of `cargo xtask sbom`.
#[derive(Debug, Args)]
pub struct Options {
    /// Where the files go; `target/sbom` if not given.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Something that a program consists of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Component {
    /// Its package URL, which no other has.
    purl: String,
    /// Its name in its registry.
    name: String,
    /// Its version.
    version: String,
    /// Its licence as an SPDX expression.
    licence: Option<String>,
    /// Algorithm and hexadecimal digest of its archive; the workspace's own crates have none.
    hash: Option<(&'static str, String)>,
    /// Package URLs of what it needs itself, sorted.
    needs: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// Cargo does not answer, or a file cannot be read or written.
pub fn run(options: &Options) -> Result<()> {
    let folder = options.out.clone().unwrap_or_else(|| workspace::target().join("sbom"));
    for (program, document) in documents()? {
        let file = folder.join(format!("{program}.cdx.json"));
        workspace::write(&file, &format!("{}\n", serde_json::to_string_pretty(&document)?))?;
        shell::print(&file.display().to_string())?;
    }
    Ok(())
}

/// Each program's document.
fn documents() -> Result<Vec<(&'static str, Value)>> {
    let crates = Crates::read()?;
    let document = |(program, interface): (&'static str, Option<&str>)| {
        let mut components = crates.of(program)?;
        if let Some(folder) = interface {
            let (top, packages) = packages::of(folder)?;
            if let Some(main) = components.first_mut() {
                main.needs.extend(top);
                main.needs.sort();
            }
            components.extend(packages);
        }
        Ok((program, document::write(&components)?))
    };
    PROGRAMS.into_iter().map(document).collect()
}
