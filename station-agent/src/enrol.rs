//! Enrolling a till: a device file for it, a digest of its secret here.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::header::AUTHORIZATION;
use station_api::Problem;
use sync::device::DeviceFile;
use sync::{SqliteStore, StoreError};
use sync_proto::{Role, StationCode, TerminalNo};

use crate::config::Config;
use crate::daemon::database;
use crate::http::Token;
use crate::lan_api::{DEVICES, EnrolTerminal};
use crate::store;

/// Highest number of a till within its station.
pub const TERMINAL_MAX: u16 = 99;

/// The running daemon answers within this.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Writes a device file for till `terminal` to `out`, through the running daemon or, when none runs, in its database.
///
/// # Errors
/// A number out of range, a database or daemon that does not answer, a file that cannot be written.
pub async fn enrol(config: &Config, terminal: u16, out: &Path, now_ms: i64) -> Result<()> {
    let terminal = terminal_no(terminal)?;
    let file = match store::open_store(&database(&config.data_dir)) {
        Ok(mut store) => mint(&mut store, config.station.code.clone(), terminal, now_ms)?,
        Err(StoreError::InUse(_)) => ask_daemon(config, terminal).await?,
        Err(why) => return Err(why).with_context(|| format!("data folder {}", config.data_dir.display())),
    };
    file.write(out)?;
    Ok(())
}

/// Checks a till's number.
///
/// # Errors
/// Not 1 to [`TERMINAL_MAX`].
pub fn terminal_no(terminal: u16) -> Result<TerminalNo> {
    if terminal == 0 || terminal > TERMINAL_MAX {
        bail!("a till's number is 1 to {TERMINAL_MAX}, not {terminal}");
    }
    Ok(TerminalNo(terminal))
}

/// Mints a till's device and keeps the digest of its secret.
///
/// # Errors
/// No randomness, or the database does not take it.
pub fn mint(
    store: &mut SqliteStore,
    code: StationCode,
    terminal: TerminalNo,
    now_ms: i64,
) -> Result<DeviceFile> {
    let file =
        DeviceFile::mint(code, Role::Terminal, Some(terminal)).context("no randomness for a secret")?;
    store.enrol_device(&file.enrolled(), now_ms)?;
    Ok(file)
}

async fn ask_daemon(config: &Config, terminal: TerminalNo) -> Result<DeviceFile> {
    let token = Token::read(&config.api_token_file)?;
    let url = format!("http://{}{DEVICES}", config.http_addr);
    let client = reqwest::Client::builder().no_proxy().timeout(ANSWER_WITHIN).build()?;
    let response = client
        .post(&url)
        .header(AUTHORIZATION, token.bearer())
        .json(&EnrolTerminal { terminal: terminal.0 })
        .send()
        .await
        .with_context(|| {
            format!("the data folder is in use, and no station agent answers at {}", config.http_addr)
        })?;
    let status = response.status();
    let body = response.bytes().await?;
    if !status.is_success() {
        let why = serde_json::from_slice::<Problem>(&body)
            .map_or_else(|_| status.to_string(), |problem| problem.detail);
        bail!("the station agent at {} refused: {why}", config.http_addr);
    }
    serde_json::from_slice(&body).context("the station agent's answer is not a device file")
}
