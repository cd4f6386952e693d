//! A program that a test starts by itself, beside the fleet.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

/// Ends with the test.
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts it in a process group of its own, so that whatever it starts ends with it.
    pub fn start(command: &mut Command) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        Self { child }
    }

    /// Ends it, and what it started.
    pub fn stop(&mut self) {
        let group = format!("kill -s KILL -- -{}", self.child.id());
        let _ = Command::new("sh").args(["-c", &group]).stderr(Stdio::null()).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}
