//! A catalogue of 20,000 products on its way from head office over a station's agent to its till: first fill, resume after
//! a cut, a hundred new prices, a cursor that is too old, a row that went wrong.
//!
//! Head office is the product's own, in a process of its own. Agent and till are the product's nodes and drivers on SQLite
//! in the measuring process, D2: MQTT over mutual TLS above, HTTPS over mutual TLS below. Bytes are what TCP carries.
//! Yardsticks in the same run: the same rows read and written in bulk, and the same items compressed in one piece. Prints
//! one line of JSON.

#![expect(clippy::print_stdout, reason = "the line of JSON is this example's product")]

mod bulk;
mod door;
mod fill;
mod later;
mod office;
mod shop;
mod wire;

use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// Products of the chain unless `--products N` says otherwise.
const PRODUCTS: u32 = 20_000;

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let products = words.iter().skip_while(|word| *word != "--products").nth(1);
    let products = products.map(|text| text.parse()).transpose()?.unwrap_or(PRODUCTS);
    match words.first().map(String::as_str) {
        Some(office::SERVE) => {
            return office::serve(Path::new(words.get(1).context("name a configuration")?)).await;
        }
        None | Some("--products" | "--full") => {}
        Some(other) => bail!("{other} is nothing that is measured here"),
    }
    println!("{}", fill::measure(products).await?);
    Ok(())
}
