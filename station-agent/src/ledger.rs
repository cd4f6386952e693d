//! The station's use cases, one file each. What changes something takes the node and runs on the writer's
//! thread; what only reads takes a read-only connection. None of it waits for a network.
//!
//! In a statement `$1` must appear before `$2`: SQLite numbers such parameters by their first appearance.

pub mod accounts;
pub mod deliveries;
mod error;
mod idempotency;
pub mod journal;
pub mod orders;
mod page;
pub mod products;
pub mod receiving;
pub mod sales;
pub mod stock;
pub mod terminals;
pub mod unsent;

pub use error::LedgerError;
pub use idempotency::{IdempotencyKey, KEY_LEN_MAX};
pub use page::{PAGE_LEN_DEFAULT, PAGE_LEN_MAX, Page};

use sync_proto::catalogue::Product;
use sync_proto::{ProductId, Unit};

use crate::store::AgentNode;

/// The product of a request with its unit.
fn product_of(node: &mut AgentNode, product: &str) -> Result<(ProductId, Unit), LedgerError> {
    let unknown = || LedgerError::UnknownProduct(shown(product));
    let id = ProductId::new(product).map_err(|_| unknown())?;
    let row = node.get::<Product>(&Product::key(id.as_str()))?.ok_or_else(unknown)?;
    let unit = Unit::parse(&row.unit)
        .ok_or_else(|| LedgerError::Damaged(format!("product {id} has unit {:?}", row.unit)))?;
    Ok((id, unit))
}

/// What came from outside, cut to a length that fits a message.
fn shown(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS_MAX).collect()
}
