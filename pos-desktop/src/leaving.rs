//! Taking a till out of service: refused while entries have not reached head office (R17).

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use pos_core::recent::HQ;
use pos_core::store::{self, TillNode};
use sync::Clock;
use sync::device::random_16;
use sync::node::GoOn;
use sync::peer::origin_of;
use sync_identity::Identity;

use crate::config::Config;

/// Gives up the identity, unless entries are pending. `go_on` is a reason and a file to export them to.
///
/// # Errors
/// Entries are pending or could not be exported, or the till runs; the till stays.
pub fn leave(
    config: &Config,
    identity: Option<&Identity>,
    go_on: Option<(&str, &Path)>,
) -> anyhow::Result<()> {
    let mut node = open(config, identity).context("the till does not leave")?;
    let go_on = go_on.map(|(why, file)| GoOn { why, file });
    let exported = node.may_leave(HQ, go_on, Clock::system().now()).context("the till does not leave")?;
    if let (Some(count), Some(GoOn { file, .. })) = (exported, go_on) {
        say(&format!("{count} entries that had not reached head office are in {}", file.display()))?;
    }
    let file = &config.identity_file;
    std::fs::remove_file(file).with_context(|| format!("identity_file {}", file.display()))?;
    say("the till has left; revoke its certificate at the station. Its database stays where it is")
}

/// Writes what has not reached head office.
///
/// # Errors
/// The till runs, or the file cannot be written.
pub fn export(config: &Config, identity: Option<&Identity>, file: &Path) -> anyhow::Result<()> {
    let mut node = open(config, identity).context("nothing was exported")?;
    let carried = node.export_unsent(HQ, None, Clock::system().wall_ms()).context("nothing was exported")?;
    carried.write(file).context("nothing was exported")?;
    say(&format!("{} entries are in {}", carried.entry_count(), file.display()))
}

/// The journal, while no till has it.
fn open(config: &Config, identity: Option<&Identity>) -> anyhow::Result<TillNode> {
    let identity = identity.context("the till is not enrolled; there is nothing to leave")?;
    let path = config.data_dir.join(store::FILE_NAME);
    let store =
        store::open_store(&path).with_context(|| format!("{}: end the till first", path.display()))?;
    let entropy = random_16().map_err(|why| anyhow!("the system gives no random bytes: {why}"))?;
    Ok(store::open_node(store, origin_of(&identity.certified().subject), entropy, Clock::system().now())?)
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("stdout is closed")
}
