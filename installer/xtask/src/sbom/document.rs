//! The document: fixed order, no time, and a serial number that follows from the content.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Component;

/// What the programs are built for; crates of other platforms are left out.
pub(super) const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The document of a program: the first component is the program itself.
pub(super) fn write(components: &[Component]) -> Result<Value> {
    let (main, others) = components.split_first().context("a program consists of something")?;
    let mut program = component("application", main);
    if let Some(program) = program.as_object_mut() {
        program.insert("properties".to_owned(), json!([{"name": "juyu:target", "value": TARGET}]));
    }
    let tool =
        json!({"type": "application", "name": "cargo xtask sbom", "version": env!("CARGO_PKG_VERSION")});
    let dependency = |each: &Component| json!({"ref": each.purl, "dependsOn": each.needs});
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"tools": {"components": [tool]}, "component": program},
        "components": others.iter().map(|each| component("library", each)).collect::<Vec<_>>(),
        "dependencies": components.iter().map(dependency).collect::<Vec<_>>(),
    });
    let serial_number = serial_number(&document.to_string());
    if let Some(document) = document.as_object_mut() {
        document.insert("serialNumber".to_owned(), Value::String(serial_number));
    }
    Ok(document)
}

fn component(kind: &str, part: &Component) -> Value {
    let mut value = json!({
        "type": kind,
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "purl": part.purl,
    });
    if let Some(value) = value.as_object_mut() {
        if let Some(licence) = &part.licence {
            value.insert("licenses".to_owned(), json!([{"expression": licence}]));
        }
        if let Some((algorithm, digest)) = &part.hash {
            value.insert("hashes".to_owned(), json!([{"alg": algorithm, "content": digest}]));
        }
    }
    value
}

/// A UUID of version 8 (RFC 9562, section 5.8) from the content's digest.
fn serial_number(content: &str) -> String {
    let digest = hex(&Sha256::digest(content.as_bytes()));
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    let uuid = format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32));
    format!("urn:uuid:{uuid}")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
