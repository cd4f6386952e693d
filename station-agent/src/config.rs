//! The agent's configuration: one TOML file, checked whole before anything is opened.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::Deserialize;
use sync::enrolment::Lifetimes;
use sync::retention::KeepDays;
use sync_proto::StationCode;

use crate::calendar::{Calendar, CalendarError};

/// Largest configuration file that is read.
const FILE_LEN_MAX: u64 = 64 * 1024;

/// Ten years; who needs certificates for longer does not need certificates.
const LIFETIME_HOURS_MAX: i64 = 24 * 3_660;

/// Longest name or address of a station.
const NAME_CHARS_MAX: usize = 200;

/// Why the configuration cannot be used. One line each.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It has more bytes than a configuration has.
    #[error("{path} has {len} bytes; a configuration has at most {FILE_LEN_MAX}")]
    TooLong {
        /// Which file.
        path: String,
        /// Its length.
        len: u64,
    },
    /// Not TOML, a key that is unknown, missing or has a value of another type.
    #[error("{path}: line {line}: {why}")]
    Malformed {
        /// Which file.
        path: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A value that cannot be used.
    #[error("{path}: {key}: {why}")]
    Value {
        /// Which file.
        path: String,
        /// Which key.
        key: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// Everything that is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of the database; made when absent.
    pub data_dir: PathBuf,
    /// Listener of this machine alone, with a token: the paths of integrations, probes, setting up; port 0 takes any.
    pub http_addr: SocketAddr,
    /// Listener of tills and back offices: TLS 1.3, with certificates on both ends; port 0 takes any.
    pub lan_addr: SocketAddr,
    /// Text file of one line with the token of the LAN API.
    pub api_token_file: PathBuf,
    /// Where keys and certificates are kept; without it `identity.json` in `data_dir`.
    #[serde(default)]
    pub identity_file: Option<PathBuf>,
    /// `host:port` of HQ's broker.
    pub hq_mqtt: String,
    /// `host:port` where devices enrol and renew at HQ.
    pub hq_link: String,
    /// Days for which entries and sales stay here after HQ acknowledged them; 90 unless configured, and never less.
    #[serde(default)]
    pub keep_days: KeepDays,
    /// How long certificates of the station's tills and back offices hold.
    #[serde(default)]
    pub certificates: Certificates,
    /// The station.
    pub station: StationConfig,
}

/// How long certificates of tills and back offices hold, written as `2160h`, `90m` or `20s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Certificates {
    /// A device's; it renews it at half of this.
    pub device: SignedDuration,
    /// For how long a certificate that ended may still be renewed.
    pub grace: SignedDuration,
}

impl Default for Certificates {
    fn default() -> Self {
        let Lifetimes { device_ms, grace_ms, .. } = Lifetimes::STANDARD;
        Self { device: SignedDuration::from_millis(device_ms), grace: SignedDuration::from_millis(grace_ms) }
    }
}

impl Certificates {
    /// In the form that issuers take.
    #[must_use]
    pub fn lifetimes(&self) -> Lifetimes {
        let ms = |duration: SignedDuration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Lifetimes { device_ms: ms(self.device), grace_ms: ms(self.grace), ..Lifetimes::STANDARD }
    }

    fn fit(&self) -> bool {
        let most = SignedDuration::from_hours(LIFETIME_HOURS_MAX);
        [self.device, self.grace].iter().all(|each| (SignedDuration::from_secs(1)..=most).contains(each))
    }
}

/// The station that the agent serves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StationConfig {
    /// The chain's code for it.
    pub code: StationCode,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// IANA name of its zone.
    #[serde(default = "default_time_zone")]
    pub time_zone: String,
    /// `HH:MM` at which its business day begins.
    #[serde(default = "default_day_start")]
    pub day_start: String,
}

fn default_time_zone() -> String {
    "Asia/Seoul".to_owned()
}

fn default_day_start() -> String {
    "00:00".to_owned()
}

impl Config {
    /// Reads and checks the file at `path`; opens nothing that it names.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let io = |source| ConfigError::Io { path: name.clone(), source };
        let len = std::fs::metadata(path).map_err(io)?.len();
        if len > FILE_LEN_MAX {
            return Err(ConfigError::TooLong { path: name, len });
        }
        Self::parse(&name, &std::fs::read_to_string(path).map_err(io)?)
    }

    /// Checks the text of a file called `name`.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|why| ConfigError::Malformed {
            path: name.to_owned(),
            line: line_of(text, why.span().map_or(0, |span| span.start)),
            why: why.message().replace('\n', " "),
        })?;
        config.check(name)?;
        Ok(config)
    }

    fn check(&self, name: &str) -> Result<(), ConfigError> {
        let value = |key, why: &str| ConfigError::Value { path: name.to_owned(), key, why: why.to_owned() };
        for (key, text) in [("hq_mqtt", &self.hq_mqtt), ("hq_link", &self.hq_link)] {
            let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
            if !port.is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port != 0)) {
                return Err(value(key, "write host:port, for example hq.example:7001"));
            }
        }
        if !self.http_addr.ip().is_loopback() {
            let why = "its token would travel in clear; listen on 127.0.0.1, devices on the LAN use lan_addr";
            return Err(value("http_addr", why));
        }
        if !self.certificates.fit() {
            return Err(value("certificates", "write device and grace between 1s and ten years"));
        }
        for (key, text) in [("station.name", &self.station.name), ("station.address", &self.station.address)]
        {
            let length = text.chars().count();
            if length == 0 || length > NAME_CHARS_MAX || text.chars().any(char::is_control) {
                return Err(value(key, "write 1 to 200 printable characters"));
            }
        }
        self.station.calendar().map(|_| ()).map_err(|why| {
            let key = match why {
                CalendarError::Zone(_) => "station.time_zone",
                CalendarError::DayStart(_) => "station.day_start",
            };
            value(key, &why.to_string())
        })
    }
}

impl Config {
    /// Where keys and certificates are kept.
    #[must_use]
    pub fn identity_file(&self) -> PathBuf {
        self.identity_file.clone().unwrap_or_else(|| self.data_dir.join("identity.json"))
    }

    /// The address that HQ is asked at.
    #[must_use]
    pub fn hq_url(&self) -> String {
        format!("https://{}", self.hq_link)
    }
}

impl StationConfig {
    /// The station's calendar.
    ///
    /// # Errors
    /// The zone or the hour does not read; never after [`Config::parse`].
    pub fn calendar(&self) -> Result<Calendar, CalendarError> {
        Calendar::new(&self.time_zone, &self.day_start)
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
data_dir = "/var/lib/juyu/agent"
http_addr = "127.0.0.1:7100"
lan_addr = "0.0.0.0:7101"
api_token_file = "/etc/juyu/agent.token"
hq_mqtt = "hq.example:7001"
hq_link = "hq.example:7002"
[station]
code = "ST0001"
name = "SK Imme"
address = "SK Imme Station"
"#;

    fn refusal(text: &str) -> String {
        let why = Config::parse("agent.toml", text).unwrap_err().to_string();
        assert!(!why.contains('\n'), "{why}");
        why
    }

    #[test]
    fn zone_and_day_start_have_defaults() {
        let config = Config::parse("agent.toml", GOOD).unwrap();
        assert_eq!(config.station.time_zone, "Asia/Seoul");
        assert_eq!(config.station.day_start, "00:00");
        assert_eq!(config.certificates.lifetimes(), Lifetimes::STANDARD);
        assert_eq!(config.keep_days.days(), 90);
        let longer = GOOD.replace("[station]", "keep_days = 1825\n[station]");
        assert_eq!(Config::parse("agent.toml", &longer).unwrap().keep_days.days(), 1_825);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let why = refusal(&GOOD.replace("hq_mqtt", "hq_mqqt"));
        assert!(why.starts_with("agent.toml: line 6: unknown field `hq_mqqt`"), "{why}");
        let why = refusal(&format!("{GOOD}color = 1\n"));
        assert!(why.contains("unknown field `color`"), "{why}");
    }

    #[test]
    fn a_value_that_cannot_be_used_is_named() {
        for (from, to, said) in [
            ("hq.example:7001", "hq.example", "hq_mqtt"),
            ("hq.example:7001", "hq.example:0", "hq_mqtt"),
            ("hq.example:7002", ":7002", "hq_link"),
            ("127.0.0.1:7100", "0.0.0.0:7100", "http_addr"),
            ("127.0.0.1:7100", "localhost", "line 3"),
            ("ST0001", "ST/1", "line 9"),
            ("\"SK Imme\"", "\"\"", "station.name"),
            (
                "address = \"SK Imme Station\"",
                "address = \"x\"\ntime_zone = \"Asia/Atlantis\"",
                "station.time_zone",
            ),
            ("address = \"SK Imme Station\"", "address = \"x\"\nday_start = \"24:30\"", "station.day_start"),
            ("[station]", "[certificates]\ndevice = \"0s\"\n[station]", "certificates"),
            ("[station]", "[certificates]\ngrace = \"often\"\n[station]", "line 9"),
            ("[station]", "[certificates]\nlife = \"1h\"\n[station]", "unknown field `life`"),
            ("[station]", "[station", "line 8"),
            ("[station]", "keep_days = 89\n[station]", "keep_days is 89; write 90 to 3660"),
            ("[station]", "keep_days = -1\n[station]", "keep_days is -1"),
            ("[station]", "keep_days = 100000\n[station]", "keep_days is 100000"),
        ] {
            let why = refusal(&GOOD.replace(from, to));
            assert!(why.contains(said), "{to}: {why}");
        }
    }

    #[test]
    fn a_missing_key_is_named() {
        assert!(refusal(&GOOD.replace("code = \"ST0001\"\n", "")).contains("missing field `code`"));
    }
}
