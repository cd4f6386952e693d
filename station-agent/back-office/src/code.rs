//! An enrolment code while it is typed: 32 letters and digits, shown in groups of four.

use sync_identity::EnrolmentCode;
use sync_identity::code::CODE_LEN;

/// Letters and digits of a whole code.
pub const LENGTH: usize = CODE_LEN;
const GROUP: usize = 4;

/// The letters and digits of a code in a text, however it was typed or pasted; what no code has is left out.
#[must_use]
pub fn letters_of(text: &str) -> String {
    keys_of_hangul(text).chars().filter_map(letter).take(LENGTH).collect()
}

/// `K7Q2M9` -> `K7Q2-M9`.
#[must_use]
pub fn grouped(letters: &str) -> String {
    let mut grouped = String::with_capacity(letters.len().saturating_mul(2));
    for (place, letter) in letters.chars().enumerate() {
        if place > 0 && place.is_multiple_of(GROUP) {
            grouped.push('-');
        }
        grouped.push(letter);
    }
    grouped
}

/// The groups of a code as the agent wrote it.
pub fn groups(code: &str) -> impl Iterator<Item = &str> {
    code.split('-')
}

/// Where the cursor stands behind so many letters of a grouped code: before a dash, so that Backspace takes a letter.
#[must_use]
pub fn cursor_behind(letters: usize) -> usize {
    letters.saturating_add(letters.saturating_sub(1).checked_div(GROUP).unwrap_or(0))
}

/// Whether the check letter fits; nothing is sent of a code that was mistyped.
#[must_use]
pub fn is_mistyped(letters: &str) -> bool {
    EnrolmentCode::parse(letters).is_err()
}

fn letter(typed: char) -> Option<char> {
    let upper = half_width(typed).to_ascii_uppercase();
    match upper {
        'O' => Some('0'),
        'I' | 'L' => Some('1'),
        'U' => None,
        '0'..='9' | 'A'..='Z' => Some(upper),
        _ => None,
    }
}

fn half_width(typed: char) -> char {
    match typed {
        '\u{ff01}'..='\u{ff5e}' => {
            u32::from(typed).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(typed)
        }
        other => other,
    }
}

// While the Hangul input method is on, keys arrive as what they composed. The two-set layout puts every letter on a
// known key, so the keys can be read back.

const LEADS: [&str; 19] =
    ["R", "R", "S", "E", "E", "F", "A", "Q", "Q", "T", "T", "D", "W", "W", "C", "Z", "X", "V", "G"];
const VOWELS: [&str; 21] = [
    "K", "O", "I", "O", "J", "P", "U", "P", "H", "HK", "HO", "HL", "Y", "N", "NJ", "NP", "NL", "B", "M",
    "ML", "L",
];
const TAILS: [&str; 28] = [
    "", "R", "R", "RT", "S", "SW", "SG", "E", "F", "FR", "FA", "FQ", "FT", "FX", "FV", "FG", "A", "Q", "QT",
    "T", "T", "D", "W", "C", "Z", "X", "V", "G",
];
/// U+3131 and following: a consonant standing alone; the vowels come after these.
const ALONE: [&str; 30] = [
    "R", "R", "RT", "S", "SW", "SG", "E", "E", "F", "FR", "FA", "FQ", "FT", "FX", "FV", "FG", "A", "Q", "Q",
    "QT", "T", "T", "D", "W", "W", "C", "Z", "X", "V", "G",
];
const SYLLABLE_FIRST: u32 = 0xac00;
const ALONE_FIRST: u32 = 0x3131;

fn keys_of_hangul(text: &str) -> String {
    let mut keys = String::with_capacity(text.len());
    for typed in text.chars() {
        match typed {
            '가'..='힣' => keys.extend(keys_of_syllable(typed)),
            'ㄱ'..='ㅣ' => keys.push_str(key_of_letter(typed)),
            other => keys.push(other),
        }
    }
    keys
}

fn keys_of_syllable(syllable: char) -> [&'static str; 3] {
    let place = usize::try_from(u32::from(syllable).saturating_sub(SYLLABLE_FIRST)).unwrap_or(0);
    let tail = place.checked_rem(TAILS.len()).unwrap_or(0);
    let rest = place.checked_div(TAILS.len()).unwrap_or(0);
    let vowel = rest.checked_rem(VOWELS.len()).unwrap_or(0);
    let lead = rest.checked_div(VOWELS.len()).unwrap_or(0);
    let key = |keys: &[&'static str], place: usize| keys.get(place).copied().unwrap_or_default();
    [key(&LEADS, lead), key(&VOWELS, vowel), key(&TAILS, tail)]
}

fn key_of_letter(letter: char) -> &'static str {
    let place = usize::try_from(u32::from(letter).saturating_sub(ALONE_FIRST)).unwrap_or(0);
    let vowel = place.checked_sub(ALONE.len()).and_then(|place| VOWELS.get(place));
    ALONE.get(place).or(vowel).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_without_its_dashes_and_case_and_with_misread_letters_corrected() {
        assert_eq!(letters_of(" k7q2-m9xa "), "K7Q2M9XA");
        assert_eq!(letters_of("OIL0uU!?"), "0110");
        assert_eq!(letters_of("Ｋ７Ｑ２"), "K7Q2");
        assert_eq!(letters_of(&"Z".repeat(40)).len(), LENGTH);
    }

    #[test]
    fn a_code_is_read_from_the_keys_while_the_hangul_input_method_is_on() {
        assert_eq!(letters_of("ㅏ7ㅂ2ㅡ9ㅌㅁ"), "K7Q2M9XA");
        assert_eq!(keys_of_hangul("한"), "GKS");
        assert_eq!(keys_of_hangul("관값까"), "RHKSRKQTRK");
    }

    #[test]
    fn it_is_shown_in_groups_with_the_cursor_where_the_hand_is() {
        assert_eq!(grouped("K7Q2"), "K7Q2");
        assert_eq!(grouped("K7Q2M"), "K7Q2-M");
        assert_eq!([0, 1, 4, 5, 8, 9, 32].map(cursor_behind), [0, 1, 4, 6, 9, 11, 39]);
    }

    #[test]
    fn a_wrong_letter_is_found_by_the_check_letter() {
        let code = EnrolmentCode::make([7; 15], [9; 10]).text();
        let letters = letters_of(&code);
        assert!(!is_mistyped(&letters));
        let other = if letters.starts_with('0') { "1" } else { "0" };
        assert!(is_mistyped(&format!("{other}{}", letters.get(1..).unwrap())));
    }
}
