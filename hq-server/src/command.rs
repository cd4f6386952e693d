//! The commands of the program.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use hq_server::config::{Config, ConfigError};
use hq_server::role::Role;
use hq_server::server::{self, StartError};
use hq_server::stations::enrol_agent;
use hq_server::store::open_store;
use sync::device::DeviceFile;
use sync::{Clock, StoreError};
use sync_proto::StationCode;
use tokio::signal::unix::{SignalKind, signal};

/// A running head office answers within this.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

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
        let running = server::start(&config, Clock::system()).await?;
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
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

/// Enrols a station's agent: in the database when head office is stopped, through its API when it runs.
pub fn enrol(path: &Path, station: &str, out: &Path) -> Result<(), Failure> {
    let config = Config::read(path)?;
    let code = StationCode::new(station).with_context(|| format!("--station {station}"))?;
    let file = match open_store(&config.data_dir) {
        Ok(mut store) => {
            let known = config.all_stations().iter().any(|seed| seed.code == code)
                || store
                    .connection()
                    .query_row(
                        "SELECT EXISTS (SELECT 1 FROM stations WHERE station = $1)",
                        [code.as_str()],
                        |row| row.get(0),
                    )
                    .context("the register of stations cannot be read")?;
            if !known {
                return Err(anyhow::anyhow!(
                    "station {code} is not in the register; add it to [[stations]] of the configuration first"
                )
                .into());
            }
            enrol_agent(&mut store, code, Clock::system().wall_ms()).context("the device was not enrolled")?
        }
        Err(StoreError::InUse(_)) => {
            let body = serde_json::json!({ "stationCode": code });
            ask(&config, "/api/v1/devices", &body)?
                .read_json::<DeviceFile>()
                .context("head office answered with something else than a device file")?
        }
        Err(why) => return Err(anyhow::Error::new(why).into()),
    };
    file.write(out).context("the device file was not written; enrol again with a writable --out")?;
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
    let url = format!("http://{}{path}", config.http_addr);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(ANSWER_WITHIN))
        .http_status_as_error(false)
        .build()
        .into();
    let response = agent
        .post(&url)
        .header("Authorization", format!("Bearer {}", config.token()?))
        .send_json(body)
        .with_context(|| {
            format!("head office does not answer at {url}; is it running with this configuration?")
        })?;
    let status = response.status();
    let mut body = response.into_body();
    if status.is_success() {
        return Ok(body);
    }
    let problem: serde_json::Value = body.read_json().unwrap_or_default();
    let detail = problem.get("detail").and_then(serde_json::Value::as_str).unwrap_or("no reason was given");
    Err(anyhow::anyhow!("head office refused ({status}): {detail}").into())
}
