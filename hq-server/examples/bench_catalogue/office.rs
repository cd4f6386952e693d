//! Head office in a process of its own: this example once more.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use hq_server::catalogue::{read_catalogue_file, seed_catalogue};
use hq_server::config::Config;
use hq_server::server;
use hq_server::store::{Hq, open_node, open_store};
use serde_json::{Value, json};
use sync::Clock;

/// The word that makes this example head office.
pub const SERVE: &str = "serve";

const TOKEN: &str = "a-token-for-the-benchmark";

/// Where it keeps its data, and on which ports it listens, also after a restart.
pub struct Office {
    pub config: Config,
    path: PathBuf,
    pub mqtt_addr: String,
    http: reqwest::Client,
    http_addr: String,
}

/// A running head office; killed with this.
pub struct Running(Child);

impl Office {
    pub fn new(folder: &Path) -> Result<Self> {
        let token = folder.join("token");
        std::fs::write(&token, TOKEN)?;
        let free = || -> Result<String> {
            Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
        };
        let (mqtt_addr, http_addr) = (free()?, free()?);
        let text = format!(
            "data_dir = {:?}\nhttp_addr = {http_addr:?}\nmqtt_addr = {mqtt_addr:?}\nlink_addr = \"127.0.0.1:0\"\napi_token_file = {token:?}\n",
            folder.join("hq")
        );
        let path = folder.join("hq.toml");
        std::fs::write(&path, text)?;
        sync_identity::tls::use_one_provider();
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { config: Config::read(&path)?, path, mqtt_addr, http, http_addr })
    }

    /// Head office's journal, while no process of head office runs.
    pub fn node(&self) -> Result<Hq> {
        Ok(open_node(open_store(&self.config.data_dir)?, &Clock::system())?)
    }

    /// Publishes `count` products from a catalogue file, each with its price, as a first start does; how long that took.
    pub fn publish(&self, count: u32) -> Result<Duration> {
        let product = |number: u32| -> Value {
            json!({
                "product_id": format!("PR{number:05}"),
                "name_ko": format!("{} {number}호 {}", word(&WORDS_KO, number), number * 7 % 1_000),
                "name_en": format!("{} no. {number}, {} g", word(&WORDS_EN, number), number * 7 % 1_000),
                "kind": "goods",
                "unit": "ea",
                "tax_class": "taxed",
                "price": 500 + u64::from(number) * 37 % 90_000 * 10,
                "barcode": format!("880{:010}", u64::from(number) * 7_919),
            })
        };
        let file = self.path.with_file_name("catalogue.json");
        std::fs::write(
            &file,
            json!({ "products": (1..=count).map(product).collect::<Vec<_>>() }).to_string(),
        )?;
        let mut node = self.node()?;
        let begun = Instant::now();
        let products = read_catalogue_file(&file)?;
        let seeded = seed_catalogue(&mut node, Clock::system().now(), products)?;
        ensure!(seeded == usize::try_from(count)?, "{seeded} of {count} products were published");
        Ok(begun.elapsed())
    }

    /// Starts it and waits until it listens.
    pub fn start(&self) -> Result<Running> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(SERVE).arg(&self.path).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut running = Running(command.spawn()?);
        let stdout = running.0.stdout.take().context("its stdout")?;
        BufReader::new(stdout).read_line(&mut String::new())?;
        Ok(running)
    }

    pub fn database(&self) -> PathBuf {
        server::database(&self.config.data_dir)
    }

    /// Changes the prices of the first `count` products, one after the other, as an integration does.
    pub async fn change_prices(&self, count: u32, won: u64) -> Result<()> {
        for number in 1..=count {
            let url = format!("http://{}/api/v1/products/PR{number:05}/prices", self.http_addr);
            let body = json!({ "price": won, "effectiveAt": null, "stationCode": null });
            let answer = self.http.post(url).bearer_auth(TOKEN).json(&body).send().await?;
            ensure!(answer.status().is_success(), "a price was refused: {}", answer.status());
        }
        Ok(())
    }
}

const WORDS_KO: [&str; 8] =
    ["생수", "커피", "초콜릿", "엔진오일", "와이퍼", "워셔액", "휴대용 티슈", "에너지 음료"];
const WORDS_EN: [&str; 8] =
    ["Water", "Coffee", "Chocolate", "Engine oil", "Wiper", "Washer fluid", "Tissues", "Energy drink"];

fn word(words: &[&'static str; 8], number: u32) -> &'static str {
    usize::try_from(number).ok().and_then(|at| words.get(at % words.len())).copied().unwrap_or_default()
}

impl Running {
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
