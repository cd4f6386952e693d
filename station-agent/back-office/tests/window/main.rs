//! The whole program without a display: its own `update` and `view`, driven by clicks and keys, against an agent that
//! is a real HTTP server.

#[cfg(test)]
mod agent;
#[cfg(test)]
mod belonging;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod live;
#[cfg(test)]
mod pending;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod quarantine;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod window;
