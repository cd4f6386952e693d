//! The path from stations to head office: how fast (J2, J2b) and in how many bytes (J4). Agents' journals, the real MQTT
//! link over mutual TLS, the real broker and head office's own projections in a process of its own, durable at every
//! acknowledgement (D2).
//!
//! Yardstick of the paces, in the same run on the same disk: the same rows of the same tables read from head office's
//! database and written in bulk to a fresh one, without a network. Agents and head office share the machine, so reading,
//! packing and sealing are in the figures. Prints one line of JSON.

#![expect(clippy::print_stdout, reason = "the line of JSON is this example's product")]
#![expect(clippy::indexing_slicing, reason = "a benchmark that has no agent has failed")]

mod bulk;
mod drain;
mod held;
mod many;
mod office;
mod outage;
mod station;
mod wire;

use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// Sales in the one agent's backlog unless `--sales N` says otherwise.
const DRAIN_SALES: u64 = 100_000;
/// Sales of all agents in the short form, and with `--full`.
const MANY_SALES: u64 = 200_000;
const MANY_SALES_FULL: u64 = 1_000_000;

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let sales = words.iter().skip_while(|word| *word != "--sales").nth(1);
    let sales = sales.map(|text| text.parse::<u64>()).transpose()?;
    let full = words.iter().any(|word| word == "--full");
    let figures = match words.first().map(String::as_str) {
        Some(office::SERVE) => {
            return office::serve(Path::new(words.get(1).context("name a configuration")?)).await;
        }
        Some("drain") => drain::measure(sales.unwrap_or(DRAIN_SALES)).await?,
        Some("many") => {
            let usual = if full { MANY_SALES_FULL } else { MANY_SALES };
            many::measure(sales.unwrap_or(usual)).await?
        }
        Some("outage") => outage::measure(full).await?,
        Some("wire") => wire::measure().await?,
        _ => bail!("say drain, many, outage or wire"),
    };
    println!("{figures}");
    Ok(())
}
