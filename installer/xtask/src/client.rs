//! A small HTTP client for the programs' paths: a base address, a token, JSON back.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::Value;
use ureq::http::Response;
use ureq::{Agent, Body};

/// A slower answer than this counts as none.
const TIMEOUT: Duration = Duration::from_secs(10);

/// One program's HTTP listener and the token that opens it.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    base: String,
    token: String,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as JSON; null if it is empty or not JSON.
    pub body: Value,
}

impl Answer {
    /// Whether the status is a success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The problem's stable code, empty if there is none.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    /// The list in the body, empty if it is something else.
    #[must_use]
    pub fn rows(&self) -> &[Value] {
        self.body.as_array().map_or(&[], Vec::as_slice)
    }
}

impl Client {
    /// A client of `base` (`http://127.0.0.1:7000`).
    #[must_use]
    pub fn new(base: &str, token: &str) -> Self {
        let agent =
            Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build().into();
        Self { agent, base: base.to_owned(), token: format!("Bearer {token}") }
    }

    /// The address that the paths stand on.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// GET.
    ///
    /// # Errors
    /// Nobody answers.
    pub fn get(&self, path: &str) -> Result<Answer> {
        let request = self.agent.get(self.url(path)).header("Authorization", &self.token);
        answer(request.call(), "GET", path)
    }

    /// POST of a form, as existing integrations do.
    ///
    /// # Errors
    /// Nobody answers.
    pub fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let request = self.agent.post(self.url(path)).header("Authorization", &self.token);
        answer(request.send_form(fields.iter().copied()), "POST", path)
    }

    /// POST of a form with an `Idempotency-Key`, so that it may be repeated.
    ///
    /// # Errors
    /// Nobody answers.
    pub fn post_form_once(&self, path: &str, fields: &[(&str, &str)], key: &str) -> Result<Answer> {
        let request = self
            .agent
            .post(self.url(path))
            .header("Authorization", &self.token)
            .header("Idempotency-Key", key);
        answer(request.send_form(fields.iter().copied()), "POST", path)
    }

    /// POST of JSON.
    ///
    /// # Errors
    /// Nobody answers.
    pub fn post_json(&self, path: &str, body: impl Serialize) -> Result<Answer> {
        let request = self.agent.post(self.url(path)).header("Authorization", &self.token);
        answer(request.send_json(body), "POST", path)
    }

    /// PUT of JSON.
    ///
    /// # Errors
    /// Nobody answers.
    pub fn put_json(&self, path: &str, body: impl Serialize) -> Result<Answer> {
        let request = self.agent.put(self.url(path)).header("Authorization", &self.token);
        answer(request.send_json(body), "PUT", path)
    }

    /// POST of raw bytes, for what no client should send.
    ///
    /// # Errors
    /// Nobody answers.
    pub fn post_raw(&self, path: &str, content_type: &str, body: &[u8]) -> Result<Answer> {
        let request =
            self.agent.post(self.url(path)).header("Authorization", &self.token).content_type(content_type);
        answer(request.send(body), "POST", path)
    }

    /// Any request with headers of its own, for what no client should send: the status and the body as it came.
    ///
    /// # Errors
    /// It is no HTTP request, or nobody answers.
    pub fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<(u16, String)> {
        let mut request = ureq::http::Request::builder().method(method).uri(self.url(path));
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
            request = request.header("Authorization", &self.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).with_context(|| format!("{method} {path}"))?;
        let mut response = self.agent.run(request).with_context(|| format!("{method} {path}"))?;
        let text = response
            .body_mut()
            .read_to_string()
            .with_context(|| format!("{method} {path}: the body broke off"))?;
        Ok((response.status().as_u16(), text))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn answer(response: Result<Response<Body>, ureq::Error>, method: &str, path: &str) -> Result<Answer> {
    let mut response = response.with_context(|| format!("{method} {path}"))?;
    let text = response
        .body_mut()
        .read_to_string()
        .with_context(|| format!("{method} {path}: the body broke off"))?;
    Ok(Answer {
        status: response.status().as_u16(),
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
    })
}
