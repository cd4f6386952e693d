//! Settings of this till that people change on its screen.

use rusqlite::{Connection, OptionalExtension as _};

use crate::cart::put;
use crate::day::Moment;
use crate::error::TillError;
use crate::store::TillNode;
use crate::tables::Setting;

/// Language of the screen and of receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// 한국어.
    Korean,
    /// English.
    English,
}

impl Language {
    /// `ko` or `en`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Korean => "ko",
            Self::English => "en",
        }
    }

    /// Reads the name back.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "ko" => Some(Self::Korean),
            "en" => Some(Self::English),
            _ => None,
        }
    }
}

/// Colours of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// `system`, `light` or `dark`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the name back.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "system" => Some(Self::System),
            "light" => Some(Self::Light),
            "dark" => Some(Self::Dark),
            _ => None,
        }
    }
}

const LANGUAGE: &str = "language";
const THEME: &str = "theme";
const AGREED_AT: &str = "agreed_at_ms";

/// The language chosen at this till, or else `fallback`.
///
/// # Errors
/// The database does not answer.
pub fn language(connection: &Connection, fallback: Language) -> Result<Language, TillError> {
    let chosen = read(connection, LANGUAGE)?;
    Ok(chosen.as_deref().and_then(Language::parse).unwrap_or(fallback))
}

/// The theme chosen at this till.
///
/// # Errors
/// The database does not answer.
pub fn theme(connection: &Connection) -> Result<Theme, TillError> {
    Ok(read(connection, THEME)?.as_deref().and_then(Theme::parse).unwrap_or(Theme::System))
}

/// Chooses the language.
///
/// # Errors
/// The database does not take it.
pub fn set_language(node: &mut TillNode, now: &Moment, language: Language) -> Result<(), TillError> {
    write(node, now, LANGUAGE, language.as_str())
}

/// Chooses the theme.
///
/// # Errors
/// The database does not take it.
pub fn set_theme(node: &mut TillNode, now: &Moment, theme: Theme) -> Result<(), TillError> {
    write(node, now, THEME, theme.as_str())
}

/// The newest time that HQ and this till agreed on, milliseconds since 1970 UTC; 0 before the first.
///
/// # Errors
/// The database does not answer.
pub fn agreed_at_ms(connection: &Connection) -> Result<i64, TillError> {
    Ok(read(connection, AGREED_AT)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Keeps the time agreed on, for a start with an empty battery.
///
/// # Errors
/// The database does not take it.
pub fn set_agreed_at_ms(node: &mut TillNode, now: &Moment, at_ms: i64) -> Result<(), TillError> {
    write(node, now, AGREED_AT, &at_ms.to_string())
}

fn read(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM settings WHERE name = $1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

fn write(node: &mut TillNode, now: &Moment, name: &str, value: &str) -> Result<(), TillError> {
    let row = Setting { name: name.to_owned(), value: value.to_owned() };
    Ok(node.write(vec![put(row)], now.stamp.wall_ms)?)
}
