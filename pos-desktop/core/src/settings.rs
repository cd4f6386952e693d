//! Settings of this till that people change on its screen.

use rusqlite::{Connection, OptionalExtension as _};
use sync::clock::Agreement;

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
const AGREEMENT: &str = "agreement";

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

/// What HQ and this till last agreed on about the time; `None` before the first time.
///
/// # Errors
/// The database does not answer.
pub fn agreement(connection: &Connection) -> Result<Option<Agreement>, TillError> {
    Ok(read(connection, AGREEMENT)?.as_deref().and_then(Agreement::parse))
}

/// Keeps what was agreed on, for a start with a wrong clock and nobody to ask.
///
/// # Errors
/// The database does not take it.
pub fn set_agreement(node: &mut TillNode, now: &Moment, agreement: &Agreement) -> Result<(), TillError> {
    write(node, now, AGREEMENT, &agreement.to_text())
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
