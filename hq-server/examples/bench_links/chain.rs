//! A chain of stations whose agents are enrolled.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use hq_server::config::Config;
use hq_server::server;
use hq_server::store::{open_node, open_store};
use rustls::ClientConfig;
use sync::Clock;
use sync::enrolment::Invited;
use sync_identity::exchange::Enrol;
use sync_identity::subject::HEAD_OFFICE;
use sync_identity::verify::{KnownTime, ServerCheck};
use sync_identity::{Identity, Kind, authority, tls};
use sync_proto::StationCode;

/// A station's agent, as far as a connection needs it.
pub struct Station {
    code: String,
    device: String,
    pub tls: Arc<ClientConfig>,
}

impl Station {
    /// The client id at head office.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// The client id at a broker that takes the certificate's name for it.
    pub fn code(&self) -> &str {
        &self.code
    }
}

/// Head office's folder and all stations.
pub struct Chain {
    pub config: Config,
    pub config_path: PathBuf,
    pub folder: PathBuf,
    pub stations: Arc<[Station]>,
}

impl Chain {
    /// Enrols one agent for each station, in the database that head office then opens.
    pub fn make(folder: &Path, count: usize) -> Result<Self> {
        let token = folder.join("token");
        std::fs::write(&token, "a-token-for-the-benchmark")?;
        let data = folder.join("hq");
        let text = format!(
            "data_dir = {data:?}\nhttp_addr = \"127.0.0.1:0\"\nmqtt_addr = \"127.0.0.1:0\"\nlink_addr = \"127.0.0.1:0\"\napi_token_file = {token:?}\n\
             # What a connection costs is measured, not how many are let in.\n\
             [mqtt_connections]\nper_second = 1000000\nburst = 1000000\n",
        );
        let config_path = folder.join("hq.toml");
        std::fs::write(&config_path, text)?;
        let config = Config::read(&config_path)?;
        let clock = Clock::system();
        let mut node = open_node(open_store(&config.data_dir)?, &clock)?;
        let issuer = server::issuer(&config, &clock)?;
        let mut stations = Vec::new();
        for number in 1..=count {
            let station = StationCode::new(format!("ST{number:04}"))?;
            let invited = Invited { station, kind: Kind::Agent };
            let (code, _) = node.open_code(&issuer, &invited, clock.wall_ms())?;
            let (key, request) = authority::new_key()?;
            let (authority_key, authority_request) = authority::new_key()?;
            let asked = Enrol {
                code_id: code.id(),
                secret: code.secret(),
                device: None,
                request,
                authority_request: Some(authority_request),
            };
            let issued = node.redeem(&issuer, &asked, clock.now())?;
            let agent = Identity::of(key, Some(authority_key), issued).map_err(anyhow::Error::msg)?;
            stations.push(station_of(&agent)?);
        }
        Ok(Self { config, config_path, folder: folder.to_owned(), stations: stations.into() })
    }
}

fn station_of(agent: &Identity) -> Result<Station> {
    let time = Arc::new(|| KnownTime::AtLeast(0));
    let check = ServerCheck::known(&agent.roots().head_office, HEAD_OFFICE, time)?;
    let subject = &agent.certified().subject;
    Ok(Station {
        code: subject.station.to_string(),
        device: subject.device.to_hex(),
        tls: Arc::new(tls::client(Some(agent.credentials()?), check)?),
    })
}
