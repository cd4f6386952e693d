//! The configuration file. It holds no secret: the API token lies in a file of its own.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use station_api::{Client, ClientError};

use crate::locale::Language;
use crate::theme::Theme;

/// A configuration is four lines; whatever is longer is not one.
const CONFIG_BYTES_MAX: u64 = 64 * 1024;
/// A token is one line.
const TOKEN_BYTES_MAX: u64 = 4 * 1024;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the station agent, e.g. `http://127.0.0.1:7100`.
    pub agent_url: String,
    /// File whose one line is the agent's API token.
    pub token_file: PathBuf,
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

    /// Reads the token and makes the client; `path` is named when that fails.
    ///
    /// # Errors
    /// [`ConfigError`] when the token cannot be read or the address is no address.
    pub fn client(&self, path: &Path) -> Result<Client, ConfigError> {
        let token = read_limited(&self.token_file, TOKEN_BYTES_MAX)?;
        Client::new(&self.agent_url, &token)
            .map_err(|source| ConfigError::Client { path: path.to_owned(), source })
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
