use super::*;

fn place(machine: &str, file: &str) -> Place {
    Place { machine: machine.to_owned(), file: file.to_owned() }
}

fn marker() -> Marker {
    Marker { mark: [7; 16], openings: 5, incarnation: Incarnation([9; 16]), seq: Seq(40), pos: 100 }
}

fn kept() -> Kept {
    Kept { mark: [7; 16], place: place("pc", "12-34"), openings: 5 }
}

fn seen() -> Seen {
    Seen {
        place: place("pc", "12-34"),
        marker: MarkerSeen::Read(marker()),
        has_journal: true,
        pos: 100,
        told: None,
    }
}

fn with(change: impl FnOnce(&mut Kept, &mut Seen)) -> Standing {
    let (mut kept, mut seen) = (kept(), seen());
    change(&mut kept, &mut seen);
    decide(Some(&kept), &seen)
}

#[test]
fn r4_a_database_where_it_was_goes_on() {
    assert_eq!(with(|_, _| ()), Standing::Same);
    // Killed after the commit, before the marker heard of it; killed between database and marker of an opening.
    assert_eq!(with(|_, seen| seen.pos = 107), Standing::Same);
    assert_eq!(with(|kept, _| kept.openings = 6), Standing::Same);
}

#[test]
fn r4_a_database_without_marks_is_taken_as_it_is_once() {
    let nothing = Seen { marker: MarkerSeen::Missing, has_journal: false, pos: 0, ..seen() };
    assert_eq!(decide(None, &nothing), Standing::First);
    assert_eq!(decide(None, &Seen { marker: MarkerSeen::Missing, ..seen() }), Standing::First);
    let first_died = with(|kept, seen| {
        kept.openings = 1;
        seen.marker = MarkerSeen::Missing;
    });
    assert_eq!(first_died, Standing::First);
}

#[test]
fn r4_whatever_may_use_a_number_again_begins_a_new_life() {
    use Reason::{Cloned, DatabaseLost, MarkerLost, Moved, Restored};
    type Change = fn(&mut Kept, &mut Seen);
    let cases: [(Change, Reason); 8] = [
        (|_, seen| seen.pos = 99, Restored),
        (|kept, _| kept.openings = 4, Restored),
        (|kept, _| kept.mark = [8; 16], Restored),
        // A copy that was put back is a new file, and that it is older is what matters.
        (
            |_, seen| {
                seen.pos = 99;
                seen.place.file = "56-78".to_owned();
            },
            Restored,
        ),
        (|_, seen| seen.place.file = "56-78".to_owned(), Moved),
        (|_, seen| seen.place.machine = "other".to_owned(), Cloned),
        (|_, seen| seen.marker = MarkerSeen::Missing, MarkerLost),
        (
            |_, seen| {
                seen.marker = MarkerSeen::Missing;
                seen.place.machine = "other".to_owned();
            },
            Cloned,
        ),
    ];
    for (number, (change, reason)) in cases.into_iter().enumerate() {
        assert_eq!(with(change), Standing::NewLife(reason), "case {number}");
    }
    assert_eq!(
        decide(None, &Seen { told: Some(Reason::Damaged), ..seen() }),
        Standing::NewLife(Reason::Damaged)
    );
    assert_eq!(decide(None, &seen()), Standing::NewLife(Restored));
    let gone = Seen { has_journal: false, pos: 0, ..seen() };
    assert_eq!(decide(None, &gone), Standing::NewLife(DatabaseLost));
}

#[test]
fn a_marker_reads_back_and_one_that_is_not_whole_does_not() {
    let text = marker().to_text();
    assert_eq!(text.len(), MARKER_LEN);
    assert_eq!(Marker::parse(&text), Some(marker()));
    let largest = Marker { openings: u64::MAX, seq: Seq(u64::MAX), pos: i64::MAX, ..marker() };
    assert_eq!(largest.to_text().len(), MARKER_LEN);
    assert_eq!(Marker::parse(&largest.to_text()), Some(largest));
    for at in 0..text.len() {
        let mut torn = text.clone().into_bytes();
        torn[at] ^= 1;
        let torn = String::from_utf8(torn).unwrap();
        assert_eq!(Marker::parse(&torn), None, "flipped at {at}");
        assert_eq!(Marker::parse(&text[..at]), None, "cut at {at}");
    }
}
