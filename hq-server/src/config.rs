//! The configuration file: one typed TOML, unknown keys refused.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use sync::enrolment::Lifetimes;
use sync::listener::ConnectionRate;

use crate::stations::StationSeed;

/// Largest configuration file read; ten thousand stations fit.
const FILE_LEN_MAX: u64 = 4 * 1024 * 1024;

/// Shortest token taken: what is shorter can be guessed.
const TOKEN_LEN_MIN: usize = 8;

/// Why a configuration was refused. One line; the program ends with code 2.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}")]
pub struct ConfigError {
    path: String,
    why: String,
}

impl ConfigError {
    fn new(path: &Path, why: impl std::fmt::Display) -> Self {
        let why = why.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { path: path.display().to_string(), why }
    }
}

/// Everything that head office is told from outside. It holds no secret itself, only where they are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of the database; made if it is not there.
    pub data_dir: PathBuf,
    /// Where the API and the console listen, without TLS: on the loopback interface, or behind a proxy that adds it.
    #[serde(default = "http_addr")]
    pub http_addr: SocketAddr,
    /// A proxy in front of `http_addr` adds TLS, so that it may listen on another interface than loopback.
    #[serde(default)]
    pub http_behind_tls_proxy: bool,
    /// Where the MQTT broker for the stations listens: TLS 1.3, with certificates on both ends.
    #[serde(default = "mqtt_addr")]
    pub mqtt_addr: SocketAddr,
    /// How many of its connections are let in at once.
    #[serde(default)]
    pub mqtt_connections: Connections,
    /// Where devices enrol, renew and reach head office over HTTPS: TLS 1.3, with certificates on both ends.
    #[serde(default = "link_addr")]
    pub link_addr: SocketAddr,
    /// Folder of the two authorities' keys and certificates; without it `ca` in `data_dir`. What is not there is made.
    #[serde(default)]
    pub ca_dir: Option<PathBuf>,
    /// How long certificates hold.
    #[serde(default)]
    pub certificates: Certificates,
    /// File with the API's bearer token in its first line.
    pub api_token_file: PathBuf,
    /// Whether planned shipments leave at once, until staff set it otherwise.
    #[serde(default)]
    pub auto_dispatch: bool,
    /// Vehicles that `auto_dispatch` takes from.
    #[serde(default = "vehicles")]
    pub vehicles: Vec<String>,
    /// Zone that "today" is meant in.
    #[serde(default = "time_zone")]
    pub time_zone: String,
    /// The station that `POST /orders/station` answers with.
    #[serde(default)]
    pub station: Option<StationSeed>,
    /// Stations that join the register if they are not in it.
    #[serde(default)]
    pub stations: Vec<StationSeed>,
    /// Products for an empty catalogue, JSON.
    #[serde(default)]
    pub catalogue_file: Option<PathBuf>,
}

fn http_addr() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7000))
}

fn mqtt_addr() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7001))
}

fn link_addr() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7002))
}

/// How many connections are let in; those beyond are closed before their handshake and come back by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Connections {
    /// In a second, in the long run.
    pub per_second: u32,
    /// Together, after a while with fewer.
    pub burst: u32,
}

/// A third of what one core hands out in certificates' checks, so that sales go on meanwhile: ten thousand stations are
/// back within twenty seconds.
const CONNECTIONS: Connections = Connections { per_second: 500, burst: 1_000 };

impl Default for Connections {
    fn default() -> Self {
        CONNECTIONS
    }
}

impl Connections {
    /// In the form that listeners take.
    pub const fn rate(self) -> ConnectionRate {
        ConnectionRate { per_second: self.per_second, burst: self.burst }
    }

    fn check(self) -> Result<(), &'static str> {
        if self.per_second == 0 || self.burst == 0 {
            return Err("per_second and burst have to be at least 1, or nobody could connect");
        }
        Ok(())
    }
}

/// How long certificates hold, written as `2160h`, `90m` or `20s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Certificates {
    /// A device's; it renews it at half of this.
    pub device: SignedDuration,
    /// A station's authority, for what its agent enrols.
    pub authority: SignedDuration,
    /// For how long a certificate that ended may still be renewed.
    pub grace: SignedDuration,
}

impl Default for Certificates {
    fn default() -> Self {
        let standard = |ms: i64| SignedDuration::from_millis(ms);
        let Lifetimes { device_ms, authority_ms, grace_ms } = Lifetimes::STANDARD;
        Self { device: standard(device_ms), authority: standard(authority_ms), grace: standard(grace_ms) }
    }
}

impl Certificates {
    /// In the form that issuers take.
    pub fn lifetimes(&self) -> Lifetimes {
        let ms = |duration: SignedDuration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Lifetimes { device_ms: ms(self.device), authority_ms: ms(self.authority), grace_ms: ms(self.grace) }
    }

    fn check(&self) -> Result<(), &'static str> {
        let least = SignedDuration::from_secs(1);
        let most = SignedDuration::from_hours(24 * 3_660);
        let fits = |duration: SignedDuration| (least..=most).contains(&duration);
        if ![self.device, self.authority, self.grace].into_iter().all(fits) {
            return Err("each of device, authority and grace has to be between 1s and ten years");
        }
        if self.authority < self.device {
            return Err("authority must not be shorter than device");
        }
        Ok(())
    }
}

fn time_zone() -> String {
    "Asia/Seoul".to_owned()
}

fn vehicles() -> Vec<String> {
    ["경기80사1021", "경기80사1022", "인천81바3307"].map(str::to_owned).to_vec()
}

impl Config {
    /// Reads and checks the file. Relative paths in it are relative to the working folder, as for any tool.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let refused = |why: String| ConfigError::new(path, why);
        let len = std::fs::metadata(path).map_err(|why| ConfigError::new(path, why))?.len();
        if len > FILE_LEN_MAX {
            return Err(refused(format!("a configuration has at most {FILE_LEN_MAX} bytes")));
        }
        let text = std::fs::read_to_string(path).map_err(|why| ConfigError::new(path, why))?;
        let config = Self::parse(&text).map_err(refused)?;
        config.token()?;
        Ok(config)
    }

    /// Reads and checks what stands in a configuration, but not the files that it names.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|why| {
            let line = why.span().map(|span| text.bytes().take(span.start).filter(|b| *b == b'\n').count());
            let at = line.map(|line| format!("line {}: ", line.saturating_add(1))).unwrap_or_default();
            format!("{at}{}", why.message())
        })?;
        config.zone().map_err(|why| format!("time_zone: {why}"))?;
        config.certificates.check().map_err(|why| format!("certificates: {why}"))?;
        config.mqtt_connections.check().map_err(|why| format!("mqtt_connections: {why}"))?;
        if !config.http_addr.ip().is_loopback() && !config.http_behind_tls_proxy {
            return Err(
                "http_addr: tokens would travel in clear; listen on 127.0.0.1, or put a proxy with TLS in front and set http_behind_tls_proxy = true".to_owned(),
            );
        }
        Ok(config)
    }

    /// Where the authorities are kept.
    pub fn ca_dir(&self) -> PathBuf {
        self.ca_dir.clone().unwrap_or_else(|| self.data_dir.join("ca"))
    }

    /// The zone that "today" is meant in.
    pub fn zone(&self) -> Result<TimeZone, jiff::Error> {
        TimeZone::get(&self.time_zone)
    }

    /// The API's bearer token.
    pub fn token(&self) -> Result<String, ConfigError> {
        let path = &self.api_token_file;
        let text = std::fs::read_to_string(path)
            .map_err(|why| ConfigError::new(path, format!("api_token_file cannot be read: {why}")))?;
        let token = text.lines().next().unwrap_or_default().trim().to_owned();
        if token.len() < TOKEN_LEN_MIN || !token.bytes().all(|b| b.is_ascii_graphic()) {
            let why = format!(
                "api_token_file has to hold a token of at least {TOKEN_LEN_MIN} printable ASCII characters in its first line"
            );
            return Err(ConfigError::new(path, why));
        }
        Ok(token)
    }

    /// Every station that the file names, the configured one first.
    pub fn all_stations(&self) -> Vec<&StationSeed> {
        self.station.iter().chain(&self.stations).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(extra: &str) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let token = dir.path().join("token");
        std::fs::write(&token, "a-long-token\n").unwrap();
        let file = dir.path().join("hq.toml");
        let text = format!("data_dir = \"data\"\napi_token_file = {token:?}\n{extra}");
        std::fs::write(&file, text).unwrap();
        Config::read(&file)
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let why = read("auto_dispath = true\n").unwrap_err().to_string();
        assert!(why.contains("line 3") && why.contains("auto_dispath"), "{why}");
        assert!(!why.contains('\n'));
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let config =
            read("[station]\ncode = \"ST0001\"\nname = \"SK Imme\"\naddress = \"SK Imme Station\"\n")
                .unwrap();
        assert_eq!(config.http_addr.port(), 7000);
        assert!(!config.auto_dispatch);
        assert_eq!(config.all_stations().len(), 1);
    }

    #[test]
    fn tokens_do_not_travel_in_clear_unless_a_proxy_is_named() {
        assert!(read("http_addr = \"0.0.0.0:7000\"\n").is_err());
        assert!(read("http_addr = \"0.0.0.0:7000\"\nhttp_behind_tls_proxy = true\n").is_ok());
    }

    #[test]
    fn lifetimes_of_certificates_are_checked() {
        let config = read("[certificates]\ndevice = \"20s\"\nauthority = \"1h\"\n").unwrap();
        assert_eq!(config.certificates.lifetimes().device_ms, 20_000);
        for bad in
            ["device = \"0s\"", "device = \"2h\"\nauthority = \"1h\"", "grace = \"often\"", "life = \"1h\""]
        {
            assert!(read(&format!("[certificates]\n{bad}\n")).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bad_zone_or_station_code_is_refused() {
        assert!(read("time_zone = \"Asia/Atlantis\"\n").is_err());
        assert!(read("[[stations]]\ncode = \"ST#\"\nname = \"\"\naddress = \"\"\n").is_err());
    }
}
