//! A PostgreSQL server of its own for tests: in a folder of its own, on a Unix socket of its own.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

/// A first start writes its log and recovers from a kill; slow machines take seconds for it.
const START_TIME_MAX: Duration = Duration::from_secs(60);

/// How often a start or an end is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Where Debian puts the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The user that the server runs as where the tests run as root, which it refuses.
const SERVER_USER: &str = "postgres";

/// Ends the server and removes its folder when its own input ends, so with whoever started it, however that ends.
const WATCHER: &str = "read _; kill -QUIT $1; \
    for _ in $(seq 100); do kill -0 $1 || break; sleep 0.05; done 2>/dev/null; rm -rf \"$0\"";

/// A running server. It ends with the process that started it.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    user: Option<(u32, u32)>,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    server: Child,
    watcher: Child,
}

/// The server that all tests of this process share, started by whoever asks first; `None` where none is
/// installed.
///
/// # Errors
/// It does not start, or it is not installed where `CI` demands that nothing is skipped.
pub fn shared() -> Result<Option<&'static Server>, String> {
    static SHARED: OnceLock<Result<Option<Server>, String>> = OnceLock::new();
    SHARED.get_or_init(own).as_ref().map(Option::as_ref).map_err(Clone::clone)
}

/// A server that no other test sees, to kill or to set up badly.
///
/// # Errors
/// As for [`shared`].
pub fn own() -> Result<Option<Server>, String> {
    static SERVERS: AtomicU32 = AtomicU32::new(0);
    let Some(programs) = programs() else {
        if std::env::var_os("CI").is_some() {
            return Err("PostgreSQL is not installed, and nothing may be skipped here".to_owned());
        }
        eprintln!("skipped: needs postgresql");
        return Ok(None);
    };
    let no = SERVERS.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("juyu-pg-{}-{no}", std::process::id()));
    Server::start(programs, folder).map(Some).map_err(|why| format!("PostgreSQL does not start: {why}"))
}

/// The newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let newest = versions
        .max_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().unwrap_or_default());
    let debian = newest.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all = debian.into_iter().chain(std::env::split_paths(&path));
    all.find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

impl Server {
    /// Makes a cluster in `folder`, which must not be there yet, and starts a server on it.
    fn start(programs: PathBuf, folder: PathBuf) -> io::Result<Self> {
        fs::create_dir(&folder)?;
        let user = if fs::metadata("/proc/self")?.uid() == 0 { Some(server_user()?) } else { None };
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(&folder, Some(uid), Some(gid))?;
        }
        fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let server = Self { programs, folder, user, running: Mutex::new(None) };
        let made = server
            .command("initdb")
            .arg("--pgdata")
            .arg(server.folder.join("data"))
            .args(["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C"])
            .output()?;
        if !made.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&made.stderr).into_owned()));
        }
        server.run()?;
        Ok(server)
    }

    /// Starts the server again after [`Self::kill`].
    ///
    /// # Errors
    /// What the system or the server say.
    pub fn run(&self) -> io::Result<()> {
        let log = fs::File::create(self.folder.join("log"))?;
        let server = self
            .command("postgres")
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-k")
            .arg(&self.folder)
            .args(["-c", "listen_addresses=", "-c", "shared_buffers=16MB", "-c", "max_connections=40"])
            .args(["-c", "deadlock_timeout=200ms"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let watcher = self
            .command("sh")
            .args(["-c", WATCHER])
            .arg(&self.folder)
            .arg(server.id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        *self.running()? = Some(Running { server, watcher });
        self.until("the server answers", || self.answers())
    }

    /// Where a client finds a database.
    pub fn url(&self, database: &str) -> String {
        self.url_by(&self.folder, database)
    }

    /// The same through another folder's socket, for a proxy.
    pub fn url_by(&self, folder: &Path, database: &str) -> String {
        format!("host={} user=postgres dbname={database}", folder.display())
    }

    /// The server's own socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// Runs a statement in a database, as `psql` does.
    ///
    /// # Errors
    /// What `psql` says.
    pub fn sql(&self, database: &str, statement: &str) -> io::Result<String> {
        let done = self
            .command("psql")
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                &self.url(database),
                "-c",
                statement,
            ])
            .output()?;
        if !done.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&done.stderr).into_owned()));
        }
        Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
    }

    /// Makes a database and returns its address.
    ///
    /// # Errors
    /// What the server says.
    pub fn database(&self, name: &str) -> io::Result<String> {
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))?;
        Ok(self.url(name))
    }

    /// Kills every process of the server at once, as a power cut does.
    ///
    /// # Errors
    /// The system does not tell its processes.
    pub fn kill(&self) -> io::Result<()> {
        let Some(mut running) = self.running()?.take() else { return Ok(()) };
        let backends = children(&running.server.id().to_string())?;
        // The postmaster too in this call: one that still lives would start others in their place.
        let mut kill = Command::new("kill");
        kill.arg("-KILL")
            .arg(running.server.id().to_string())
            .args(&backends)
            .stderr(Stdio::null())
            .status()?;
        running.server.wait()?;
        // Its watcher too, or that would remove the folder.
        running.watcher.kill()?;
        running.watcher.wait()?;
        self.until("the server's processes are gone", || {
            backends.iter().all(|pid| !Path::new("/proc").join(pid).join("exe").exists())
        })
    }

    fn running(&self) -> io::Result<MutexGuard<'_, Option<Running>>> {
        self.running.lock().map_err(|_| io::Error::other("a test failed while it held the server"))
    }

    fn answers(&self) -> bool {
        self.sql("postgres", "SELECT 1").is_ok()
    }

    fn until(&self, what: &str, mut holds: impl FnMut() -> bool) -> io::Result<()> {
        let begin = Instant::now();
        while !holds() {
            if begin.elapsed() > START_TIME_MAX {
                let mut log = String::new();
                let _ = fs::File::open(self.folder.join("log"))?.read_to_string(&mut log)?;
                return Err(io::Error::other(format!("not in time: {what}\n{log}")));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    fn command(&self, program: &str) -> Command {
        let own = self.programs.join(program);
        let mut command = Command::new(if own.is_file() { own } else { PathBuf::from(program) });
        command.current_dir(&self.folder).env("LC_ALL", "C").stdin(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

fn server_user() -> io::Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let user = users.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        match fields.as_slice() {
            [name, _, uid, gid, ..] if *name == SERVER_USER => Some((uid.parse().ok()?, gid.parse().ok()?)),
            _ => None,
        }
    });
    user.ok_or_else(|| io::Error::other(format!("there is no user {SERVER_USER}, and root may not run it")))
}

fn children(of: &str) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc")?.flatten() {
        let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        // The name stands in parentheses and may hold anything; state and parent follow it.
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        if parent == Some(of) {
            found.push(process.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(found)
}
