//! A running fleet: HQ, stations and tills as real processes. `demo` shows one; the whole-system tests break one.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::plan::{Plan, Wish};
use super::program::{Kind, Launch, Program};
use super::supervisor::{Board, Order, SharedBoard, Supervisor};
use super::{enrol, ready, secret};
use crate::client::Client;

/// A program that dies this often before all are ready will not come up.
const DEATHS_MAX: u32 = 3;
/// How long the supervisor may take to do as told: longer than its longest stop.
const ORDER_TIMEOUT: Duration = Duration::from_secs(30);

/// What callers read: the JSON line, and `demo.json` in the data folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The data folder.
    pub data: PathBuf,
    /// Every program with HTTP paths.
    pub programs: Vec<Program>,
}

/// Running programs; all end when it is dropped.
#[derive(Debug)]
pub struct Fleet {
    plan: Plan,
    board: SharedBoard,
    orders: Sender<Order>,
    supervisor: Option<JoinHandle<()>>,
}

impl Fleet {
    /// Starts everything and waits until all are ready and every till has the products, or `stop` says not to wait.
    ///
    /// # Errors
    /// A program cannot be enrolled, dies again and again, or is not ready by `deadline`.
    pub fn start(wish: &Wish, deadline: Instant, stop: &dyn Fn() -> bool) -> Result<Self> {
        let fleet = Self::supervise(Plan::make(wish)?)?;
        let check = || fleet.check(deadline, stop);
        let plan = &fleet.plan;
        fleet.launch(vec![plan.hq.clone()])?;
        ready::listens(&plan.hq, &check)?;
        enrol::agents(plan)?;
        let agents: Vec<Launch> = plan.stations.iter().map(|station| station.agent.launch.clone()).collect();
        fleet.launch(agents.clone())?;
        for agent in &agents {
            ready::listens(agent, &check)?;
        }
        enrol::of_stations(plan)?;
        let others =
            plan.launches().filter(|launch| !matches!(launch.program.kind, Kind::Hq | Kind::Station));
        fleet.launch(others.cloned().collect())?;
        ready::wait(plan, &check)?;
        Ok(fleet)
    }

    fn launch(&self, launches: Vec<Launch>) -> Result<()> {
        self.order(|done| Order::Start(launches, done))
    }

    fn supervise(plan: Plan) -> Result<Self> {
        let board = Arc::new(Mutex::new(Board::default()));
        let (orders, inbox) = mpsc::channel();
        let data = plan.data.clone();
        let on_start = Box::new(move |programs: &[Program]| {
            if let Err(error) = write_report(&report(&data, programs)) {
                eprintln!("{error:#}");
            }
        });
        let supervisor = Supervisor::new(Arc::clone(&board), on_start);
        // One thread starts every process: the kernel ties a child's life to the thread that started it.
        let thread = std::thread::Builder::new()
            .name("supervisor".to_owned())
            .spawn(move || supervisor.run(&inbox))
            .context("cannot start the supervisor")?;
        Ok(Self { plan, board, orders, supervisor: Some(thread) })
    }

    fn check(&self, deadline: Instant, stop: &dyn Fn() -> bool) -> Result<()> {
        if stop() {
            bail!("stopped before everything was ready");
        }
        self.check_deaths()?;
        if Instant::now() > deadline {
            bail!("not ready in time; the logs are in {}", self.plan.data.join("logs").display());
        }
        Ok(())
    }

    /// What runs now.
    #[must_use]
    pub fn report(&self) -> Report {
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        report(&self.plan.data, &board.programs)
    }

    /// The plan behind it.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// A client of HQ.
    #[must_use]
    pub fn hq(&self) -> Client {
        client(&self.plan.hq.program)
    }

    /// A client of a station's agent, by its index.
    ///
    /// # Errors
    /// There is no such station.
    pub fn station(&self, index: usize) -> Result<Client> {
        let station = self.plan.stations.get(index).context("no such station")?;
        Ok(client(&station.agent.launch.program))
    }

    /// A client of a till, by its station's index and its number.
    ///
    /// # Errors
    /// There is no such till.
    pub fn till(&self, station: usize, terminal: u16) -> Result<Client> {
        let station = self.plan.stations.get(station).context("no such station")?;
        let till = station.tills.iter().map(|till| &till.launch.program);
        Ok(client(till.into_iter().find(|till| till.terminal == Some(terminal)).context("no such till")?))
    }

    /// SIGKILL; the supervisor starts it again by itself.
    ///
    /// # Errors
    /// The supervisor is gone.
    pub fn kill(&self, name: &str) -> Result<()> {
        self.order(|done| Order::Kill(name.to_owned(), done))
    }

    /// SIGKILL; it stays down until [`Fleet::release`].
    ///
    /// # Errors
    /// The supervisor is gone.
    pub fn kill_and_hold(&self, name: &str) -> Result<()> {
        self.order(|done| Order::KillAndHold(name.to_owned(), done))
    }

    /// Starts a program that was held.
    ///
    /// # Errors
    /// The supervisor is gone.
    pub fn release(&self, name: &str) -> Result<()> {
        self.order(|done| Order::Release(name.to_owned(), done))
    }

    /// How often programs have been started, all together.
    #[must_use]
    pub fn starts(&self) -> u64 {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).starts
    }

    fn check_deaths(&self) -> Result<()> {
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, (count, tail)) in &board.deaths {
            if *count >= DEATHS_MAX {
                bail!("{name} does not come up; its last words:\n{tail}");
            }
        }
        Ok(())
    }

    fn order(&self, order: impl FnOnce(Sender<()>) -> Order) -> Result<()> {
        let (done, finished) = mpsc::channel();
        self.orders.send(order(done)).ok().context("the supervisor is gone")?;
        finished.recv_timeout(ORDER_TIMEOUT).context("the supervisor does not answer")
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Stop);
        if let Some(thread) = self.supervisor.take() {
            let _ = thread.join();
        }
    }
}

fn client(program: &Program) -> Client {
    Client::new(&program.http, &program.token)
}

fn report(data: &Path, programs: &[Program]) -> Report {
    Report {
        data: data.to_owned(),
        programs: programs.iter().filter(|program| program.kind != Kind::BackOffice).cloned().collect(),
    }
}

fn write_report(report: &Report) -> Result<()> {
    let text = serde_json::to_string(report).context("the report cannot be written as JSON")?;
    secret::write(&report.data.join("demo.json"), &format!("{text}\n"))
}
