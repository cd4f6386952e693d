//! The table of faults.

use std::fmt::Write as _;

use serde_json::Value;

/// A line for each fault; one that did not come to its end says so.
pub(super) fn text(rows: &[(&str, Option<Value>)]) -> String {
    let mut text = format!(
        "{:<24} {:>6} {:>10} {:>12} {:>12}",
        "fault", "runs", "violations", "sells again", "data agree"
    );
    for (name, row) in rows {
        let line = match row {
            Some(row) if row["skipped"].is_string() => {
                format!("skipped: needs {}", row["skipped"].as_str().unwrap_or_default())
            }
            Some(row) => format!(
                "{:>6} {:>10} {:>12} {:>12}",
                row["runs"].to_string(),
                row["violations"].to_string(),
                time(&row["sellsAgainMs"]),
                time(&row["agreesAgainMs"])
            ),
            None => "did not end".to_owned(),
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{name:<24} {line}");
    }
    text
}

/// The slowest, where it applies.
fn time(ms: &Value) -> String {
    ms.as_u64().map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_shows_its_figures_and_a_case_that_did_not_end_says_so() {
        let row = json!({"runs": 12, "violations": 0, "sellsAgainMs": 40, "agreesAgainMs": null});
        let text = text(&[("kill-sale", Some(row)), ("eio", None)]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("kill-sale ") && lines[1].contains("12"), "{text}");
        assert!(lines[1].ends_with("40 ms            -"), "{text}");
        assert!(lines[2].ends_with("did not end"), "{text}");
    }
}
