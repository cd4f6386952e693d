//! What a fleet consists of: folders, ports, tokens, configuration files and how each program is started.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::config;
use super::ports::Ports;
use super::program::{Kind, Launch, Program};
use super::secret;
use crate::{catalogue, workspace};

/// How a program calls its key and certificates in its data folder.
const IDENTITY: &str = "identity.json";
/// Where programs on one machine meet.
const LOOPBACK: &str = "127.0.0.1";

/// What to start.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Where everything is kept.
    pub data: PathBuf,
    /// How many stations.
    pub stations: u16,
    /// How many tills each has.
    pub terminals: u16,
    /// Fixes the ports.
    pub port_base: Option<u16>,
    /// Whether the first till of each station and its back office have windows.
    pub windows: bool,
    /// Whether a planned shipment leaves at once.
    pub auto_dispatch: bool,
    /// Where agents look for HQ's broker, if not at its own port: a proxy that a test cuts.
    pub hq_mqtt_route: Option<String>,
    /// Where agents enrol and renew, if not at HQ's own port.
    pub hq_link_route: Option<String>,
    /// How long HQ's certificates hold, if not the usual times.
    pub certificates: Option<config::Certificates>,
    /// Where HQ runs, if not beside its stations.
    pub hq_apart: Option<Apart>,
}

/// A network namespace of HQ's own, so that a test can break what lies between it and its stations.
#[derive(Clone, Debug)]
pub struct Apart {
    /// Its name, as `ip netns` knows it.
    pub namespace: String,
    /// Under which address stations reach it.
    pub address: String,
}

impl Wish {
    /// One station with one till, no windows, shipments sent off at once.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            stations: 1,
            terminals: 1,
            port_base: None,
            windows: false,
            auto_dispatch: true,
            hq_mqtt_route: None,
            hq_link_route: None,
            certificates: None,
            hq_apart: None,
        }
    }
}

/// A fleet ready to be enrolled and started.
#[derive(Debug)]
pub struct Plan {
    /// Where everything is kept.
    pub data: PathBuf,
    /// HQ.
    pub hq: Launch,
    /// The stations, in order.
    pub stations: Vec<StationPlan>,
    /// Held for as long as the fleet runs.
    pub ports: Ports,
}

/// A program that belongs once it has an identity.
#[derive(Debug)]
pub struct Enrollable {
    /// How it is started.
    pub launch: Launch,
    /// Its configuration file.
    pub config: String,
    /// Its key and certificates, once it is enrolled.
    pub identity: PathBuf,
}

/// One station of the plan.
#[derive(Debug)]
pub struct StationPlan {
    /// Its code.
    pub code: String,
    /// The agent.
    pub agent: Enrollable,
    /// The tills.
    pub tills: Vec<Enrollable>,
    /// The back office, where there are windows.
    pub back_office: Option<Enrollable>,
}

impl Plan {
    /// Takes ports, makes folders and tokens, and writes the configuration files.
    ///
    /// # Errors
    /// The data folder cannot be written, or a port is in use.
    pub fn make(wish: &Wish) -> Result<Self> {
        let data = absolute(&wish.data)?;
        for folder in ["config", "logs", "hq"] {
            make_folder(&data.join(folder))?;
        }
        let mut ports = Ports::new(wish.port_base);
        let host = wish.hq_apart.as_ref().map_or(LOOPBACK, |apart| &apart.address);
        let hq_http = at(host, ports.take()?);
        let hq_mqtt = at(host, ports.take()?);
        let hq_link = at(host, ports.take()?);
        let hq = hq(&data, wish, &hq_http, &hq_mqtt, &hq_link)?;
        let routes = (
            wish.hq_mqtt_route.as_ref().unwrap_or(&hq_mqtt).as_str(),
            wish.hq_link_route.as_ref().unwrap_or(&hq_link).as_str(),
        );
        let stations = catalogue::stations(wish.stations)?
            .iter()
            .map(|station| station_plan(&data, wish, station, routes, &mut ports))
            .collect::<Result<_>>()?;
        Ok(Self { data, hq, stations, ports })
    }

    /// Every program, HQ first, back offices last.
    pub fn launches(&self) -> impl Iterator<Item = &Launch> {
        let stations = self.stations.iter().flat_map(|station| {
            std::iter::once(&station.agent.launch).chain(station.tills.iter().map(|till| &till.launch))
        });
        let back_offices = self.stations.iter().filter_map(|station| station.back_office.as_ref());
        std::iter::once(&self.hq).chain(stations).chain(back_offices.map(|office| &office.launch))
    }
}

fn hq(data: &Path, wish: &Wish, http: &str, mqtt: &str, link: &str) -> Result<Launch> {
    let token_file = data.join("config/hq.token");
    let stations = catalogue::stations(wish.stations)?;
    let first = stations.first().context("a fleet has at least one station")?;
    let text = config::Hq {
        data_dir: data.join("hq"),
        http_addr: http.to_owned(),
        http_behind_tls_proxy: wish.hq_apart.is_some(),
        mqtt_addr: mqtt.to_owned(),
        link_addr: link.to_owned(),
        certificates: wish.certificates.clone(),
        api_token_file: token_file.clone(),
        auto_dispatch: wish.auto_dispatch,
        catalogue_file: workspace::path(catalogue::CATALOGUE),
        station: config::StationName {
            code: first.code.clone(),
            name: first.name.clone(),
            address: first.address.clone(),
        },
        stations: stations
            .into_iter()
            .map(|station| config::RegisteredStation {
                code: station.code,
                name: station.name,
                address: station.address,
                group: station.group,
            })
            .collect(),
    };
    let program = Program {
        kind: Kind::Hq,
        station: None,
        terminal: None,
        pid: 0,
        http: format!("http://{http}"),
        mqtt: Some(mqtt.to_owned()),
        link: Some(link.to_owned()),
        token: secret::token_in(&token_file)?,
    };
    let file = write_config(data, "hq", &text)?;
    let arguments = vec!["run".to_owned(), "--config".to_owned(), file];
    let namespace = wish.hq_apart.as_ref().map(|apart| apart.namespace.clone());
    Ok(Launch { namespace, ..launch(data, "hq", program, "hq-server", arguments) })
}

fn station_plan(
    data: &Path,
    wish: &Wish,
    station: &catalogue::Station,
    (hq_mqtt, hq_link): (&str, &str),
    ports: &mut Ports,
) -> Result<StationPlan> {
    let folder = data.join(&station.code).join("agent");
    make_folder(&folder)?;
    let http = local(ports.take()?);
    let lan = local(ports.take()?);
    let token_file = data.join(format!("config/{}.token", station.code));
    let text = config::Agent {
        data_dir: folder.clone(),
        http_addr: http.clone(),
        lan_addr: lan.clone(),
        api_token_file: token_file.clone(),
        hq_mqtt: hq_mqtt.to_owned(),
        hq_link: hq_link.to_owned(),
        station: config::AgentStation {
            code: station.code.clone(),
            name: station.name.clone(),
            address: station.address.clone(),
            time_zone: "Asia/Seoul".to_owned(),
            day_start: "00:00".to_owned(),
        },
    };
    let program = Program {
        kind: Kind::Station,
        station: Some(station.code.clone()),
        terminal: None,
        pid: 0,
        http: format!("http://{http}"),
        mqtt: None,
        link: Some(lan),
        token: secret::token_in(&token_file)?,
    };
    let config = write_config(data, &station.code, &text)?;
    let arguments = vec!["run".to_owned(), "--config".to_owned(), config.clone()];
    let agent = launch(data, &station.code, program, "station-agent", arguments);
    let tills = (1..=wish.terminals)
        .map(|terminal| till(data, wish, (&agent.program, hq_link), terminal, ports))
        .collect::<Result<_>>()?;
    let back_office = wish.windows.then(|| back_office(data, &agent.program, &token_file)).transpose()?;
    let agent = Enrollable { launch: agent, config, identity: folder.join(IDENTITY) };
    Ok(StationPlan { code: station.code.clone(), agent, tills, back_office })
}

fn till(
    data: &Path,
    wish: &Wish,
    (agent, hq_link): (&Program, &str),
    terminal: u16,
    ports: &mut Ports,
) -> Result<Enrollable> {
    let code = agent.station.clone().unwrap_or_default();
    let name = format!("{code}-till-{terminal}");
    let folder = data.join(&code).join(format!("till-{terminal}"));
    make_folder(&folder)?;
    let token_file = data.join(format!("config/{name}.token"));
    let http = local(ports.take()?);
    let text = config::Till {
        data_dir: folder.clone(),
        agent_url: over_tls(agent),
        hq_url: format!("https://{hq_link}"),
        language: "ko".to_owned(),
        local_api: config::LocalApi { addr: http.clone(), token_file: token_file.clone() },
    };
    let program = Program {
        kind: Kind::Till,
        station: Some(code),
        terminal: Some(terminal),
        pid: 0,
        http: format!("http://{http}"),
        mqtt: None,
        link: None,
        token: secret::token_in(&token_file)?,
    };
    let config = write_config(data, &name, &text)?;
    let mut arguments = vec!["--config".to_owned(), config.clone()];
    let window = wish.windows && terminal == 1;
    if !window {
        arguments.push("--headless".to_owned());
    }
    let mut launch = launch(data, &name, program, "pos-desktop", arguments);
    launch.window = window;
    Ok(Enrollable { launch, config, identity: folder.join(IDENTITY) })
}

fn back_office(data: &Path, agent: &Program, token_file: &Path) -> Result<Enrollable> {
    let code = agent.station.clone().unwrap_or_default();
    let name = format!("{code}-back-office");
    let folder = data.join(&code).join("back-office");
    make_folder(&folder)?;
    let text = config::BackOffice {
        identity_file: folder.join(IDENTITY),
        agent_url: over_tls(agent),
        local_url: agent.http.clone(),
        token_file: token_file.to_owned(),
        language: "ko".to_owned(),
        theme: "light".to_owned(),
    };
    let config = write_config(data, &name, &text)?;
    let arguments = vec!["--config".to_owned(), config.clone()];
    let program = Program { kind: Kind::BackOffice, ..agent.clone() };
    let mut launch = launch(data, &name, program, "back-office", arguments);
    launch.window = true;
    Ok(Enrollable { launch, config, identity: folder.join(IDENTITY) })
}

/// Where an agent's tills and back offices come to.
fn over_tls(agent: &Program) -> String {
    format!("https://{}", agent.link.as_deref().unwrap_or_default())
}

fn launch(data: &Path, name: &str, program: Program, binary: &str, arguments: Vec<String>) -> Launch {
    Launch {
        name: name.to_owned(),
        program,
        binary: workspace::binary(binary),
        arguments,
        log: data.join(format!("logs/{name}.log")),
        window: false,
        namespace: None,
    }
}

fn write_config(data: &Path, name: &str, config: &impl Serialize) -> Result<String> {
    let file = data.join(format!("config/{name}.toml"));
    secret::write(&file, &toml::to_string(config).context("a configuration cannot be written as TOML")?)?;
    Ok(file.to_string_lossy().into_owned())
}

fn local(port: u16) -> String {
    at(LOOPBACK, port)
}

fn at(host: &str, port: u16) -> String {
    format!("{host}:{port}")
}

fn absolute(folder: &Path) -> Result<PathBuf> {
    make_folder(folder)?;
    folder.canonicalize().with_context(|| format!("cannot find {}", folder.display()))
}

fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| {
        format!(
            "cannot make the folder {}: choose another with --data, or make it writable",
            folder.display()
        )
    })
}
