//! The commands of the program.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use hq_server::broker::external;
use hq_server::config::{Config, ConfigError};
use hq_server::role::Role;
use hq_server::server::{self, StartError};
use hq_server::store::{migrations, open_node, open_store};
use sync::carry::{Carried, Imported};
use sync::enrolment::Invited;
use sync::store::sqlite::EXIT_STORAGE;
use sync::{Clock, StoreError};
use sync_identity::Kind;
use sync_proto::catalogue::Station;
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::{DeviceId, StationCode};
use tokio::signal::unix::{SignalKind, signal};

/// A running head office answers within this.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// It imports a journal within this.
const IMPORTED_WITHIN: Duration = Duration::from_secs(300);

/// Why a command failed, and the code that the program ends with.
#[derive(Debug)]
pub struct Failure {
    why: anyhow::Error,
    code: u8,
}

impl Failure {
    /// One line on stderr.
    pub fn report(self) -> ExitCode {
        let line = format!("{:#}", self.why).split_whitespace().collect::<Vec<_>>().join(" ");
        // Nobody is left to tell when stderr is gone.
        let _ = writeln!(std::io::stderr(), "hq-server: {line}");
        ExitCode::from(self.code)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(why: anyhow::Error) -> Self {
        Self { why, code: 1 }
    }
}

impl From<ConfigError> for Failure {
    fn from(why: ConfigError) -> Self {
        Self { why: why.into(), code: 2 }
    }
}

impl From<StartError> for Failure {
    fn from(why: StartError) -> Self {
        let code = if matches!(why, StartError::Config(_)) { 2 } else { 1 };
        Self { why: why.into(), code }
    }
}

/// Checks the configuration and prints it; it names files of secrets and holds none.
pub fn check_config(path: &Path) -> Result<(), Failure> {
    let config = Config::read(path)?;
    let text = toml::to_string(&config).context("the configuration cannot be printed")?;
    write!(std::io::stdout(), "{text}").context("stdout cannot be written")?;
    Ok(())
}

/// Serves until SIGTERM or SIGINT.
pub fn run(path: &Path, log_json: bool) -> Result<(), Failure> {
    let config = Config::read(path)?;
    log_to_stderr(log_json);
    let runtime = tokio::runtime::Runtime::new().context("the runtime did not start")?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be waited for")?;
        let mut running = server::start(&config, Clock::system()).await?;
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
            fault = running.broken() => return Err(Failure { why: fault.into(), code: EXIT_STORAGE }),
        }
        running.stop().await;
        Ok(())
    })
}

/// Logs go to stderr; `RUST_LOG` chooses what, the broker's own crates say warnings only.
fn log_to_stderr(json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json { log.json().init() } else { log.with_ansi(false).init() }
}

/// Opens a code for a station's agent and prints it: through the running head office, or in its database.
pub fn open_code(path: &Path, station: &str) -> Result<(), Failure> {
    let config = Config::read(path)?;
    let station = StationCode::new(station).with_context(|| format!("--station {station}"))?;
    let code = match open_store(&config.data_dir) {
        Ok(store) => {
            let clock = Clock::system();
            let mut node = open_node(store, &clock).context("the database does not open")?;
            server::seed(&mut node, &config, &clock)?;
            let known = node
                .get::<Station>(&Station::key(station.as_str()))
                .context("the register cannot be read")?;
            if known.is_none() {
                return Err(anyhow::anyhow!(
                    "station {station} is not in the register; add it to [[stations]] of the configuration first"
                )
                .into());
            }
            let issuer = server::issuer(&config, &clock)?;
            let invited = Invited { station, kind: Kind::Agent };
            let opened = node.open_code(&issuer, &invited, clock.wall_ms());
            opened.context("the code was not opened")?.0.text()
        }
        Err(StoreError::InUse(_)) => {
            let body = serde_json::json!({ "stationCode": station });
            let answer: serde_json::Value = ask(&config, "/api/v1/enrolment-codes", &body)?
                .read_json()
                .context("head office answered with something else than a code")?;
            let code = answer.get("code").and_then(serde_json::Value::as_str);
            code.context("head office answered with something else than a code")?.to_owned()
        }
        Err(why) => return Err(anyhow::Error::new(why).into()),
    };
    writeln!(std::io::stdout(), "{code}").context("stdout cannot be written")?;
    Ok(())
}

/// Copies the database, whether head office runs or not. Identity and authorities are files of their own.
pub fn backup(path: &Path, dir: &Path) -> Result<(), Failure> {
    let config = Config::read(path)?;
    let made = sync::backup::write(&server::database(&config.data_dir), dir, Clock::system().wall_ms());
    writeln!(std::io::stdout(), "{}", made.context("no backup was made")?)
        .context("stdout cannot be written")?;
    Ok(())
}

/// Checks the database and its books.
pub fn check(path: &Path) -> Result<(), Failure> {
    let config = Config::read(path)?;
    let database = server::database(&config.data_dir);
    let looked = sync::upkeep::inspect(&database, &Ledger::new(Depth::Station));
    let found = looked.context("the database could not be checked")?;
    writeln!(std::io::stdout(), "{found}").context("stdout cannot be written")?;
    if found.is_well() {
        Ok(())
    } else {
        Err(anyhow::anyhow!("the database is not as it should be; see above").into())
    }
}

/// Puts a backup back.
pub fn restore(path: &Path, file: &Path) -> Result<(), Failure> {
    let config = Config::read(path)?;
    let database = server::database(&config.data_dir);
    let now_ms = Clock::system().wall_ms();
    let restored = sync::backup::restore(&database, file, migrations().len(), None, now_ms);
    writeln!(std::io::stdout(), "{}", restored.context("nothing was restored")?)
        .context("stdout cannot be written")?;
    Ok(())
}

/// Revokes a device of the running head office.
pub fn revoke(path: &Path, device: &str, reason: &str, override_pending: bool) -> Result<(), Failure> {
    let config = Config::read(path)?;
    let device = DeviceId::from_hex(device).with_context(|| format!("--device {device}"))?;
    let body = serde_json::json!({ "reason": reason, "overridePending": override_pending });
    ask(&config, &format!("/api/v1/devices/{device}/revoke"), &body)?;
    Ok(())
}

/// Takes in a journal's file: through the running head office, or into its database.
pub fn import_journal(path: &Path, file: &Path) -> Result<(), Failure> {
    let config = Config::read(path)?;
    let carried = Carried::read(file).context("nothing was imported")?;
    let done = match open_store(&config.data_dir) {
        Ok(store) => {
            let clock = Clock::system();
            let mut node = open_node(store, &clock).context("the database does not open")?;
            node.take_carried(&carried, clock.wall_ms()).context("nothing was imported")?
        }
        Err(StoreError::InUse(_)) => {
            let bytes = carried.encode().context("nothing was imported")?;
            let mut answer =
                understood(post(&config, "/api/v1/journal/import", IMPORTED_WITHIN, |request| {
                    request.send(bytes.as_slice())
                })?)?;
            answer.read_json().context("head office answered with something else than what it imported")?
        }
        Err(why) => return Err(anyhow::Error::new(why).into()),
    };
    let Imported { stored, known, forked, refused } = done;
    writeln!(std::io::stdout(), "{stored} entries stored, {known} were here already")
        .context("stdout cannot be written")?;
    if forked == 0 && refused == 0 {
        return Ok(());
    }
    Err(anyhow::anyhow!(
        "{forked} batches contradict what is here and are kept aside; {refused} do not go on where their journal ends here: import the file with what comes before first"
    )
    .into())
}

/// Writes the files of an external broker.
pub fn write_broker_files(path: &Path, out: &Path, listen: SocketAddr) -> Result<(), Failure> {
    let config = Config::read(path)?;
    let revoked = external::write(&config, out, listen, Clock::system().wall_ms())
        .context("nothing to start a broker with")?;
    let out = out.display();
    writeln!(std::io::stdout(), "{out}: ready, {revoked} certificates revoked")
        .context("stdout cannot be written")?;
    Ok(())
}

/// Stops or starts a role of the running head office.
pub fn switch_role(path: &Path, role: Role, running: bool) -> Result<(), Failure> {
    let config = Config::read(path)?;
    let action = if running { "start" } else { "stop" };
    let path = format!("/api/v1/roles/{}/{action}", role.as_str());
    ask(&config, &path, &serde_json::json!({}))?;
    Ok(())
}

fn ask(config: &Config, path: &str, body: &serde_json::Value) -> Result<ureq::Body, Failure> {
    understood(post(config, path, ANSWER_WITHIN, |request| request.send_json(body))?)
}

type Request = ureq::RequestBuilder<ureq::typestate::WithBody>;
type Response = ureq::http::Response<ureq::Body>;

fn post(
    config: &Config,
    path: &str,
    within: Duration,
    send: impl FnOnce(Request) -> Result<Response, ureq::Error>,
) -> Result<Response, Failure> {
    let url = format!("http://{}{path}", config.http_addr);
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(within)).http_status_as_error(false).build().into();
    let request = agent.post(&url).header("Authorization", format!("Bearer {}", config.token()?));
    Ok(send(request).with_context(|| {
        format!("head office does not answer at {url}; is it running with this configuration?")
    })?)
}

fn understood(response: Response) -> Result<ureq::Body, Failure> {
    let status = response.status();
    let mut body = response.into_body();
    if status.is_success() {
        return Ok(body);
    }
    let problem: serde_json::Value = body.read_json().unwrap_or_default();
    let detail = problem.get("detail").and_then(serde_json::Value::as_str).unwrap_or("no reason was given");
    Err(anyhow::anyhow!("head office refused ({status}): {detail}").into())
}
