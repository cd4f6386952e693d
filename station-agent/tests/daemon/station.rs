//! A station's daemon with its folder, and a client of its HTTP.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use station_agent::config::Config;
use station_agent::daemon::{Daemon, StartError};
use station_agent::store::AgentNode;
use station_api::enrolment::{self, Applicant, EnrolError};
use sync_identity::standin::StandIn;
use sync_identity::subject::agent_name;
use sync_identity::verify::{ServerCheck, TimeSource};
use sync_identity::{Identity, Kind, KnownTime, Subject, Validity, tls};
use sync_proto::{DeviceId, TerminalNo};
use tempfile::TempDir;

use crate::hq::{Hq, here};

pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Longest wait for something that was caused; a slow machine takes a fraction of it.
pub const WITHIN: Duration = Duration::from_secs(20);

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The agent of every test.
pub const AGENT: DeviceId = DeviceId([0xa9; 16]);

pub struct Agent {
    folder: TempDir,
    config: Config,
    daemon: Option<Daemon>,
    client: reqwest::Client,
    /// Who signed the agent.
    pub chain: StandIn,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub media_type: String,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("")
    }
}

/// From `from_days` to `until_days` after now.
pub fn days(from_days: i64, until_days: i64) -> Validity {
    let now_ms = sync::Clock::system().wall_ms();
    Validity { from_ms: now_ms + from_days * DAY_MS, until_ms: now_ms + until_days * DAY_MS }
}

/// A client for plain HTTP.
pub fn plain_client() -> reqwest::Client {
    tls::use_one_provider();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A device that knows nothing of the time.
pub fn any_time() -> TimeSource {
    Arc::new(|| KnownTime::AtLeast(0))
}

/// The configuration of an agent whose files are in `folder`; its broker is away, as nobody listens on port 9.
pub fn config_text(folder: &Path, hq_link: &str, more: &str) -> String {
    std::fs::write(folder.join("token"), format!("{TOKEN}\n")).unwrap();
    format!(
        "data_dir = '{0}/data'\nhttp_addr = '127.0.0.1:0'\nlan_addr = '127.0.0.1:0'\n\
         api_token_file = '{0}/token'\nidentity_file = '{0}/identity.json'\n\
         hq_mqtt = '127.0.0.1:9'\nhq_link = '{hq_link}'\n\
         [station]\ncode = 'ST0001'\nname = 'SK Imme'\naddress = 'SK Imme Station'\n{more}",
        folder.display()
    )
}

async fn start(config: &Config) -> Result<Daemon, StartError> {
    Daemon::start(config, Identity::read(&config.identity_file()).unwrap()).await
}

impl Agent {
    /// A new station that HQ's catalogue has reached once.
    pub async fn start() -> (Self, Hq) {
        Self::start_with(days(-400, 400), "").await
    }

    /// With a certificate and an authority that hold for `validity`, and more configuration.
    pub async fn start_with(validity: Validity, more: &str) -> (Self, Hq) {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::parse("agent.toml", &config_text(folder.path(), "127.0.0.1:9", more)).unwrap();
        let chain = StandIn::make(validity).unwrap();
        chain.agent(&here(), AGENT).unwrap().write(&config.identity_file()).unwrap();
        let daemon = start(&config).await.unwrap();
        let agent = Self { folder, config, daemon: Some(daemon), client: plain_client(), chain };
        let mut hq = Hq::new();
        hq.reach(&agent).await;
        (agent, hq)
    }

    /// Stops the daemon and starts another one over the same folder and on the same ports.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    pub async fn stop(&mut self) {
        self.config.http_addr = self.daemon().addr();
        self.config.lan_addr = self.daemon().lan_addr();
        self.daemon.take().unwrap().stop().await;
    }

    pub async fn start_again(&mut self) {
        self.daemon = Some(start(&self.config).await.unwrap());
    }

    /// Another daemon over the same folder.
    pub async fn start_second(&self) -> StartError {
        start(&self.config).await.unwrap_err()
    }

    pub fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().unwrap()
    }

    pub fn daemon_mut(&mut self) -> &mut Daemon {
        self.daemon.as_mut().unwrap()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.daemon().addr())
    }

    pub fn lan_url(&self) -> String {
        format!("https://{}", self.daemon().lan_addr())
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn identity(&self) -> Identity {
        Identity::read(&self.config.identity_file()).unwrap()
    }

    /// As once the link to HQ was up: HQ's clock is this machine's.
    pub fn agree_on_the_time(&self) {
        let clock = &self.daemon().station().clock;
        clock.agree(clock.wall_ms(), 0);
    }

    /// Runs `job` on the journal.
    pub async fn node<T: Send + 'static>(&self, job: impl FnOnce(&mut AgentNode) -> T + Send + 'static) -> T {
        self.daemon().station().writer.run(job).await.unwrap()
    }

    /// Entries of this station's own journal.
    pub async fn own_entries(&self) -> u64 {
        self.node(|node| node.own_head().unwrap().seq.0).await
    }

    /// A code, made on this machine.
    pub async fn code(&self, kind: Kind) -> String {
        let asked = match kind {
            Kind::Till(number) => format!(r#"{{"kind":"till","terminal":{}}}"#, number.0),
            Kind::Office | Kind::Agent => r#"{"kind":"office"}"#.to_owned(),
        };
        let answer = self.post_json("/api/v1/enrolment-codes", &asked).await;
        answer.body["code"].as_str().unwrap().to_owned()
    }

    /// Enrols with the device's own code path.
    pub async fn enrol_as(&self, kind: Kind, device: Option<DeviceId>) -> Result<Identity, EnrolError> {
        let code = self.code(kind).await;
        let enrolled = enrolment::enrol(&self.lan_url(), &code, Applicant::OfStation, device).await;
        enrolled.map(|(identity, _)| identity)
    }

    pub async fn enrol(&self, terminal: u16) -> Identity {
        self.enrol_as(Kind::Till(TerminalNo(terminal)), None).await.unwrap()
    }

    pub async fn enrol_office(&self) -> Identity {
        self.enrol_as(Kind::Office, None).await.unwrap()
    }

    /// What the station's authority would sign with another validity.
    pub fn signed(&mut self, subject: &Subject, validity: Validity) -> Identity {
        let chain = StandIn::make(validity).unwrap();
        let StandIn { head_office, stations, .. } = std::mem::replace(&mut self.chain, chain);
        self.chain.head_office = head_office;
        self.chain.stations = stations;
        self.chain.of(&self.identity(), subject).unwrap()
    }

    pub async fn revoke(&self, device: DeviceId) -> Answer {
        self.post_json(
            &format!("/api/v1/devices/{device}/revoke"),
            r#"{"reason":"stolen","override_pending":true}"#,
        )
        .await
    }

    /// A client on the LAN that shows `identity`.
    pub fn lan(&self, identity: Option<&Identity>) -> reqwest::Client {
        let name = agent_name(&here()).unwrap();
        let check = ServerCheck::known(&self.chain.roots().head_office, &name, any_time()).unwrap();
        let shown = identity.map(|identity| identity.credentials().unwrap());
        let tls = tls::client(shown, check).unwrap();
        reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap()
    }

    pub async fn lan_post(&self, identity: Option<&Identity>, path: &str, body: Vec<u8>) -> Answer {
        let request = self.lan(identity).post(format!("{}{path}", self.lan_url()));
        self.send(request.body(body)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.client.get(format!("{}{path}", self.url())).bearer_auth(TOKEN)).await
    }

    pub async fn post_json(&self, path: &str, body: &str) -> Answer {
        let request = self.client.post(format!("{}{path}", self.url())).bearer_auth(TOKEN);
        self.send(request.header("content-type", "application/json").body(body.to_owned())).await
    }

    pub async fn post_form(&self, path: &str, form: &str) -> Answer {
        self.post_form_as(path, form, None).await
    }

    pub async fn post_form_as(&self, path: &str, form: &str, key: Option<&str>) -> Answer {
        let mut request = self.client.post(format!("{}{path}", self.url())).bearer_auth(TOKEN);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(form.to_owned())).await
    }

    pub async fn post_raw(&self, path: &str, authorization: &str, body: Vec<u8>) -> Answer {
        let request = self.client.post(format!("{}{path}", self.url()));
        self.send(request.header("authorization", authorization).body(body)).await
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let media_type =
            response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
        let bytes = response.bytes().await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status, media_type: media_type.unwrap_or_default(), body }
    }

    /// Waits for commits until `path` answers what `done` wants.
    pub async fn until(&self, path: &str, done: impl Fn(&Value) -> bool) -> Value {
        let mut changes = self.daemon().station().writer.changes();
        let wait = async {
            loop {
                changes.mark_unchanged();
                let answer = self.get(path).await;
                if done(&answer.body) {
                    return answer.body;
                }
                changes.changed().await.unwrap();
            }
        };
        match tokio::time::timeout(WITHIN, wait).await {
            Ok(body) => body,
            Err(_) => unreachable!("{path} stays at {:?}", self.get(path).await.body),
        }
    }

    /// Book stock of a product as integrations read it.
    pub async fn stock(&self, product: &str) -> Value {
        let answer = self.get("/stockSummaries").await;
        let row = answer.body.as_array().unwrap().iter().find(|row| row["productId"] == product).cloned();
        row.unwrap()["qty"].clone()
    }
}
