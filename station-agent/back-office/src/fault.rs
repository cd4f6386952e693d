//! Errors in the words of the person in front: what happened, why, what now.

use station_api::{ClientError, ErrorCode};

use crate::locale::Language;

/// Why a question or a write has no good answer, as far as a person can act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The agent does not answer.
    Unreachable,
    /// The agent refused.
    Refused { code: ErrorCode, detail: String },
    /// Something answered that is not a station agent, or one of another version.
    Malformed,
    /// This program could not even ask.
    Unusable { detail: String },
}

/// The three sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub what: String,
    pub why: String,
    pub now: String,
}

impl Trouble {
    /// Sorts an error.
    #[must_use]
    pub fn of(error: &ClientError) -> Self {
        match error {
            ClientError::Unreachable(_) => Self::Unreachable,
            ClientError::Refused(refusal) => Self::Refused {
                code: refusal.problem.code,
                detail: refusal.problem.detail.clone(),
            },
            ClientError::Settings { what } => Self::Unusable {
                detail: (*what).to_owned(),
            },
            malformed if malformed.is_malformed() => Self::Malformed,
            other => Self::Unusable {
                detail: other.to_string(),
            },
        }
    }

    /// The sentences for a write that failed.
    #[must_use]
    pub fn of_write(&self, language: Language) -> Fault {
        match self {
            Self::Unreachable => fault(language, "problem.write_unreachable"),
            _ => self.explain(language),
        }
    }

    /// The sentences for a question that failed.
    #[must_use]
    pub fn explain(&self, language: Language) -> Fault {
        match self {
            Self::Unreachable => fault(language, "problem.unreachable"),
            Self::Malformed => fault(language, "problem.malformed"),
            Self::Refused { code, detail } => {
                let key = format!("problem.{}", code.as_str());
                if language.text_if_any(&format!("{key}.what")).is_some() {
                    fault(language, &key)
                } else {
                    Fault {
                        why: detail.clone(),
                        ..fault(language, "problem.refused")
                    }
                }
            }
            Self::Unusable { detail } => Fault {
                why: detail.clone(),
                ..fault(language, "problem.refused")
            },
        }
    }
}

fn fault(language: Language, key: &str) -> Fault {
    let sentence = |part: &str| {
        language
            .text_if_any(&format!("{key}.{part}"))
            .unwrap_or_default()
            .to_owned()
    };
    Fault {
        what: sentence("what"),
        why: sentence("why"),
        now: sentence("now"),
    }
}
