//! Tokens and files that only their owner reads.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// A random token of 256 bits.
///
/// # Errors
/// The system's random source cannot be read.
pub fn token() -> Result<String> {
    let mut bytes = [0_u8; 32];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("cannot read random bytes")?;
    Ok(bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

/// Writes a file of mode 0600, whole or not at all.
///
/// # Errors
/// The folder cannot be written.
pub fn write(file: &Path, text: &str) -> Result<()> {
    let beside = file.with_extension("new");
    OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&beside, file))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// The token in a file, made if it is not there.
///
/// # Errors
/// The file can be neither read nor written.
pub fn token_in(file: &Path) -> Result<String> {
    if file.exists() {
        return Ok(crate::workspace::read(file)?.trim().to_owned());
    }
    let token = token()?;
    write(file, &format!("{token}\n"))?;
    Ok(token)
}
