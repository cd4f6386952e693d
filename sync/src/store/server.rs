//! What can go wrong with a database that is a process of its own.

use std::error::Error;

/// What an error of a database server means for whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerFault {
    /// It cannot be reached. Nothing was stored; the next call connects again.
    Unreachable,
    /// The connection ended while a commit was being confirmed and did not come back: whether it is stored
    /// cannot be known now. Whoever asks again reads the heads first, so that nothing is stored twice.
    InDoubt,
    /// Other writers were in the way each time it was tried. Nothing was stored.
    Contended,
    /// Its disk is full. Nothing was stored.
    DiskFull,
    /// It refused. Nothing was stored.
    Refused,
}

/// A database server said no, or could not be asked.
#[derive(Debug)]
pub struct ServerError {
    /// What it means.
    pub fault: ServerFault,
    /// What the server or the link to it said.
    pub source: Box<dyn Error + Send + Sync>,
}

impl std::fmt::Display for ServerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let source = &self.source;
        match self.fault {
            ServerFault::Unreachable => {
                write!(f, "the database server cannot be reached, nothing was stored: {source}")
            }
            ServerFault::InDoubt => write!(
                f,
                "the database server went away while it confirmed a commit; whether that is stored shows when it is back: {source}"
            ),
            ServerFault::Contended => {
                write!(f, "other writers kept the database busy, nothing was stored; try again: {source}")
            }
            ServerFault::DiskFull => {
                write!(
                    f,
                    "the disk of the database server is full, nothing was stored; make room there: {source}"
                )
            }
            ServerFault::Refused => write!(f, "the database server refused: {source}"),
        }
    }
}

impl Error for ServerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}
