//! The configuration file. It holds no secret: the API token lies in a file of its own.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use station_api::{Client, ClientError};

use crate::link::{Link, LinkError};
use crate::locale::Language;
use crate::theme::Theme;

/// A configuration is six lines; whatever is longer is not one.
const CONFIG_BYTES_MAX: u64 = 64 * 1024;
/// A token is one line.
const TOKEN_BYTES_MAX: u64 = 4 * 1024;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the station agent: `https://10.0.0.2:7101` from anywhere in the station, with `identity_file`; or
    /// `http://127.0.0.1:7100` on the agent's own computer, with `token_file`.
    pub agent_url: String,
    /// File of this back office's identity; written when it is enrolled.
    pub identity_file: Option<PathBuf>,
    /// The agent's loopback address, beside an `https` one, when it is on this computer: the agent is set up there.
    pub local_url: Option<String>,
    /// File whose one line is the agent's API token, for the loopback address.
    pub token_file: Option<PathBuf>,
    /// Language at the start; switched in the window.
    #[serde(default)]
    pub language: Language,
    /// Theme at the start; switched in the window.
    #[serde(default)]
    pub theme: Theme,
}

/// Why there is no usable configuration. Each reads as one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is far longer than any that is meant.
    #[error("{} is longer than {bytes_max} bytes; is this the right file?", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The limit.
        bytes_max: u64,
    },
    /// Not the TOML that is expected.
    #[error("{}: {}", path.display(), one_line(source))]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: toml::de::Error,
    },
    /// A key that the others make needed.
    #[error("{}: {key} is missing; {why}", path.display())]
    Missing {
        /// The configuration file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What it is for.
        why: &'static str,
    },
    /// The address or the identity cannot be used.
    #[error("{}: {source}", path.display())]
    Link {
        /// The configuration file.
        path: PathBuf,
        /// Why.
        source: LinkError,
    },
    /// The address or the token cannot be used.
    #[error("{}: {source}", path.display())]
    Client {
        /// The configuration file.
        path: PathBuf,
        /// Why.
        source: ClientError,
    },
}

impl Config {
    /// Reads the configuration at `path`.
    ///
    /// # Errors
    /// [`ConfigError`], which names the file and what to change.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = read_limited(path, CONFIG_BYTES_MAX)?;
        toml::from_str(&text).map_err(|source| ConfigError::Syntax { path: path.to_owned(), source })
    }

    /// Reads the token and the identity and makes the way to the agent; `path` is named when that fails.
    ///
    /// # Errors
    /// [`ConfigError`] when a key is missing, a file cannot be read or an address is no address.
    pub fn link(&self, path: &Path) -> Result<Link, ConfigError> {
        if !self.agent_url.starts_with("https:") {
            return Ok(Link::local(self.local_client(&self.agent_url, path)?));
        }
        let file = self.identity_file.clone().ok_or_else(|| ConfigError::Missing {
            path: path.to_owned(),
            key: "identity_file",
            why: "over https this back office shows a certificate of its own",
        })?;
        let local = self.local_url.as_ref().map(|url| self.local_client(url, path)).transpose()?;
        Link::secure(&self.agent_url, file, local)
            .map_err(|source| ConfigError::Link { path: path.to_owned(), source })
    }

    fn local_client(&self, url: &str, path: &Path) -> Result<Client, ConfigError> {
        let file = self.token_file.as_ref().ok_or_else(|| ConfigError::Missing {
            path: path.to_owned(),
            key: "token_file",
            why: "over http the agent on this computer asks for its token",
        })?;
        let token = read_limited(file, TOKEN_BYTES_MAX)?;
        Client::local(url, &token).map_err(|source| ConfigError::Client { path: path.to_owned(), source })
    }
}

fn read_limited(path: &Path, bytes_max: u64) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(bytes_max.saturating_add(1)).read_to_string(&mut text))
        .map_err(unreadable)?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes <= bytes_max) {
        Ok(text)
    } else {
        Err(ConfigError::TooLong { path: path.to_owned(), bytes_max })
    }
}

/// TOML errors draw the line they mean over several lines; a service's log wants one.
fn one_line(error: &toml::de::Error) -> String {
    error.message().split_whitespace().collect::<Vec<_>>().join(" ")
}
