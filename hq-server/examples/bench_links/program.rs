//! The programs that are measured, each in a process of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use hq_server::authorities::Authorities;
use hq_server::broker::external;
use hq_server::config::Config;
use hq_server::server;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use sync::Clock;
use sync_identity::{Credentials, tls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::chain::Chain;

/// A program that does not answer by then has not started.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_RETRY: Duration = Duration::from_millis(50);
/// The kernel counts a process's time in these, on every Linux of today.
const TICK: Duration = Duration::from_millis(10);
/// Fields of `/proc/PID/stat` after the name: time in the program and in the kernel for it.
const TICKS_AT: usize = 11;
/// The bare acceptor's certificate lives for a run.
const HOUR_MS: i64 = 60 * 60 * 1_000;

/// A running program; ends with this.
pub struct Program {
    process: Child,
    mqtt: Option<SocketAddr>,
    link: Option<SocketAddr>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Memory of a process, or for each of its connections.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    pub rss_bytes: u64,
    pub pss_bytes: u64,
}

impl Memory {
    pub const fn since(self, before: Self) -> Self {
        Self {
            rss_bytes: self.rss_bytes.saturating_sub(before.rss_bytes),
            pss_bytes: self.pss_bytes.saturating_sub(before.pss_bytes),
        }
    }

    pub fn per(self, count: usize) -> Self {
        let count = u64::try_from(count).unwrap_or(u64::MAX).max(1);
        Self { rss_bytes: self.rss_bytes / count, pss_bytes: self.pss_bytes / count }
    }
}

impl Program {
    /// Head office as the product starts it.
    pub fn head_office(chain: &Chain) -> Result<Self> {
        Self::again("serve", chain)
    }

    /// An acceptor that only finishes handshakes.
    pub fn bare(chain: &Chain) -> Result<Self> {
        Self::again("bare", chain)
    }

    /// This example again, which says on its first line where it listens.
    fn again(role: &str, chain: &Chain) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(role).arg(&chain.config_path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let process = command.spawn()?;
        let mut program = Self { process, mqtt: None, link: None };
        let stdout = program.process.stdout.take().context("its stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let mut words = line.split_whitespace().map(str::parse::<SocketAddr>);
        program.link = words.next().transpose()?;
        program.mqtt = words.next().transpose()?;
        Ok(program)
    }

    /// Mosquitto with the files that head office writes; `None` when it is not installed.
    pub async fn mosquitto(chain: &Chain) -> Result<Option<Self>> {
        let Some(program) = find("mosquitto") else { return Ok(None) };
        let folder = chain.folder.join("mosquitto");
        let addr = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        external::write(&chain.config, &folder, addr, Clock::system().wall_ms())?;
        let settings = folder.join("mosquitto.conf");
        let mut text = std::fs::read_to_string(&settings)?;
        // The files are of the user that measures, often root, whom Mosquitto leaves for another.
        text.push_str("user root\n");
        std::fs::write(&settings, text)?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&settings).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let broker = Self { process: command.spawn()?, mqtt: Some(addr), link: None };
        let answers = async {
            while TcpStream::connect(addr).await.is_err() {
                tokio::time::sleep(ANSWER_RETRY).await;
            }
        };
        tokio::time::timeout(ANSWER_WITHIN, answers).await.context("Mosquitto does not answer")?;
        Ok(Some(broker))
    }

    pub fn mqtt(&self) -> Result<SocketAddr> {
        self.mqtt.context("it has no broker")
    }

    pub fn link(&self) -> Result<SocketAddr> {
        self.link.context("it has no other listener")
    }

    pub fn memory(&self) -> Result<Memory> {
        let kib = |file: &str, key: &str| -> Result<u64> {
            let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.process.id()))?;
            let value = text.lines().find_map(|line| line.strip_prefix(key)).context("the line")?;
            Ok(value.trim_end_matches("kB").trim().parse::<u64>()? * 1_024)
        };
        Ok(Memory { rss_bytes: kib("status", "VmRSS:")?, pss_bytes: kib("smaps_rollup", "Pss:")? })
    }

    /// Time that it had on a processor.
    pub fn cpu(&self) -> Result<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let (_, fields) = text.rsplit_once(')').context("a name in parentheses")?;
        let mut ticks = 0;
        for field in fields.split_whitespace().skip(TICKS_AT).take(2) {
            ticks += field.parse::<u32>()?;
        }
        Ok(TICK * ticks)
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let mut all = std::env::split_paths(&folders).chain(usual);
    all.find_map(|folder| Some(folder.join(name)).filter(|path| path.is_file()))
}

/// Files that a process may have open.
pub fn handles_max() -> Result<usize> {
    let text = std::fs::read_to_string("/proc/self/limits")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files")).context("the limit")?;
    Ok(line.split_whitespace().next().context("the soft limit")?.parse()?)
}

/// Head office, until its stdin ends.
pub async fn serve(config: &Path) -> Result<()> {
    let hq = server::start(&Config::read(config)?, Clock::system()).await?;
    println!("{} {}", hq.link_addr, hq.mqtt_addr);
    until_told().await?;
    hq.stop().await;
    Ok(())
}

/// The acceptor, until its stdin ends.
pub async fn bare(config: &Path) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let acceptor = acceptor(&Config::read(config)?)?;
    println!("{}", listener.local_addr()?);
    tokio::select! {
        ended = accept_all(&listener, &acceptor) => ended,
        told = until_told() => told,
    }
}

async fn until_told() -> Result<()> {
    // What waits here goes on when the measuring process is gone, however it went.
    tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])).await??;
    Ok(())
}

fn acceptor(config: &Config) -> Result<TlsAcceptor> {
    tls::use_one_provider();
    let now_ms = Clock::system().wall_ms();
    let authorities = Authorities::open(&config.ca_dir(), now_ms)?;
    let pair = authorities.server(now_ms, HOUR_MS)?;
    let roots = authorities.roots();
    let mut trusted = RootCertStore::empty();
    trusted.add(roots.head_office.clone())?;
    let verifier = WebPkiClientVerifier::builder(Arc::new(trusted)).build()?;
    let shown = Credentials::new(&pair.key, vec![pair.certificate, roots.head_office])?;
    let mut tls = ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS13])
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(shown));
    tls.session_storage = Arc::new(NoServerSessionStorage {});
    tls.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(tls)))
}

async fn accept_all(listener: &TcpListener, acceptor: &TlsAcceptor) -> Result<()> {
    loop {
        let (socket, _) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            socket.set_nodelay(true)?;
            let mut stream = acceptor.accept(socket).await?;
            match stream.read(&mut [0]).await? {
                0 => stream.shutdown().await?,
                _ => bail!("nothing is said here"),
            }
            anyhow::Ok(())
        });
    }
}
