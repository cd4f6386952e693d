//! Design tokens as CSS variables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::tokens::{Tokens, text};

/// The style sheet: light on `:root`; dark where the page says so, or where the system does and the page is silent.
#[must_use]
pub(super) fn render(tokens: &Tokens) -> String {
    let mut css = format!("/* {} */\n\n:root {{\n  color-scheme: light;\n", super::NOTICE);
    variables(&mut css, "  ", "color", "", &tokens.color.light);
    for (group, unit, values) in [
        ("space", "px", &tokens.space),
        ("radius", "px", &tokens.radius),
        ("type", "px", &tokens.r#type),
        ("weight", "", &tokens.weight),
        ("motion", "ms", &tokens.motion),
        ("target", "px", &tokens.target),
    ] {
        variables(&mut css, "  ", group, unit, values);
    }
    css.push_str("}\n\n[data-theme=\"dark\"] {\n  color-scheme: dark;\n");
    variables(&mut css, "  ", "color", "", &tokens.color.dark);
    css.push_str(
        "}\n\n@media (prefers-color-scheme: dark) {\n  :root:not([data-theme]) {\n    color-scheme: dark;\n",
    );
    variables(&mut css, "    ", "color", "", &tokens.color.dark);
    css.push_str("  }\n}\n");
    css
}

fn variables(css: &mut String, indent: &str, group: &str, unit: &str, values: &BTreeMap<String, Value>) {
    for (name, value) in values {
        let name = name.trim_end_matches("-ms");
        // Writing to a String cannot fail.
        let _ = writeln!(css, "{indent}--{group}-{name}: {}{unit};", text(value));
    }
}
