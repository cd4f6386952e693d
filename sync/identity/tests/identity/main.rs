//! Who may speak on a link: chains, servers and files, judged by the product's own checks in real handshakes.

#[cfg(test)]
mod chains;
#[cfg(test)]
mod file;
#[cfg(test)]
mod handshake;
#[cfg(test)]
mod servers;
