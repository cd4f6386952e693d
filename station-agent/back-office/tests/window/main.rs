//! The whole program without a display: its own `update` and `view`, driven by clicks and keys, against an agent that
//! is a real HTTP server.

mod agent;
mod flows;
mod live;
mod pictures;
mod sample;
mod screens;
mod window;
