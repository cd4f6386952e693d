//! The automation of the workspace as a library, so that the whole-system tests start the product with the code of `demo`.

pub mod bench;
pub mod catalogue;
pub mod cli;
pub mod client;
pub mod demo;
pub mod faults;
pub mod generate;
pub mod pictures;
pub mod sbom;
pub mod setup;
pub mod shell;
pub mod sim;
pub mod tidy;
pub mod tiers;
pub mod workspace;
