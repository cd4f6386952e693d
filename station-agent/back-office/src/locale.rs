//! Every text of the program in Korean and English, embedded.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;

const KOREAN: &str = include_str!("../../../assets/locales/back-office.ko.json");
const ENGLISH: &str = include_str!("../../../assets/locales/back-office.en.json");

/// A language of the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    #[default]
    Ko,
    En,
}

const KOREAN_ERRORS: &str = include_str!("../../../assets/locales/errors.ko.json");
const ENGLISH_ERRORS: &str = include_str!("../../../assets/locales/errors.en.json");

type Texts = BTreeMap<String, String>;

static KOREAN_TEXTS: LazyLock<Texts> = LazyLock::new(|| read(KOREAN));
static ENGLISH_TEXTS: LazyLock<Texts> = LazyLock::new(|| read(ENGLISH));

/// What happened, why, and what now, by code: the same words in every program of the product.
type Errors = BTreeMap<String, BTreeMap<String, String>>;

static KOREAN_ERROR_TEXTS: LazyLock<Errors> = LazyLock::new(|| read(KOREAN_ERRORS));
static ENGLISH_ERROR_TEXTS: LazyLock<Errors> = LazyLock::new(|| read(ENGLISH_ERRORS));

/// The files are embedded and read by a test; one that cannot be read would show its keys on the screen.
fn read<T: Default + DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap_or_default()
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ko, Self::En];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Ko => Self::En,
            Self::En => Self::Ko,
        }
    }

    fn texts(self) -> &'static Texts {
        match self {
            Self::Ko => &KOREAN_TEXTS,
            Self::En => &ENGLISH_TEXTS,
        }
    }

    /// The text of `key`; the key itself when there is none, which a test rules out for every key in the source.
    #[must_use]
    pub fn text(self, key: &'static str) -> &'static str {
        self.texts().get(key).map_or(key, String::as_str)
    }

    /// One part (`what`, `why` or `now`) of what is said about an error: in this program's words where it has its own,
    /// else in the words that all programs share.
    #[must_use]
    pub fn error(self, code: &str, part: &str) -> Option<&'static str> {
        let shared = match self {
            Self::Ko => &KOREAN_ERROR_TEXTS,
            Self::En => &ENGLISH_ERROR_TEXTS,
        };
        let own = self.texts().get(&format!("problem.{code}.{part}"));
        own.or_else(|| shared.get(code)?.get(part)).map(String::as_str)
    }

    /// The text of `key` with each `{name}` filled in.
    #[must_use]
    pub fn fill(self, key: &'static str, values: &[(&str, &str)]) -> String {
        values.iter().fold(self.text(key).to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }

    /// The name of a product in this language.
    #[must_use]
    pub fn name<'a>(self, name_ko: &'a str, name_en: &'a str) -> &'a str {
        match self {
            Self::Ko => name_ko,
            Self::En => name_en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn both_languages_have_the_same_texts_and_none_is_empty() {
        let keys = |json: &str| -> BTreeSet<String> {
            let texts: Texts = serde_json::from_str(json).unwrap();
            assert!(texts.values().all(|text| !text.trim().is_empty()));
            texts.into_keys().collect()
        };
        assert_eq!(keys(KOREAN), keys(ENGLISH));
    }

    #[test]
    fn every_refusal_has_words_in_both_languages() {
        for code in station_api::ErrorCode::ALL {
            for part in ["what", "why", "now"] {
                let has = |language: Language| language.error(code.as_str(), part).is_some();
                // A detail from the agent stands in where there are no words; both languages must then do alike.
                assert_eq!(has(Language::Ko), has(Language::En), "{code:?} {part}");
            }
        }
    }

    #[test]
    fn both_languages_fill_in_the_same_values() {
        let names = |text: &str| -> BTreeSet<String> {
            text.split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}'))
                .map(|(name, _)| name.to_owned())
                .collect()
        };
        for (key, korean) in KOREAN_TEXTS.iter() {
            assert_eq!(names(korean), names(&ENGLISH_TEXTS[key]), "{key}");
        }
    }

    #[test]
    fn every_key_in_the_source_has_a_text_and_every_text_is_used() {
        let mut source = String::new();
        read_sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut source);
        let quoted: BTreeSet<&str> = source.split('"').filter(|part| is_key(part)).collect();
        for key in &quoted {
            let has_text = |key: &str| KOREAN_TEXTS.contains_key(key);
            assert!(has_text(key) || has_text(&format!("{key}.what")), "no text for {key}");
        }
        for key in KOREAN_TEXTS.keys().filter(|key| !key.starts_with("problem.")) {
            assert!(quoted.contains(key.as_str()), "nothing shows {key}");
        }
    }

    fn is_key(part: &str) -> bool {
        const AREAS: [&str; 15] = [
            "app.",
            "nav.",
            "link.",
            "stale.",
            "clock.",
            "stock.",
            "deliveries.",
            "orders.",
            "problem.",
            "unit.",
            "field.",
            "setup.",
            "devices.",
            "quarantine.",
            "status.",
        ];
        AREAS.iter().any(|area| part.starts_with(area) && part.len() > area.len())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_'))
    }

    fn read_sources(folder: &Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read_sources(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
}
