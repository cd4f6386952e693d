//! A station's daemon with its folder, and a client of its HTTP.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use station_agent::config::Config;
use station_agent::daemon::{Daemon, StartError};
use station_agent::store::AgentNode;
use sync::device::DeviceFile;
use sync_proto::{DeviceId, Role};
use tempfile::TempDir;

use crate::hq::{Hq, here};

pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Longest wait for something that was caused; a slow machine takes a fraction of it.
const WITHIN: Duration = Duration::from_secs(20);

pub struct Agent {
    folder: TempDir,
    config: Config,
    daemon: Option<Daemon>,
    client: reqwest::Client,
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

pub fn config_in(folder: &Path) -> Config {
    std::fs::write(folder.join("token"), format!("{TOKEN}\n")).unwrap();
    DeviceFile::mint(here(), Role::Agent, None).unwrap().write(&folder.join("agent.device.json")).unwrap();
    // Port 9 discards: nobody listens, HQ is away.
    let text = format!(
        "data_dir = '{0}/data'\nhttp_addr = '127.0.0.1:0'\napi_token_file = '{0}/token'\n\
         device_file = '{0}/agent.device.json'\nhq_mqtt = '127.0.0.1:9'\n\
         [station]\ncode = 'ST0001'\nname = 'SK Imme'\naddress = 'SK Imme Station'\n",
        folder.display()
    );
    Config::parse("agent.toml", &text).unwrap()
}

impl Agent {
    /// A new station that HQ's catalogue has reached once.
    pub async fn start() -> (Self, Hq) {
        let folder = tempfile::tempdir().unwrap();
        let config = config_in(folder.path());
        let daemon = Daemon::start(&config).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let agent = Self { folder, config, daemon: Some(daemon), client };
        let mut hq = Hq::new();
        hq.reach(&agent).await;
        (agent, hq)
    }

    /// Stops the daemon and starts another one over the same folder and on the same port.
    pub async fn restart(&mut self) {
        self.config.http_addr = self.daemon().addr();
        self.daemon.take().unwrap().stop().await;
        self.daemon = Some(Daemon::start(&self.config).await.unwrap());
    }

    pub async fn stop(&mut self) {
        self.config.http_addr = self.daemon().addr();
        self.daemon.take().unwrap().stop().await;
    }

    pub async fn start_again(&mut self) {
        self.daemon = Some(Daemon::start(&self.config).await.unwrap());
    }

    /// Another daemon over the same folder.
    pub async fn start_second(&self) -> StartError {
        Daemon::start(&self.config).await.unwrap_err()
    }

    pub fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().unwrap()
    }

    pub fn daemon_mut(&mut self) -> &mut Daemon {
        self.daemon.as_mut().unwrap()
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.daemon().addr())
    }

    pub fn device(&self) -> DeviceId {
        DeviceFile::read(&self.folder.path().join("agent.device.json")).unwrap().device
    }

    /// Runs `job` on the journal.
    pub async fn node<T: Send + 'static>(&self, job: impl FnOnce(&mut AgentNode) -> T + Send + 'static) -> T {
        self.daemon().station().writer.run(job).await.unwrap()
    }

    /// Entries of this station's own journal.
    pub async fn own_entries(&self) -> u64 {
        self.node(|node| {
            let own = node.own_stream();
            node.hello(own).unwrap().unwrap().last.0
        })
        .await
    }

    pub async fn enrol(&self, terminal: u16) -> DeviceFile {
        let answer = self.post_json("/api/v1/devices", &format!(r#"{{"terminal":{terminal}}}"#)).await;
        serde_json::from_value(answer.body).unwrap()
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
