//! The first catalogue, from a file, as facts like any other change.

use std::path::Path;

use serde::Deserialize;
use sync::node::Beside;
use sync_proto::fact::{ProductChanged, ProductKind};
use sync_proto::tax::TaxClass;
use sync_proto::{Money, ProductId, Stamp, Unit};

use super::{checked_name, price, published};
use crate::refusal::Refusal;
use crate::store::Hq;

/// Largest catalogue file read: 20,000 products have five megabytes, written with room for people to read.
const FILE_LEN_MAX: u64 = 16 * 1024 * 1024;

/// Products per commit while seeding.
const CHUNK_LEN: usize = 200;

/// Why the catalogue file was not read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueFileError {
    /// The system said no.
    #[error("catalogue_file {path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// What it said.
        #[source]
        source: std::io::Error,
    },
    /// Not a catalogue.
    #[error("catalogue_file {path}: {why}")]
    Malformed {
        /// Which file.
        path: String,
        /// What is wrong.
        why: String,
    },
}

/// A product as the file has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileProduct {
    product_id: ProductId,
    name_ko: String,
    name_en: String,
    kind: ProductKind,
    unit: Unit,
    tax_class: TaxClass,
    price: Money,
    #[serde(default)]
    barcode: Option<String>,
}

#[derive(Debug, Deserialize)]
struct File {
    products: Vec<FileProduct>,
}

/// Reads a catalogue file.
pub fn read_catalogue_file(path: &Path) -> Result<Vec<FileProduct>, CatalogueFileError> {
    let name = || path.display().to_string();
    let io = |source| CatalogueFileError::Io { path: name(), source };
    let len = std::fs::metadata(path).map_err(io)?.len();
    if len > FILE_LEN_MAX {
        return Err(CatalogueFileError::Malformed { path: name(), why: format!("it has {len} bytes") });
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    let file: File = serde_json::from_str(&text)
        .map_err(|why| CatalogueFileError::Malformed { path: name(), why: why.to_string() })?;
    Ok(file.products)
}

/// Publishes the products of the file if the catalogue is empty; returns how many.
pub fn seed_catalogue(node: &mut Hq, now: Stamp, products: Vec<FileProduct>) -> Result<usize, Refusal> {
    let there: bool =
        node.store()
            .connection()
            .query_row("SELECT EXISTS (SELECT 1 FROM products)", [], |row| row.get(0))?;
    if there {
        return Ok(0);
    }
    let count = products.len();
    let mut drafts = Vec::with_capacity(count.saturating_mul(2));
    for file in products {
        drafts.push(price::chain_price(file.product_id.clone(), file.price, now.wall_ms)?);
        drafts.push(published(ProductChanged {
            product: file.product_id,
            name_ko: checked_name(&file.name_ko)?,
            name_en: checked_name(&file.name_en)?,
            kind: file.kind,
            unit: file.unit,
            tax: file.tax_class,
            barcode: file.barcode,
        }));
    }
    for chunk in drafts.chunks(CHUNK_LEN) {
        node.record(now, None, chunk, Beside::default())?;
    }
    Ok(count)
}
