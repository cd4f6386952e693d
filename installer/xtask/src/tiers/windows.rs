//! The three user interfaces, driven against programs that really run.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::Count;
use crate::demo::{Fleet, Folder, Kind, Ports, Wish};
use crate::{shell, workspace};

/// How long the programs may take to be ready on a busy machine.
const READY_TIMEOUT: Duration = Duration::from_secs(120);
/// The largest window that the scripts open fits in.
const SCREEN: &str = "1920x1200x24";
/// The till that the window takes over; the first one goes on without.
const WINDOW_TILL: &str = "ST0001-till-2";

/// The till's window in WebKit, the console in Chromium, the back office by its own simulator.
///
/// # Errors
/// A script fails.
pub(super) fn run() -> Result<Count> {
    let out = workspace::target().join("windows");
    let mut stage = Stage::set(|fleet| fleet.kill_and_hold(WINDOW_TILL))?;
    let mut count = stage.till(&out.join("till"), false)?;
    stage.fleet.release(WINDOW_TILL)?;
    count += stage.setup(&out.join("setup"), false)?;
    count += stage.console(&out.join("console"), false)?;
    count += stage.back_office(&out.join("back-office"), false)?;
    Ok(count)
}

/// A display and a fleet with two tills, one of which a window takes over.
#[derive(Debug)]
pub struct Stage {
    /// The programs.
    pub fleet: Fleet,
    screen: Screen,
    ports: Ports,
    _folder: Folder,
}

impl Stage {
    /// Starts all, then lets the caller prepare it.
    ///
    /// # Errors
    /// There is no Xvfb, or the programs do not come up.
    pub fn set(prepare: impl FnOnce(&Fleet) -> Result<()>) -> Result<Self> {
        let folder = Folder::new(None)?;
        let wish = Wish {
            terminals: 2,
            // Staff dispatch in the console's script.
            auto_dispatch: false,
            ..Wish::new(&folder.path)
        };
        let fleet = Fleet::start(&wish, Instant::now() + READY_TIMEOUT, &|| false)?;
        prepare(&fleet)?;
        Ok(Self { fleet, screen: Screen::open()?, ports: Ports::new(None), _folder: folder })
    }

    /// The script of the till's window.
    ///
    /// # Errors
    /// It fails.
    pub fn till(&mut self, out: &Path, pictures: bool) -> Result<Count> {
        let config = self.fleet.plan().data.join(format!("config/{WINDOW_TILL}.toml"));
        let port = self.port()?;
        let mut command = self.script("pos-desktop/ui", "e2e/till.e2e.mjs", out, pictures)?;
        command
            .arg("--binary")
            .arg(workspace::binary("pos-desktop"))
            .arg("--config")
            .arg(config)
            .args(["--port", &port]);
        Count::of(&mut command)
    }

    /// The script of a till that does not belong yet.
    ///
    /// # Errors
    /// It fails.
    pub fn setup(&mut self, out: &Path, pictures: bool) -> Result<Count> {
        let station = self.fleet.plan().stations.first().context("no station is planned")?;
        let known = station.tills.first().context("no till is planned")?;
        let folder = self.fleet.plan().data.join("setup");
        let mut config: toml::Table = workspace::read(Path::new(&known.config))?.parse()?;
        config.insert("data_dir".to_owned(), folder.to_string_lossy().into_owned().into());
        // Its paths for integrations are off, as they are unless somebody asks for them.
        config.remove("local_api");
        let file = self.fleet.plan().data.join("config/setup-till.toml");
        workspace::write(&file, &toml::to_string(&config)?)?;
        let invited = serde_json::json!({ "kind": "till", "terminal": 9 });
        let opened = self.fleet.station(0)?.post_json("/api/v1/enrolment-codes", invited)?;
        let code = opened.body.get("code").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let port = self.port()?;
        let mut command = self.script("pos-desktop/ui", "e2e/setup.e2e.mjs", out, pictures)?;
        command.arg("--binary").arg(workspace::binary("pos-desktop")).arg("--config").arg(file);
        command.args(["--port", &port, "--code", &code]);
        Count::of(&mut command)
    }

    /// The script of the console.
    ///
    /// # Errors
    /// It fails.
    pub fn console(&mut self, out: &Path, pictures: bool) -> Result<Count> {
        let report = self.fleet.report();
        let hq = report.programs.iter().find(|program| program.kind == Kind::Hq).context("no HQ runs")?;
        let port = self.port()?;
        let mut command = self.script("hq-server/console", "e2e/console.e2e.mjs", out, pictures)?;
        command.args(["--url", &hq.http, "--token", &hq.token, "--driver-port", &port]);
        Count::of(&mut command)
    }

    /// The back office's tests that want a real agent.
    ///
    /// # Errors
    /// One fails, or there is none.
    pub fn back_office(&self, out: &Path, pictures: bool) -> Result<Count> {
        let config = self.enrolled_office()?;
        // The manager orders and waits for the tanker; nobody is at head office to send it.
        let setting = serde_json::json!({ "autoDispatch": true });
        let set = self.fleet.hq().put_json("/api/v1/settings/logistics", setting)?;
        anyhow::ensure!(set.is_success(), "head office does not dispatch by itself: {set:?}");
        let filter = if pictures { "test(pictures)" } else { "not test(pictures)" };
        let filter = format!("package(back-office) and {filter}");
        let arguments = [
            "nextest",
            "run",
            "--locked",
            "--workspace",
            "--run-ignored",
            "only",
            "--no-tests",
            "fail",
            "--status-level",
            "fail",
            "-E",
            &filter,
        ];
        let mut command = shell::command("cargo", &arguments, &workspace::root());
        command.env("JUYU_OFFICE_CONFIG", config).env("JUYU_PICTURES", out);
        Count::of(&mut command)
    }

    /// A back office of the first station, enrolled as a manager would; its configuration.
    fn enrolled_office(&self) -> Result<PathBuf> {
        let plan = self.fleet.plan();
        let station = plan.stations.first().context("no station is planned")?;
        let link = station.agent.launch.program.link.as_deref().context("the agent has no link")?;
        let config = plan.data.join("config/office.toml");
        let identity = plan.data.join("office.json");
        let text =
            format!("agent_url = \"https://{link}\"\nidentity_file = {:?}\n", identity.to_string_lossy());
        workspace::write(&config, &text)?;
        if !identity.exists() {
            let invited = serde_json::json!({ "kind": "office" });
            let opened = self.fleet.station(0)?.post_json("/api/v1/enrolment-codes", invited)?;
            let code = opened.body.get("code").and_then(serde_json::Value::as_str).unwrap_or_default();
            let arguments = ["enrol", "--config", &config.to_string_lossy(), code];
            shell::run(&workspace::binary("back-office").to_string_lossy(), &arguments, &plan.data)?;
        }
        Ok(config)
    }

    fn script(&self, folder: &str, script: &str, out: &Path, pictures: bool) -> Result<Command> {
        std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
        let mut command = shell::command("node", &[script], &workspace::path(folder));
        command.env("DISPLAY", &self.screen.display).env_remove("WAYLAND_DISPLAY").arg("--out").arg(out);
        if pictures {
            command.arg("--pictures");
        }
        Ok(command)
    }

    fn port(&mut self) -> Result<String> {
        Ok(self.ports.take()?.to_string())
    }
}

/// A display in memory, gone with its owner.
#[derive(Debug)]
pub struct Screen {
    /// As in `DISPLAY`.
    pub display: String,
    server: Child,
}

impl Screen {
    /// Starts Xvfb on the first free display.
    ///
    /// # Errors
    /// It does not start.
    pub fn open() -> Result<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start Xvfb")?;
        let mut number = String::new();
        let stdout = server.stdout.take().context("Xvfb has no output")?;
        BufReader::new(stdout).read_line(&mut number).context("Xvfb named no display")?;
        let display = format!(":{}", number.trim());
        let screen = Self { display, server };
        anyhow::ensure!(!number.trim().is_empty(), "Xvfb named no display");
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
