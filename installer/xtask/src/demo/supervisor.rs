//! Keeps programs running: a thread that owns the processes, restarts what dies, and takes orders.

use std::collections::BTreeMap;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::program::{Launch, Program, terminate};

/// How often processes are looked at.
const TICK: Duration = Duration::from_millis(50);
/// The first wait before a restart.
const BACK_OFF_MIN: Duration = Duration::from_millis(100);
/// The longest.
const BACK_OFF_MAX: Duration = Duration::from_secs(5);
/// A program that ran this long starts again at the first wait.
const SETTLED: Duration = Duration::from_secs(10);
/// How long a program may take to end when asked.
const GRACE: Duration = Duration::from_secs(8);

/// What the fleet asks of its supervisor; each is answered when it is done.
#[derive(Debug)]
pub(super) enum Order {
    /// Start these, keep them running.
    Start(Vec<Launch>, Sender<()>),
    /// SIGKILL, and do not restart until told.
    KillAndHold(String, Sender<()>),
    /// SIGKILL; the restart is the supervisor's own.
    Kill(String, Sender<()>),
    /// Start a held program again.
    Release(String, Sender<()>),
    /// End all, then the thread.
    Stop,
}

/// What others see of the supervisor's work.
#[derive(Debug, Default)]
pub(super) struct Board {
    /// Each program with its pid, in starting order.
    pub(super) programs: Vec<Program>,
    /// Deaths that nobody asked for, with the last log lines, by name.
    pub(super) deaths: BTreeMap<String, (u32, String)>,
    /// Counts starts, so that a reader sees a change.
    pub(super) starts: u64,
}

/// The board behind its lock.
pub(super) type SharedBoard = Arc<Mutex<Board>>;

/// Called with the programs whenever one has started.
pub(super) type OnStart = Box<dyn Fn(&[Program]) + Send>;

struct Watched {
    launch: Launch,
    child: Option<Child>,
    started: Instant,
    back_off: Duration,
    start_at: Option<Instant>,
}

pub(super) struct Supervisor {
    watched: Vec<Watched>,
    board: SharedBoard,
    on_start: OnStart,
}

impl Supervisor {
    pub(super) fn new(board: SharedBoard, on_start: OnStart) -> Self {
        Self { watched: Vec::new(), board, on_start }
    }

    /// Runs until told to stop, or until whoever gives orders is gone.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        loop {
            match orders.recv_timeout(TICK) {
                Ok(Order::Start(launches, done)) => {
                    self.watched.extend(launches.into_iter().map(Watched::new));
                    self.start_due();
                    let _ = done.send(());
                }
                Ok(Order::KillAndHold(name, done)) => {
                    self.kill(&name, true);
                    let _ = done.send(());
                }
                Ok(Order::Kill(name, done)) => {
                    self.kill(&name, false);
                    let _ = done.send(());
                }
                Ok(Order::Release(name, done)) => {
                    self.release(&name);
                    let _ = done.send(());
                }
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.reap();
            self.start_due();
        }
        self.stop();
    }

    fn kill(&mut self, name: &str, hold: bool) {
        for watched in self.watched.iter_mut().filter(|watched| watched.launch.name == name) {
            if let Some(mut child) = watched.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
            watched.start_at = (!hold).then(|| Instant::now() + BACK_OFF_MIN);
        }
    }

    fn release(&mut self, name: &str) {
        for watched in self.watched.iter_mut().filter(|watched| watched.launch.name == name) {
            if watched.child.is_none() {
                watched.start_at = Some(Instant::now());
            }
        }
        self.start_due();
    }

    fn reap(&mut self) {
        for watched in &mut self.watched {
            let Some(child) = watched.child.as_mut() else {
                continue;
            };
            let Ok(Some(status)) = child.try_wait() else {
                continue;
            };
            watched.child = None;
            if watched.launch.window && status.success() {
                eprintln!("{}: its window was closed", watched.launch.name);
                continue;
            }
            if watched.started.elapsed() > SETTLED {
                watched.back_off = BACK_OFF_MIN;
            }
            eprintln!(
                "{}: ended ({status}); starting it again in {:?}",
                watched.launch.name, watched.back_off
            );
            watched.start_at = Some(Instant::now() + watched.back_off);
            watched.back_off = (watched.back_off * 2).min(BACK_OFF_MAX);
            let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
            let death = board.deaths.entry(watched.launch.name.clone()).or_default();
            *death = (death.0 + 1, watched.launch.log_tail());
        }
    }

    fn start_due(&mut self) {
        let now = Instant::now();
        let mut started = 0;
        for watched in &mut self.watched {
            if watched.start_at.is_none_or(|at| at > now) {
                continue;
            }
            watched.start_at = None;
            watched.started = now;
            match watched.launch.spawn() {
                Ok(child) => {
                    watched.launch.program.pid = child.id();
                    watched.child = Some(child);
                    started += 1;
                }
                Err(error) => {
                    eprintln!("{}: {error:#}", watched.launch.name);
                    watched.start_at = Some(now + watched.back_off);
                    watched.back_off = (watched.back_off * 2).min(BACK_OFF_MAX);
                }
            }
        }
        if started > 0 {
            self.publish(started);
        }
    }

    fn publish(&self, started: u64) {
        let programs: Vec<Program> =
            self.watched.iter().map(|watched| watched.launch.program.clone()).collect();
        (self.on_start)(&programs);
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        board.programs = programs;
        board.starts += started;
    }

    /// Windows and tills first, HQ last, so that what is still unsent has somewhere to go.
    fn stop(mut self) {
        for watched in self.watched.iter_mut().rev() {
            let Some(child) = watched.child.as_mut() else {
                continue;
            };
            let _ = terminate(child.id());
        }
        let deadline = Instant::now() + GRACE;
        for watched in self.watched.iter_mut().rev() {
            let Some(child) = watched.child.as_mut() else {
                continue;
            };
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(TICK);
            }
            if matches!(child.try_wait(), Ok(None)) {
                eprintln!("{}: did not end within {GRACE:?}; killed", watched.launch.name);
                let _ = child.kill();
            }
            let _ = child.wait();
        }
    }
}

impl Watched {
    fn new(launch: Launch) -> Self {
        Self {
            launch,
            child: None,
            started: Instant::now(),
            back_off: BACK_OFF_MIN,
            start_at: Some(Instant::now()),
        }
    }
}

#[cfg(test)]
mod tests;
