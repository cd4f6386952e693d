//! Ports that several copies on one machine do not take from each other.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context as _, Result, bail};

/// Below the range that systems hand to outgoing connections (32768 and up on Linux), so that none is taken between two starts of a program.
const FIRST: u16 = 20_000;
/// One past the last.
const LAST: u16 = 32_000;
/// A copy claims blocks of this many ports by listening on the first of each for as long as it runs.
const BLOCK: u16 = 50;

/// The ports of one copy. Its claims end when it is dropped.
#[derive(Debug)]
pub struct Ports {
    claims: Vec<TcpListener>,
    next: u16,
    fixed: bool,
}

impl Ports {
    /// Free ports, or the ones that follow `base`.
    #[must_use]
    pub fn new(base: Option<u16>) -> Self {
        Self { claims: Vec::new(), next: base.unwrap_or(0), fixed: base.is_some() }
    }

    /// The next port.
    ///
    /// # Errors
    /// A fixed port is in use, or no block is free.
    pub fn take(&mut self) -> Result<u16> {
        if self.fixed {
            let port = self.next;
            self.next = port.checked_add(1).context("--port-base is too high")?;
            listen(port).with_context(|| format!("port {port} is in use; choose another --port-base"))?;
            return Ok(port);
        }
        loop {
            if self.claims.is_empty() || self.next.is_multiple_of(BLOCK) {
                self.claim()?;
            }
            let port = self.next;
            self.next += 1;
            if listen(port).is_ok() {
                return Ok(port);
            }
        }
    }

    fn claim(&mut self) -> Result<()> {
        let blocks = (LAST - FIRST) / BLOCK;
        // Copies start their search at different places, so that they rarely meet.
        let start = u16::try_from(std::process::id() % u32::from(blocks))?;
        for step in 0..blocks {
            let first = FIRST + (start + step) % blocks * BLOCK;
            if let Ok(claim) = listen(first) {
                self.claims.push(claim);
                self.next = first + 1;
                return Ok(());
            }
        }
        bail!("no free ports between {FIRST} and {LAST}")
    }
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn two_copies_on_one_machine_get_different_ports() {
        let (mut first, mut second) = (Ports::new(None), Ports::new(None));
        let mut seen = BTreeSet::new();
        for _ in 0..70 {
            assert!(seen.insert(first.take().unwrap()));
            assert!(seen.insert(second.take().unwrap()));
        }
    }

    #[test]
    fn fixed_ports_follow_each_other_and_one_in_use_is_named() {
        let mut finder = Ports::new(None);
        let base = finder.take().unwrap();
        let _taken = listen(base + 1).unwrap();
        let mut ports = Ports::new(Some(base));
        assert_eq!(ports.take().unwrap(), base);
        assert!(format!("{:#}", ports.take().unwrap_err()).contains(&(base + 1).to_string()));
    }
}
