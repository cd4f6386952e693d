use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use super::*;
use crate::demo::Kind;

const LIMIT: Duration = Duration::from_secs(10);

/// A supervisor of one shell script.
struct Bench {
    board: SharedBoard,
    orders: Sender<Order>,
    thread: Option<JoinHandle<()>>,
    folder: tempfile::TempDir,
}

impl Bench {
    fn start(script: &str, window: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let board = SharedBoard::default();
        let (orders, inbox) = mpsc::channel();
        let supervisor = Supervisor::new(Arc::clone(&board), Box::new(|_| {}));
        let thread = Some(thread::spawn(move || supervisor.run(&inbox)));
        let bench = Self { board, orders, thread, folder };
        let launch = launch(bench.folder.path(), script, window);
        bench.order(|done| Order::Start(vec![launch], done));
        bench
    }

    fn order(&self, order: impl FnOnce(Sender<()>) -> Order) {
        let (done, finished) = mpsc::channel();
        self.orders.send(order(done)).unwrap();
        finished.recv_timeout(LIMIT).unwrap();
    }

    fn starts(&self) -> u64 {
        self.board.lock().unwrap().starts
    }

    fn pid(&self) -> u32 {
        self.board.lock().unwrap().programs[0].pid
    }

    fn wait(&self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !done(self) {
            assert!(Instant::now() < deadline, "waited for {what}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn launch(folder: &Path, script: &str, window: bool) -> Launch {
    Launch {
        name: "script".to_owned(),
        program: Program {
            kind: Kind::Hq,
            station: None,
            terminal: None,
            pid: 0,
            http: String::new(),
            mqtt: None,
            link: None,
            token: String::new(),
        },
        binary: PathBuf::from("/bin/sh"),
        arguments: vec!["-c".to_owned(), script.to_owned()],
        log: folder.join("log"),
        window,
        namespace: None,
    }
}

fn runs(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn a_program_that_dies_is_started_again_within_a_second() {
    let bench = Bench::start("exec sleep 100", false);
    let before = bench.pid();
    terminate(before).unwrap();
    let begin = Instant::now();
    bench.wait("a second start", |bench| bench.starts() == 2);
    assert!(begin.elapsed() < Duration::from_secs(1));
    assert_ne!(bench.pid(), before);
    assert!(!runs(before));
}

#[test]
fn a_program_that_keeps_dying_is_counted_with_its_last_words() {
    let bench = Bench::start("echo no disk >&2; exit 1", false);
    bench.wait("three deaths", |bench| {
        let board = bench.board.lock().unwrap();
        board.deaths.get("script").is_some_and(|(count, words)| *count >= 3 && words.contains("no disk"))
    });
}

#[test]
fn a_held_program_stays_down_until_it_is_released() {
    let bench = Bench::start("exec sleep 100", false);
    let before = bench.pid();
    bench.order(|done| Order::KillAndHold("script".to_owned(), done));
    assert!(!runs(before));
    // Many ticks: a supervisor that forgot would have started it.
    thread::sleep(TICK * 8);
    assert_eq!(bench.starts(), 1);
    bench.order(|done| Order::Release("script".to_owned(), done));
    assert_eq!(bench.starts(), 2);
}

#[test]
fn a_window_that_its_user_closes_is_not_opened_again() {
    let bench = Bench::start("exit 0", true);
    bench.wait("its end", |bench| !runs(bench.pid()));
    thread::sleep(TICK * 8);
    assert_eq!(bench.starts(), 1);
}

#[test]
fn a_stopped_supervisor_leaves_nothing_running() {
    let bench = Bench::start("exec sleep 100", false);
    let pid = bench.pid();
    drop(bench);
    assert!(!runs(pid));
}
