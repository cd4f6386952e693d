//! `assets/tokens.json`: colour, space, type, radius and motion, once for the three user interfaces.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::workspace;

/// The design tokens, sorted by name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Light and dark palettes.
    pub color: Palettes,
    /// Steps of space in pixels.
    pub space: BTreeMap<String, Value>,
    /// Corner radii in pixels.
    pub radius: BTreeMap<String, Value>,
    /// Type sizes in pixels.
    pub r#type: BTreeMap<String, Value>,
    /// Font weights.
    pub weight: BTreeMap<String, Value>,
    /// Durations; the names end in `-ms`.
    pub motion: BTreeMap<String, Value>,
    /// Smallest targets in pixels.
    pub target: BTreeMap<String, Value>,
}

/// The two palettes; both have the same names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Palettes {
    /// For a light room.
    pub light: BTreeMap<String, Value>,
    /// For a dark one.
    pub dark: BTreeMap<String, Value>,
}

impl Tokens {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// The file is missing, has an unknown key, or the palettes differ in their names.
    pub fn read(file: &Path) -> Result<Self> {
        let tokens: Self = serde_json::from_str(&workspace::read(file)?)
            .with_context(|| format!("{} is not what generate expects", file.display()))?;
        anyhow::ensure!(
            tokens.color.light.keys().eq(tokens.color.dark.keys()),
            "{}: the light and dark palettes must have the same names",
            file.display()
        );
        Ok(tokens)
    }
}

/// A token's value as text: `14` or `#ffffff`.
#[must_use]
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
