//! The commands that carry a journal in a file, and the one that leaves the station (R17).

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use station_agent::HQ;
use station_agent::config::Config;
use station_agent::daemon::database;
use station_agent::store::{self, AgentNode};
use sync::carry::{Carried, Imported};
use sync::device::random_16;
use sync::node::GoOn;
use sync::peer::origin_of;
use sync::{Clock, StoreError};
use sync_identity::Identity;

use crate::command::{client, say};

/// Gives up the identity, unless entries are pending. `go_on` is a reason and a file to export them to.
pub fn leave(config: &Config, go_on: Option<(&str, &Path)>) -> Result<()> {
    let mut node = open(config).context("the agent does not leave")?;
    let go_on = go_on.map(|(why, file)| GoOn { why, file });
    let exported = node.may_leave(HQ, go_on, Clock::system().now());
    if let (Some(count), Some(GoOn { file, .. })) = (exported.context("the agent does not leave")?, go_on) {
        say(&format!("{count} entries that had not reached head office are in {}", file.display()))?;
    }
    let file = config.identity_file();
    std::fs::remove_file(&file).with_context(|| format!("identity_file {}", file.display()))?;
    say("the agent has left; revoke its certificate at head office. Its database stays where it is")
}

/// Writes what has not reached head office.
pub fn export(config: &Config, file: &Path) -> Result<()> {
    let mut node = open(config).context("nothing was exported")?;
    let carried = node.export_unsent(HQ, None, Clock::system().wall_ms()).context("nothing was exported")?;
    carried.write(file).context("nothing was exported")?;
    say(&format!("{} entries are in {}", carried.entry_count(), file.display()))
}

/// Takes a file in: through the daemon, or without it.
pub async fn import(config: Config, file: PathBuf) -> Result<()> {
    let carried = Carried::read(&file).context("nothing was imported")?;
    let done = match open(&config) {
        Ok(mut node) => {
            let done = node.take_carried(&carried, Clock::system().wall_ms());
            done.context("nothing was imported")?
        }
        Err(why) if why.chain().any(is_in_use) => {
            let bytes = carried.encode()?;
            let done = client(&config)?.import_journal(bytes).await.context("nothing was imported")?;
            let station_api::ImportedJournal { stored, known, forked, refused } = done;
            Imported { stored, known, forked, refused }
        }
        Err(why) => return Err(why.context("nothing was imported")),
    };
    let Imported { stored, known, forked, refused } = done;
    say(&format!("{stored} entries stored, {known} were here already"))?;
    anyhow::ensure!(
        forked == 0 && refused == 0,
        "{forked} batches contradict what is here and are kept aside; {refused} do not go on where their journal ends here: import the file with what comes before first"
    );
    Ok(())
}

fn is_in_use(why: &(dyn std::error::Error + 'static)) -> bool {
    matches!(why.downcast_ref::<StoreError>(), Some(StoreError::InUse(_)))
}

/// The journal, while no daemon has it.
fn open(config: &Config) -> Result<AgentNode> {
    let identity = Identity::read(&config.identity_file()).context("identity_file")?;
    let path = database(&config.data_dir);
    let store = store::open_store(&path)
        .with_context(|| format!("{}: stop the station agent first", path.display()))?;
    let entropy = random_16().context("the system gives no random bytes")?;
    Ok(store::open_node(store, origin_of(&identity.certified().subject), entropy, Clock::system().now())?)
}
