//! `pictures`: the README's screenshots, taken from programs that have sold a day.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::tiers::Stage;
use crate::{demo, setup, workspace};

/// The day passes in under two minutes.
const SPEED: u32 = 2_000;
/// Where the README looks.
const SHOWN: &str = "assets/pictures";
/// The README's pictures: what they are called there, and which of the scripts' pictures they are.
const CHOSEN: [(&str, &str); 8] = [
    ("till-sell-ko", "till/till-sell-1280x800-light-ko.png"),
    ("till-sales-en-dark", "till/till-sales-1280x800-dark-en.png"),
    ("till-setup-ko", "setup/setup-empty-1280x800-ko.png"),
    ("console-code-en-dark", "console/dialog-code-dark-en.png"),
    ("console-orders-ko", "console/orders-1280x800-light-ko.png"),
    ("console-products-en-dark", "console/products-1280x800-dark-en.png"),
    ("back-office-stock-ko", "back-office/stock-ko-light-1280x800.png"),
    ("back-office-deliveries-en-dark", "back-office/deliveries-en-dark-1280x800.png"),
];

/// Runs the command.
///
/// # Errors
/// A script fails, or a picture is missing.
pub fn run() -> Result<()> {
    setup::for_test()?;
    setup::for_demo()?;
    let all = workspace::target().join("pictures");
    let mut stage = Stage::set(|fleet| {
        demo::sell_day(fleet, SPEED, &|| false)?;
        fleet.kill_and_hold("ST0001-till-2")
    })?;
    stage.till(&all.join("till"), true)?;
    stage.fleet.release("ST0001-till-2")?;
    stage.setup(&all.join("setup"), true)?;
    stage.console(&all.join("console"), true)?;
    stage.back_office(&all.join("back-office"), true)?;
    let shown = workspace::path(SHOWN);
    fs::create_dir_all(&shown).with_context(|| format!("cannot make {}", shown.display()))?;
    for (name, picture) in CHOSEN {
        copy(&all.join(picture), &shown.join(format!("{name}.png")))?;
    }
    eprintln!("all pictures are in {}, the README's in {}", all.display(), shown.display());
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(|_| ()).with_context(|| format!("cannot copy {}", from.display()))
}
