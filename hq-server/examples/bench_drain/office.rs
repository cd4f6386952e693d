//! Head office in a process of its own: this example once more.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};
use hq_server::config::Config;
use hq_server::server;
use sync::Clock;

/// The word that makes this example head office.
pub const SERVE: &str = "serve";

/// Where it keeps its data, and on which port it listens, also after a restart.
pub struct Office {
    pub config: Config,
    path: PathBuf,
    pub mqtt_addr: String,
}

/// A running head office; killed with this.
pub struct Running(Child);

impl Office {
    pub fn new(folder: &Path) -> Result<Self> {
        let token = folder.join("token");
        std::fs::write(&token, "a-token-for-the-benchmark")?;
        let mqtt_addr = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let text = format!(
            "data_dir = {:?}\nhttp_addr = \"127.0.0.1:0\"\nmqtt_addr = {mqtt_addr:?}\nlink_addr = \"127.0.0.1:0\"\napi_token_file = {token:?}\n",
            folder.join("hq")
        );
        let path = folder.join("hq.toml");
        std::fs::write(&path, text)?;
        Ok(Self { config: Config::read(&path)?, path, mqtt_addr })
    }

    /// Starts it; returns at once, before it listens.
    pub fn start(&self) -> Result<Running> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(SERVE).arg(&self.path).stdin(Stdio::null()).stdout(Stdio::piped());
        Ok(Running(command.spawn()?))
    }

    pub fn database(&self) -> PathBuf {
        server::database(&self.config.data_dir)
    }
}

impl Running {
    /// Waits until it listens.
    pub fn ready(&mut self) -> Result<()> {
        let stdout = self.0.stdout.take().context("its stdout")?;
        BufReader::new(stdout).read_line(&mut String::new())?;
        Ok(())
    }

    /// The most memory that it ever held, KiB.
    pub fn memory_max_kib(&self) -> Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let value = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
        Ok(value.trim_end_matches("kB").trim().parse()?)
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Is head office until it is killed.
pub async fn serve(path: &Path) -> Result<()> {
    let config = Config::read(path)?;
    let hq = server::start(&config, Clock::system()).await?;
    println!("{}", hq.mqtt_addr);
    std::future::pending::<()>().await;
    hq.stop().await;
    Ok(())
}
