//! Design tokens as Rust constants, free of iced.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::tokens::{Tokens, text};

/// The module `theme::tokens` of the back office.
///
/// # Errors
/// A colour is not `#rrggbb`.
pub(super) fn render(tokens: &Tokens) -> Result<String> {
    let mut rust = format!(
        "// {}\n//! Colours as 0xRRGGBB, sizes in logical pixels, durations in milliseconds.\n\n",
        super::NOTICE
    );
    rust.push_str("/// The colours of one theme, each as 0xRRGGBB.\n#[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub struct Palette {\n");
    for name in tokens.color.light.keys() {
        let _ = writeln!(rust, "    /// `{name}`.\n    pub {}: u32,", name.replace('-', "_"));
    }
    rust.push_str("}\n");
    palette(&mut rust, "LIGHT", "For a light room.", &tokens.color.light)?;
    palette(&mut rust, "DARK", "For a dark room.", &tokens.color.dark)?;
    for (group, kind, values) in [
        ("space", "f32", &tokens.space),
        ("radius", "f32", &tokens.radius),
        ("type", "f32", &tokens.r#type),
        ("weight", "u16", &tokens.weight),
        ("motion", "u64", &tokens.motion),
        ("target", "f32", &tokens.target),
    ] {
        rust.push('\n');
        constants(&mut rust, group, kind, values);
    }
    Ok(rust)
}

fn palette(
    rust: &mut String,
    constant: &str,
    comment: &str,
    colours: &BTreeMap<String, Value>,
) -> Result<()> {
    let _ = writeln!(rust, "\n/// {comment}\npub const {constant}: Palette = Palette {{");
    for (name, colour) in colours {
        let colour = text(colour);
        let rgb = colour
            .strip_prefix('#')
            .filter(|hex| hex.len() == 6)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
            .with_context(|| format!("colour {name} is `{colour}`, not #rrggbb"))?;
        let _ = writeln!(rust, "    {}: 0x{:04x}_{:04x},", name.replace('-', "_"), rgb >> 16, rgb & 0xffff);
    }
    rust.push_str("};\n");
    Ok(())
}

fn constants(rust: &mut String, group: &str, kind: &str, values: &BTreeMap<String, Value>) {
    for (name, value) in values {
        let constant = format!("{group}-{name}").to_uppercase().replace('-', "_");
        let point = if kind == "f32" { ".0" } else { "" };
        let _ =
            writeln!(rust, "/// `{group}-{name}`.\npub const {constant}: {kind} = {}{point};", text(value));
    }
}
