//! The agent as a process of its own, with what its log says.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use station_api::Client;
use sync_identity::Identity;
use tempfile::TempDir;

use crate::head_office::HeadOffice;
use crate::station::{TOKEN, config_text};

pub struct Program {
    pub folder: TempDir,
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    /// Where it listens for this machine.
    pub addr: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The configuration in a new folder, with `hq_link` at `hq`.
pub fn configured(hq: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    std::fs::write(&path, config_text(folder.path(), hq, "")).unwrap();
    (folder, path)
}

pub fn command(config: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_station-agent"));
    let (verb, rest) = arguments.split_first().unwrap();
    command.arg(verb).arg("--config").arg(config).args(rest).env_remove("RUST_LOG").env("NO_COLOR", "1");
    command
}

/// Runs a command that ends, beside the reactor.
pub async fn output(config: &Path, arguments: &[&str]) -> Output {
    let mut command = command(config, arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

impl Program {
    /// One that has no identity yet and waits for a code of `hq`.
    pub async fn waiting_for(hq: &HeadOffice) -> Self {
        Self::waiting_at(&hq.addr.to_string()).await
    }

    pub async fn waiting_at(hq: &str) -> Self {
        let (folder, config) = configured(hq);
        let mut child = command(&config, &["run"]).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        let program = Self { folder, child, log, addr: String::new() };
        program.until("the agent is not enrolled yet").await
    }

    /// Reads its log until it says `word`, with the address that it then listens at.
    pub async fn until(mut self, word: &'static str) -> Self {
        tokio::task::spawn_blocking(move || {
            let line = self.log.by_ref().map(Result::unwrap).find(|line| line.contains(word));
            let line = line.unwrap_or_else(|| unreachable!("it ended before it said {word}"));
            self.addr = line.split(" addr=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
            self
        })
        .await
        .unwrap()
    }

    pub async fn until_ready(self) -> Self {
        self.until("station agent is ready").await
    }

    pub fn client(&self) -> Client {
        Client::local(&format!("http://{}", self.addr), TOKEN).unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn identity_file(&self) -> PathBuf {
        self.folder.path().join("identity.json")
    }

    pub fn identity(&self) -> Identity {
        Identity::read(&self.identity_file()).unwrap()
    }
}
