//! Names that say nothing, and notes to oneself.

use super::{Finding, Source};

const EMPTY_WORDS: [&str; 7] = ["manager", "service", "helper", "util", "utils", "helpers", "processor"];
const KEYWORDS: [&str; 6] = ["struct", "enum", "trait", "type", "class", "interface"];
/// Assembled, so that this file does not find itself.
const NOTES: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];
/// A reason shorter than this is none.
const REASON_CHARACTERS_MIN: usize = 10;

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| is_code(source) && !source.is_generated()) {
        if let Some(word) = words(source.stem()).find(|word| EMPTY_WORDS.contains(&word.as_str())) {
            findings.push(Finding::new(&source.path, format!("`{word}` says nothing: name the thing")));
        }
        for (line, text) in source.code() {
            if let Some(name) = declared(text)
                && let Some(word) = words(name).find(|word| EMPTY_WORDS.contains(&word.as_str()))
            {
                findings.push(Finding::new(
                    source.at(line),
                    format!("`{word}` in {name} says nothing: name the thing"),
                ));
            }
        }
        for (line, text) in (1..).zip(source.text.lines()) {
            if NOTES.iter().any(|note| text.contains(note) && !has_reason(text, note)) {
                findings.push(Finding::new(
                    source.at(line),
                    "a note needs a place and a reason: `NOTE(place): reason`",
                ));
            }
        }
    }
    findings
}

fn is_code(source: &Source) -> bool {
    ["rs", "ts", "svelte", "mjs"].contains(&source.ending())
}

/// The type that a line declares, if it does.
fn declared(line: &str) -> Option<&str> {
    let mut before = "";
    for word in line.split_whitespace() {
        if KEYWORDS.contains(&before) {
            return word.split(|character: char| !character.is_alphanumeric() && character != '_').next();
        }
        let modifier =
            word.starts_with("pub") || ["export", "default", "abstract", "declare"].contains(&word);
        if !modifier && !KEYWORDS.contains(&word) {
            return None;
        }
        before = word;
    }
    None
}

/// The words of a name in any style, in lower case.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    for character in name.chars() {
        if character.is_uppercase() || !character.is_alphanumeric() {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
    }
    words.into_iter().filter(|word| !word.is_empty())
}

fn has_reason(line: &str, note: &str) -> bool {
    line.split_once(note)
        .and_then(|(_, rest)| rest.strip_prefix('('))
        .and_then(|rest| rest.split_once("): "))
        .is_some_and(|(place, reason)| {
            !place.is_empty() && reason.trim().chars().count() >= REASON_CHARACTERS_MIN
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_name_are_found_in_any_style() {
        for name in ["PriceBook", "price_book", "price-book"] {
            assert_eq!(words(name).collect::<Vec<_>>(), ["price", "book"]);
        }
    }

    #[test]
    fn a_declared_type_is_found_behind_its_modifiers() {
        assert_eq!(declared("pub(crate) struct Outbox<T> {"), Some("Outbox"));
        assert_eq!(declared("export default class Till {"), Some("Till"));
        assert_eq!(declared("let manager = 1;"), None);
    }

    #[test]
    fn a_note_needs_a_place_and_a_reason() {
        let note = NOTES[0];
        assert!(has_reason(&format!("// {note}(sync): wait for the broker's next release"), note));
        assert!(!has_reason(&format!("// {note}: later"), note));
        assert!(!has_reason(&format!("// {note}(sync): x"), note));
    }
}
