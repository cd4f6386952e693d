//! The configuration file. An unknown key is an error: a misspelt setting must not be silently ignored.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use pos_core::Calendar;
use pos_core::settings::Language;
use serde::Deserialize;
use sync::retention::KeepDays;
use sync_identity::{Identity, IdentityError, Kind};

/// Largest configuration or token file that is read.
const FILE_LEN_MAX: u64 = 64 * 1024;

/// Why the till does not start with this configuration. One line: what, why, what now.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file could not be read.
    #[error("{path}: {source}; check the path and its permissions")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A setting is unknown, missing or not what it should be.
    #[error("{path}: {why}; correct the file")]
    Malformed {
        /// Which file.
        path: String,
        /// What is wrong, on one line.
        why: String,
    },
    /// The identity does not read.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The identity is another kind of device's.
    #[error("{path} is the identity of another kind of device; enrol this till at its agent")]
    OtherKind {
        /// Which file.
        path: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data_dir: PathBuf,
    identity_file: Option<PathBuf>,
    agent_url: String,
    hq_url: Option<String>,
    #[serde(default = "korean")]
    language: String,
    #[serde(default = "seoul")]
    time_zone: String,
    #[serde(default = "midnight")]
    day_start: String,
    #[serde(default)]
    keep_days: KeepDays,
    local_api: Option<LocalApiFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LocalApiFile {
    addr: SocketAddr,
    token_file: PathBuf,
}

fn korean() -> String {
    "ko".to_owned()
}

fn seoul() -> String {
    "Asia/Seoul".to_owned()
}

fn midnight() -> String {
    "00:00".to_owned()
}

/// Everything that the till needs to start, read and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the database is.
    pub data_dir: PathBuf,
    /// Where this till's key and certificates are kept.
    pub identity_file: PathBuf,
    /// The station's agent on the LAN, `https://host:port`.
    pub agent_url: String,
    /// Head office, `https://host:port` of its `link_addr`, for while the agent is away; without it the till waits for
    /// its agent.
    pub hq_url: Option<String>,
    /// Language until somebody chooses another at the till.
    pub language: Language,
    /// The station's zone and business day.
    pub calendar: Calendar,
    /// Days for which entries and sales stay here after head office acknowledged them; 90 unless configured, and never less.
    pub keep_days: KeepDays,
    /// The local HTTP API, if it is on.
    pub local_api: Option<LocalApiConfig>,
}

/// The local HTTP API.
#[derive(Clone)]
pub struct LocalApiConfig {
    /// Where it listens; loopback only.
    pub addr: SocketAddr,
    /// What opens it.
    pub token: String,
}

impl std::fmt::Debug for LocalApiConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalApiConfig").field("addr", &self.addr).field("token", &"…").finish()
    }
}

impl Config {
    /// Reads the file and those that it names.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = read_text(path)?;
        let malformed = |why: String| ConfigError::Malformed { path: path.display().to_string(), why };
        let file: File = toml::from_str(&text).map_err(|why| {
            malformed(format!("line {}: {}", line_of(&text, &why), one_line(why.message())))
        })?;
        let language = Language::parse(&file.language)
            .ok_or_else(|| malformed(format!("language {:?} is neither \"ko\" nor \"en\"", file.language)))?;
        for (key, url) in [("agent_url", Some(&file.agent_url)), ("hq_url", file.hq_url.as_ref())] {
            if let Some(url) = url.filter(|url| !url.starts_with("https://")) {
                return Err(malformed(format!("{key} {url:?} is not an https address")));
            }
        }
        let calendar =
            Calendar::new(&file.time_zone, &file.day_start).map_err(|why| malformed(why.to_string()))?;
        let local_api = file.local_api.as_ref().map(|api| local_api(api, malformed)).transpose()?;
        let identity_file = file.identity_file.unwrap_or_else(|| file.data_dir.join("identity.json"));
        Ok(Self {
            data_dir: file.data_dir,
            identity_file,
            agent_url: file.agent_url,
            hq_url: file.hq_url,
            language,
            calendar,
            keep_days: file.keep_days,
            local_api,
        })
    }

    /// Who this till is, and how it proves it; `None` when it was not enrolled yet.
    ///
    /// # Errors
    /// The file does not read, or is another kind of device's.
    pub fn identity(&self) -> Result<Option<Identity>, ConfigError> {
        match Identity::read(&self.identity_file) {
            Ok(identity) if matches!(identity.certified().subject.kind, Kind::Till(_)) => Ok(Some(identity)),
            Ok(_) => Err(ConfigError::OtherKind { path: self.identity_file.display().to_string() }),
            Err(why) if why.is_missing() => Ok(None),
            Err(why) => Err(why.into()),
        }
    }
}

fn local_api(
    file: &LocalApiFile,
    malformed: impl Fn(String) -> ConfigError,
) -> Result<LocalApiConfig, ConfigError> {
    if !file.addr.ip().is_loopback() {
        return Err(malformed(format!(
            "local_api.addr {} is not on the loopback interface, and whoever reaches it can sell",
            file.addr
        )));
    }
    let token = read_text(&file.token_file)?.trim().to_owned();
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(malformed(format!("{} does not hold one token on one line", file.token_file.display())));
    }
    Ok(LocalApiConfig { addr: file.addr, token })
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let io = |source| ConfigError::Io { path: path.display().to_string(), source };
    let len = std::fs::metadata(path).map_err(io)?.len();
    if len > FILE_LEN_MAX {
        let why = format!("it has {len} bytes, at most {FILE_LEN_MAX} are read");
        return Err(ConfigError::Malformed { path: path.display().to_string(), why });
    }
    std::fs::read_to_string(path).map_err(io)
}

fn line_of(text: &str, why: &toml::de::Error) -> usize {
    let start = why.span().map_or(0, |span| span.start);
    text.get(..start).map_or(1, |before| before.matches('\n').count() + 1)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
