//! Errors in the words of the person in front: what happened, why, what now.

use station_api::enrolment::EnrolError;
use station_api::{ClientError, ErrorCode};

use crate::link::JoinError;
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
    /// The code was made for another kind of device.
    OtherKind,
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
            ClientError::Refused(refusal) => {
                Self::Refused { code: refusal.problem.code, detail: refusal.problem.detail.clone() }
            }
            ClientError::Settings { what } => Self::Unusable { detail: (*what).to_owned() },
            malformed if malformed.is_malformed() => Self::Malformed,
            other => Self::Unusable { detail: other.to_string() },
        }
    }

    /// Sorts an error of enrolling.
    #[must_use]
    pub fn of_enrolment(error: &JoinError) -> Self {
        let error = match error {
            JoinError::Enrol(error) => error,
            JoinError::OtherKind => return Self::OtherKind,
        };
        match error {
            EnrolError::Client(error) => Self::of(error),
            EnrolError::Code(_) | EnrolError::WrongAuthority(_) => {
                Self::Refused { code: error.code(), detail: error.to_string() }
            }
            other => Self::Unusable { detail: other.to_string() },
        }
    }

    /// The sentences for a code that brought nothing.
    #[must_use]
    pub fn of_setup(&self, language: Language) -> Fault {
        match self {
            Self::Unreachable => fault(language, "setup_unreachable"),
            Self::Refused { code: ErrorCode::HqUnreachable, .. } => fault(language, "setup_hq_unreachable"),
            _ => self.explain(language),
        }
    }

    /// The sentences for a code that was not made: asking again makes another, which does no harm.
    #[must_use]
    pub fn of_code(&self, language: Language) -> Fault {
        match self {
            Self::Unreachable => fault(language, "code_unreachable"),
            _ => self.explain(language),
        }
    }

    /// The sentences for a write that failed.
    #[must_use]
    pub fn of_write(&self, language: Language) -> Fault {
        match self {
            Self::Unreachable => fault(language, "write_unreachable"),
            _ => self.explain(language),
        }
    }

    /// The sentences for a question that failed.
    #[must_use]
    pub fn explain(&self, language: Language) -> Fault {
        match self {
            Self::Unreachable => fault(language, "unreachable"),
            Self::Malformed => fault(language, "malformed"),
            Self::OtherKind => fault(language, "setup_other_kind"),
            Self::Refused { code, detail } => {
                if language.error(code.as_str(), "what").is_some() {
                    fault(language, code.as_str())
                } else {
                    Fault { why: detail.clone(), ..fault(language, "refused") }
                }
            }
            Self::Unusable { detail } => Fault { why: detail.clone(), ..fault(language, "refused") },
        }
    }
}

fn fault(language: Language, code: &str) -> Fault {
    let sentence = |part| language.error(code, part).unwrap_or_default().to_owned();
    Fault { what: sentence("what"), why: sentence("why"), now: sentence("now") }
}
