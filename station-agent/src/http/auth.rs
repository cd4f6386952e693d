//! Who may call the listener of this machine: whoever holds the station's token.

use std::path::Path;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use station_api::ErrorCode;

use super::{Refusal, Shared};

/// Longest token file that is read.
const FILE_LEN_MAX: u64 = 4 * 1024;

/// Shortest token taken, the same as at head office: what is shorter can be guessed.
const TOKEN_LEN_MIN: usize = 8;

/// Why there is no token. One line each.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read.
    #[error("api_token_file {path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Not one line of printable characters.
    #[error("api_token_file {0} must hold one line of {TOKEN_LEN_MIN} or more printable characters")]
    Malformed(String),
}

/// The token of the LAN API.
#[derive(Clone)]
pub struct Token(Arc<str>);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// Reads the token file.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let name = path.display().to_string();
        let io = |source| TokenError::Io { path: name.clone(), source };
        if std::fs::metadata(path).map_err(io)?.len() > FILE_LEN_MAX {
            return Err(TokenError::Malformed(name));
        }
        let text = std::fs::read_to_string(path).map_err(io)?;
        let token = text.trim();
        if token.len() < TOKEN_LEN_MIN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Malformed(name));
        }
        Ok(Self(token.into()))
    }

    /// The token itself, for a client of this machine.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes the same time wherever the two differ, so that the token cannot be guessed piece by piece.
    fn is(&self, shown: &str) -> bool {
        let (mine, shown) = (self.0.as_bytes(), shown.as_bytes());
        let differing = mine.iter().zip(shown).fold(0u8, |all, (a, b)| all | (a ^ b));
        mine.len() == shown.len() && differing == 0
    }
}

/// Whether a request shows the token.
pub(crate) fn shows_token(token: &Token, headers: &HeaderMap) -> bool {
    let shown = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    shown.and_then(|header| header.strip_prefix("Bearer ")).is_some_and(|shown| token.is(shown))
}

/// Lets a request with the token pass.
pub(super) async fn wants_token(State(station): State<Shared>, request: Request, next: Next) -> Response {
    if shows_token(&station.token, request.headers()) {
        return next.run(request).await;
    }
    super::discard(request.into_body()).await;
    let detail = "The request shows no token, or a wrong one. Send the header Authorization: Bearer TOKEN with the token of this station.";
    Refusal::new(ErrorCode::Unauthorized, detail).into_response()
}
