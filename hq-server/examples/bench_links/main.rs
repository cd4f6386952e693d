//! What a station's link costs head office: handshakes a second, and the memory of a connection that is idle.
//!
//! Head office is the product's own, in a process of its own, over loopback with TLS 1.3 and a P-256 certificate for each
//! station. Yardsticks in the same run, in turns: a bare rustls acceptor with the same certificates and rustls' own
//! verifier, and Mosquitto with the files that head office writes for it. Prints one line of JSON.

#![expect(clippy::print_stdout, reason = "lines on stdout are this example's product")]

mod chain;
mod program;
mod wire;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use chain::{Chain, Station};
use program::{Memory, Program};
use wire::{Held, Until};

/// Idle connections at which memory is looked at.
const IDLE: [usize; 2] = [1_000, 5_000];
/// File handles of head office for each connection: TLS, and both ends of the connection to its broker.
const HANDLES_EACH: usize = 3;
/// File handles that a program has for other things.
const HANDLES_OTHER: usize = 200;
/// Head office sweeps open connections every five seconds; memory is looked at after two sweeps.
const SETTLED_AFTER: Duration = Duration::from_secs(11);
/// Turns that each program gets, and how long one is.
const TURNS: usize = 3;
const TURN: Duration = Duration::from_secs(2);

fn main() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words {
        ["serve", config] => runtime.block_on(program::serve(Path::new(config))),
        ["bare", config] => runtime.block_on(program::bare(Path::new(config))),
        _ => runtime.block_on(measure()),
    }
}

async fn measure() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let handles = program::handles_max()?;
    let fits = |count: &usize| count * HANDLES_EACH + HANDLES_OTHER <= handles;
    let idle: Vec<usize> = IDLE.into_iter().filter(fits).collect();
    let most = *idle.last().context("the limit of open files is too low; raise it (ulimit -n 20000)")?;
    let chain = Chain::make(folder.path(), most)?;

    let mut figures = Map::new();
    figures.insert("name".to_owned(), json!("J6"));
    memory(&chain, &idle, &mut figures).await?;
    pace(&chain, &mut figures).await?;
    println!("{}", Value::Object(figures));
    Ok(())
}

/// Each program is fresh, so that nothing it let go of before hides what a connection takes.
async fn memory(chain: &Chain, idle: &[usize], figures: &mut Map<String, Value>) -> Result<()> {
    let head_office = Program::head_office(chain)?;
    let ours = hold(&head_office, head_office.mqtt()?, chain, Station::device, idle).await?;
    drop(head_office);
    let theirs = match Program::mosquitto(chain).await? {
        Some(broker) => Some(hold(&broker, broker.mqtt()?, chain, Station::code, idle).await?),
        None => None,
    };
    for (at, (count, ours)) in idle.iter().zip(&ours).enumerate() {
        figures.insert(format!("idle_{count}_hq_rss_bytes"), json!(ours.rss_bytes));
        figures.insert(format!("idle_{count}_hq_pss_bytes"), json!(ours.pss_bytes));
        if let Some(theirs) = theirs.as_ref().and_then(|all| all.get(at)) {
            figures.insert(format!("idle_{count}_mosquitto_rss_bytes"), json!(theirs.rss_bytes));
            figures.insert(format!("idle_{count}_mosquitto_pss_bytes"), json!(theirs.pss_bytes));
            let ratio = ours.pss_bytes * 1_000 / theirs.pss_bytes.max(1);
            figures.insert(format!("idle_{count}_ratio_milli"), json!(ratio));
        }
    }
    Ok(())
}

/// Bytes for each connection at each count.
async fn hold(
    program: &Program,
    addr: std::net::SocketAddr,
    chain: &Chain,
    client_id: fn(&Station) -> &str,
    idle: &[usize],
) -> Result<Vec<Memory>> {
    let before = program.memory()?;
    let mut held = Held::default();
    let mut each = Vec::new();
    for count in idle {
        let more = chain.stations.get(held.count()..*count).context("enough stations")?;
        held.connect(addr, more, client_id).await?;
        tokio::time::sleep(SETTLED_AFTER).await;
        held.still_open()?;
        each.push(program.memory()?.since(before).per(*count));
    }
    Ok(each)
}

async fn pace(chain: &Chain, figures: &mut Map<String, Value>) -> Result<()> {
    let head_office = Program::head_office(chain)?;
    let bare = Program::bare(chain)?;
    let mosquitto = Program::mosquitto(chain).await?;
    let mut runs = vec![
        Run::of("handshakes_hq", &head_office, head_office.link()?, Until::Handshake),
        Run::of("handshakes_bare", &bare, bare.link()?, Until::Handshake),
        Run::of("connects_hq", &head_office, head_office.mqtt()?, Until::Connected(Station::device)),
    ];
    if let Some(broker) = &mosquitto {
        let until = Until::Connected(Station::code);
        runs.push(Run::of("connects_mosquitto", broker, broker.mqtt()?, until));
    }
    for _ in 0..TURNS {
        for run in &mut runs {
            run.turn(chain).await?;
        }
    }
    let found = |name: &str| runs.iter().find(|run| run.name == name);
    for run in &runs {
        figures.insert(format!("{}_per_second", run.name), json!(run.per_second()));
        figures.insert(format!("{}_cpu_us", run.name), json!(run.cpu_us()));
    }
    for (ours, theirs) in [("handshakes_hq", "handshakes_bare"), ("connects_hq", "connects_mosquitto")] {
        if let (Some(ours), Some(theirs)) = (found(ours), found(theirs)) {
            let name = theirs.name;
            let share = ours.per_second() * 1_000 / theirs.per_second().max(1);
            let cpu = ours.cpu_us() * 1_000 / theirs.cpu_us().max(1);
            figures.insert(format!("share_of_{name}_milli"), json!(share));
            figures.insert(format!("cpu_to_{name}_milli"), json!(cpu));
        }
    }
    Ok(())
}

/// All turns of one program at one thing.
struct Run<'a> {
    name: &'static str,
    program: &'a Program,
    addr: std::net::SocketAddr,
    until: Until,
    done: u64,
    took: Duration,
    cpu: Duration,
}

impl<'a> Run<'a> {
    fn of(name: &'static str, program: &'a Program, addr: std::net::SocketAddr, until: Until) -> Self {
        Self { name, program, addr, until, done: 0, took: Duration::ZERO, cpu: Duration::ZERO }
    }

    async fn turn(&mut self, chain: &Chain) -> Result<()> {
        let before = self.program.cpu()?;
        let begun = std::time::Instant::now();
        let done = wire::again_and_again(self.addr, &chain.stations, self.until, TURN).await;
        self.done += done.with_context(|| self.name)?;
        self.took += begun.elapsed();
        self.cpu += self.program.cpu()?.saturating_sub(before);
        Ok(())
    }

    fn per_second(&self) -> u128 {
        u128::from(self.done) * 1_000_000 / self.took.as_micros().max(1)
    }

    /// The program's own time on a processor for each.
    fn cpu_us(&self) -> u128 {
        self.cpu.as_micros() / u128::from(self.done.max(1))
    }
}
