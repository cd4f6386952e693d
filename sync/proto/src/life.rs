//! Whether a database is the one that was last open here (R4).
//!
//! A database that was put back from a copy, or copied to another computer, would use numbers again that another
//! life of it has used. What the database says of its place is held against what is seen now, and against a
//! marker that is kept beside the file and knows what was last recorded.

use crate::hash::ChainHash;
use crate::ids::{Incarnation, Seq, hex};

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Digest of the computer's id; empty where the system has none.
    pub machine: String,
    /// Which file on its disk: number and time of birth.
    pub file: String,
}

/// What the database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Names the pair of database and marker; drawn with every life that is begun by a [`Reason`].
    pub mark: [u8; 16],
    /// Where it was last opened.
    pub place: Place,
    /// How often it was opened, this pair.
    pub openings: u64,
}

/// What the marker beside the database says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// As in [`Kept::mark`].
    pub mark: [u8; 16],
    /// As in [`Kept::openings`], of the last opening that was finished.
    pub openings: u64,
    /// The life that was written.
    pub incarnation: Incarnation,
    /// Its last place.
    pub seq: Seq,
    /// The last place in the order of everything that was stored.
    pub pos: i64,
}

/// The marker as it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkerSeen {
    /// There is none, or none that reads.
    Missing,
    /// What it says.
    Read(Marker),
}

/// What is seen of a database when it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Where it is.
    pub place: Place,
    /// The marker beside it.
    pub marker: MarkerSeen,
    /// Whether the database holds a journal of its own.
    pub has_journal: bool,
    /// The last place in the order of everything that it holds.
    pub pos: i64,
    /// What is known already: a damaged database was just set aside, or a backup was put back.
    pub told: Option<Reason>,
}

/// Why a new life of the journal begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It holds less than was recorded with it: a copy was put back, or the write-ahead log is gone.
    Restored,
    /// It comes from another computer.
    Cloned,
    /// It is another file than the one that was last open.
    Moved,
    /// Nothing tells any more what was last recorded.
    MarkerLost,
    /// The marker is there and the database is not.
    DatabaseLost,
    /// The database was damaged and was set aside.
    Damaged,
}

impl Reason {
    /// The word for it in `StreamOpened`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Cloned => "cloned",
            Self::Moved => "moved",
            Self::MarkerLost => "marker_lost",
            Self::DatabaseLost => "database_lost",
            Self::Damaged => "damaged",
        }
    }

    /// What happened, for people.
    #[must_use]
    pub const fn told(self) -> &'static str {
        match self {
            Self::Restored => {
                "the database holds less than was recorded with it: an older copy was put back, or its log was deleted"
            }
            Self::Cloned => "the database was copied from another computer",
            Self::Moved => "the database is another file than the one that was last open here",
            Self::MarkerLost => "the marker beside the database is gone",
            Self::DatabaseLost => "the database is gone; its marker is still here",
            Self::Damaged => "the database was damaged and is set aside",
        }
    }
}

/// How a database stands to what was last open here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was never open with a marker.
    First,
    /// It is the same and goes on.
    Same,
    /// It must begin a new life before anything is recorded.
    NewLife(Reason),
}

/// Decides. What was recorded is compared before where it is: a copy that was put back is a new file too.
#[must_use]
pub fn decide(kept: Option<&Kept>, seen: &Seen) -> Standing {
    if let Some(reason) = seen.told {
        return Standing::NewLife(reason);
    }
    let (kept, marker) = match (kept, seen.marker) {
        (None, MarkerSeen::Missing) => return Standing::First,
        (None, MarkerSeen::Read(_)) if seen.has_journal => return Standing::NewLife(Reason::Restored),
        (None, MarkerSeen::Read(_)) => return Standing::NewLife(Reason::DatabaseLost),
        // The program died in its first opening, between the database and the marker.
        (Some(kept), MarkerSeen::Missing) if kept.openings == 1 && kept.place == seen.place => {
            return Standing::First;
        }
        (Some(kept), MarkerSeen::Missing) => {
            return Standing::NewLife(elsewhere(kept, &seen.place).unwrap_or(Reason::MarkerLost));
        }
        (Some(kept), MarkerSeen::Read(marker)) => (kept, marker),
    };
    if kept.place.machine != seen.place.machine {
        return Standing::NewLife(Reason::Cloned);
    }
    // The marker is written after the database: one that is behind died in between, one that is ahead knows of
    // an opening or an entry that this file has never seen.
    if marker.mark != kept.mark || marker.openings > kept.openings || marker.pos > seen.pos {
        return Standing::NewLife(Reason::Restored);
    }
    elsewhere(kept, &seen.place).map_or(Standing::Same, Standing::NewLife)
}

fn elsewhere(kept: &Kept, place: &Place) -> Option<Reason> {
    if kept.place.machine != place.machine {
        Some(Reason::Cloned)
    } else if kept.place.file != place.file {
        Some(Reason::Moved)
    } else {
        None
    }
}

/// Length of a marker's text: always the same and below a sector, so that it is written over in one piece.
pub const MARKER_LEN: usize = 174;

const HEAD: &str = "juyu-mark 1";

impl Marker {
    /// The text of the file: one line, with a digest of itself at its end.
    #[must_use]
    pub fn to_text(&self) -> String {
        let Self { mark, openings, incarnation, seq, pos } = self;
        let said =
            format!("{HEAD} {} {openings:020} {} {:020} {pos:020}", hex(mark), incarnation.to_hex(), seq.0);
        format!("{said} {}\n", digest(&said))
    }

    /// Reads the text of the file; `None` when it is not whole.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (said, seal) = text.strip_suffix('\n')?.rsplit_once(' ')?;
        if digest(said) != seal {
            return None;
        }
        let mut words = said.strip_prefix(HEAD)?.split_ascii_whitespace();
        let mark = Incarnation::from_hex(words.next()?).ok()?.0;
        let openings = words.next()?.parse().ok()?;
        let incarnation = Incarnation::from_hex(words.next()?).ok()?;
        let seq = Seq(words.next()?.parse().ok()?);
        let pos = words.next()?.parse().ok()?;
        words.next().is_none().then_some(Self { mark, openings, incarnation, seq, pos })
    }
}

fn digest(said: &str) -> String {
    let ChainHash(hash) = ChainHash([0; 32]).chain(said.as_bytes());
    hex(&hash).chars().take(32).collect()
}

#[cfg(test)]
mod tests;
