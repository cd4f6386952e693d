//! The commands of the program.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use station_agent::config::Config;
use station_agent::daemon::{Daemon, database};
use station_agent::http::Token;
use station_agent::{setup, store};
use station_api::{Client, DeviceKind};
use sync::{Clock, StoreError};
use sync_identity::Identity;
use sync_proto::ledger::{Depth, Ledger};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Serves until SIGTERM or SIGINT; waits for a code when the agent does not belong yet.
pub async fn run(config: Config) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
    loop {
        let identity = tokio::select! {
            identity = identity(&config) => identity?,
            () = told_to_stop(&mut terminate, &mut interrupt) => return Ok(()),
        };
        let mut daemon = Daemon::start(&config, identity).await?;
        let station = std::sync::Arc::clone(daemon.station());
        let failed = tokio::select! {
            () = told_to_stop(&mut terminate, &mut interrupt) => None,
            why = daemon.failed() => Some(why),
            () = station.setup.again.notified() => {
                tracing::info!("the agent was enrolled again; starting anew");
                drop(station);
                daemon.stop().await;
                continue;
            }
        };
        drop(station);
        return match failed {
            None => {
                daemon.stop().await;
                Ok(())
            }
            Some(why) => Err(why).context("the station agent failed and ends"),
        };
    }
}

async fn told_to_stop(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

async fn identity(config: &Config) -> Result<Identity> {
    match Identity::read(&config.identity_file()) {
        Ok(identity) => Ok(identity),
        Err(why) if why.is_missing() => Ok(setup::until_enrolled(config).await?),
        Err(why) => Err(why).context("identity_file"),
    }
}

/// Uses a code of head office: through the daemon, or without it.
pub async fn enrol(config: Config, code: Option<String>) -> Result<()> {
    let code = station_api::enrolment::code_of(code).context("no code can be read")?;
    match setup::device_of_database(&config) {
        Ok(device) => match client(&config) {
            // A daemon that waits for a code has no database open yet.
            Ok(client) if client.setup_state().await.is_ok() => {
                client.set_up(&code).await.context("the station agent did not enrol")?;
            }
            _ => {
                setup::enrol(&config, &code, device).await.context("the agent was not enrolled")?;
            }
        },
        Err(StoreError::InUse(_)) => {
            client(&config)?.set_up(&code).await.context("the station agent did not enrol")?;
        }
        Err(why) => return Err(why).with_context(|| format!("data folder {}", config.data_dir.display())),
    }
    say(&format!("the agent of {} is enrolled", config.station.code))
}

/// Prints a code for a till, or for a back office.
pub async fn open_code(config: Config, terminal: Option<u16>) -> Result<()> {
    let kind = if terminal.is_some() { DeviceKind::Till } else { DeviceKind::Office };
    let opened = client(&config)?.enrolment_code(kind, terminal).await.context("no code was made")?;
    say(&opened.code)
}

/// Revokes a till or a back office.
pub async fn revoke(config: Config, device: String, reason: String, override_pending: bool) -> Result<()> {
    let revoking = client(&config)?.revoke_device(&device, &reason, override_pending).await;
    let revoked = revoking.context("the device was not revoked")?;
    if let Some(file) = revoked.exported_to {
        say(&format!("what had not reached head office is in {file}"))?;
    }
    say(&format!("device {device} is revoked"))
}

/// Copies the database, whether the daemon runs or not.
pub fn backup(config: &Config, dir: &Path) -> Result<()> {
    let made = sync::backup::write(&database(&config.data_dir), dir, Clock::system().wall_ms());
    say(&made.context("no backup was made")?.to_string())
}

/// Checks the database and its books.
pub fn check(config: &Config) -> Result<()> {
    let looked = sync::upkeep::inspect(&database(&config.data_dir), &Ledger::new(Depth::Station));
    let found = looked.context("the database could not be checked")?;
    say(&found.to_string())?;
    if found.is_well() { Ok(()) } else { anyhow::bail!("the database is not as it should be; see above") }
}

/// Puts a backup back.
pub fn restore(config: &Config, file: &Path) -> Result<()> {
    let identity = Identity::read(&config.identity_file()).ok();
    let device = identity.map(|identity| identity.certified().subject.device);
    let now_ms = Clock::system().wall_ms();
    let database = database(&config.data_dir);
    let restored = sync::backup::restore(&database, file, store::migrations().len(), device, now_ms);
    say(&restored.context("nothing was restored")?.to_string())
}

pub(crate) fn client(config: &Config) -> Result<Client> {
    let token = Token::read(&config.api_token_file)?;
    Ok(Client::local(&format!("http://{}", config.http_addr), token.as_str())?)
}

pub(crate) fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}").context("stdout is closed")
}
