//! Which station a destination means: its code, name or address, ignoring case, spaces and underscores.

use rusqlite::Connection;
use sync_proto::StationCode;
use sync_proto::catalogue::Station;

use crate::refusal::Refusal;

/// Longest destination that is read; the longest address of the register is far below.
const DESTINATION_LEN_MAX: usize = 200;

/// Stations named in the text of a refusal.
const NAMED_MAX: usize = 5;

/// The one station that `destination` names.
pub fn find_by_destination(connection: &Connection, destination: &str) -> Result<Station, Refusal> {
    let shown: String = destination.chars().take(60).collect();
    let folded = fold(destination);
    if folded.is_empty() || destination.chars().count() > DESTINATION_LEN_MAX {
        return Err(Refusal::UnknownDestination(shown));
    }
    let mut statement =
        connection.prepare_cached("SELECT station, name, address, version FROM stations ORDER BY rowid")?;
    let all = statement.query_map([], |row| {
        Ok(Station { station: row.get(0)?, name: row.get(1)?, address: row.get(2)?, version: row.get(3)? })
    })?;
    let mut fitting: Vec<Station> = Vec::new();
    for station in all {
        let station = station?;
        if [&station.station, &station.name, &station.address].iter().any(|text| fold(text) == folded) {
            fitting.push(station);
        }
    }
    let mut fitting = fitting.into_iter();
    match (fitting.next(), fitting.next()) {
        (None, _) => Err(Refusal::UnknownDestination(shown)),
        (Some(only), None) => Ok(only),
        (Some(first), Some(second)) => {
            let codes: Vec<String> =
                [first, second].into_iter().chain(fitting).take(NAMED_MAX).map(|each| each.station).collect();
            Err(Refusal::AmbiguousDestination(shown, codes.join(", ")))
        }
    }
}

/// The station of a code.
pub fn find_station(connection: &Connection, code: &str) -> Result<Station, Refusal> {
    use rusqlite::OptionalExtension as _;
    let unknown = || Refusal::UnknownStation(code.chars().take(40).collect());
    StationCode::new(code).map_err(|_| unknown())?;
    connection
        .prepare_cached("SELECT station, name, address, version FROM stations WHERE station = $1")?
        .query_row([code], |row| {
            Ok(Station {
                station: row.get(0)?,
                name: row.get(1)?,
                address: row.get(2)?,
                version: row.get(3)?,
            })
        })
        .optional()?
        .ok_or_else(unknown)
}

fn fold(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '_').flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_spaces_and_underscores_do_not_matter() {
        assert_eq!(fold("SK_Imme_Station"), fold("sk imme  STATION"));
        assert_ne!(fold("SK Imme"), fold("SK Imme Station"));
    }
}
