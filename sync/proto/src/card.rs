//! Card numbers in text that people or integrations send, so that they can be refused before anything is kept.
//!
//! Card data never enters: what is found here is refused at the edge of each program and neither stored nor
//! logged nor repeated in the refusal. A number counts as a card's when its length and first digits are those of an
//! issuer (ISO/IEC 7812-1), its last digit is Luhn's, and it stands as one run of digits or in the groups that cards
//! and people use. Track data counts by its shape (ISO/IEC 7813). What only looks alike passes: receipt numbers,
//! phone numbers, approval numbers, UUIDs, hexadecimal ids, EAN-13 barcodes.

use serde_json::Value;

#[cfg(test)]
mod tests;

/// Fewest digits of a card number.
const DIGITS_MIN: usize = 13;

/// Most digits of a card number.
const DIGITS_MAX: usize = 19;

/// Fewest digits of the account number on a track; some domestic cards have 12.
const TRACK_DIGITS_MIN: usize = 12;

/// Signs between two groups of one number at most: ` - `.
const GAP_LEN_MAX: usize = 3;

/// Digits that follow the separator of track 2 at least: expiry and service code.
const TRACK_TAIL_LEN_MIN: usize = 7;

/// Digits that stand together.
type Group = Vec<u8>;

/// Whether there is a card number or a card's track in `text`.
#[must_use]
pub fn holds_card(text: &str) -> bool {
    if text.chars().filter_map(digit).nth(TRACK_DIGITS_MIN - 1).is_none() {
        return false;
    }
    holds_track(text) || chains(&without_hex_ids(text)).iter().any(|chain| chain_holds_card(chain))
}

/// Whether there is one in a JSON text: as it stands, or in a text of it that is written with escapes.
#[must_use]
pub fn json_holds_card(json: &[u8]) -> bool {
    holds_card(&String::from_utf8_lossy(json))
        || (json.contains(&b'\\') && serde_json::from_slice(json).is_ok_and(|value| value_holds_card(&value)))
}

fn value_holds_card(value: &Value) -> bool {
    match value {
        Value::String(text) => holds_card(text),
        Value::Array(values) => values.iter().any(value_holds_card),
        Value::Object(members) => {
            members.iter().any(|(name, value)| holds_card(name) || value_holds_card(value))
        }
        // A number has no escapes.
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// ASCII, and the wide digits of a Korean keyboard.
fn digit(sign: char) -> Option<u8> {
    let wide = u32::from(sign).checked_sub(u32::from('０')).and_then(|value| u8::try_from(value).ok());
    let value = sign.to_digit(10).and_then(|value| u8::try_from(value).ok()).or(wide);
    value.filter(|value| *value < 10)
}

fn separates(sign: char) -> bool {
    sign.is_whitespace() || matches!(sign, '-' | '.' | '_' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Groups of digits that only separators part, in chains that anything else ends.
fn chains(text: &str) -> Vec<Vec<Group>> {
    let mut chains = vec![Vec::new()];
    let mut group = Group::new();
    let mut gap = 0;
    for sign in text.chars() {
        if let Some(digit) = digit(sign) {
            if gap > GAP_LEN_MAX {
                chains.push(Vec::new());
            }
            gap = 0;
            group.push(digit);
            continue;
        }
        if let Some(chain) = chains.last_mut()
            && !group.is_empty()
        {
            chain.push(std::mem::take(&mut group));
        }
        if separates(sign) {
            gap += 1;
        } else {
            gap = 0;
            chains.push(Vec::new());
        }
    }
    if let Some(chain) = chains.last_mut() {
        chain.push(group);
    }
    chains
}

fn chain_holds_card(chain: &[Group]) -> bool {
    (0..chain.len()).any(|start| {
        let groups = chain.get(start..).unwrap_or_default();
        (1..=groups.len().min(DIGITS_MAX)).any(|count| {
            let groups = groups.get(..count).unwrap_or_default();
            is_laid_out_as_card(groups) && is_card(&groups.concat())
        })
    })
}

/// One run, groups alike with the last perhaps shorter (4-4-4-4, 4-4-4-4-3), or those of American Express and Diners.
fn is_laid_out_as_card(groups: &[Group]) -> bool {
    let lens: Vec<usize> = groups.iter().map(Vec::len).collect();
    match lens.as_slice() {
        [] => false,
        [4, 6, 4 | 5] => true,
        [first, middle @ .., last] => middle.iter().all(|len| len == first) && last <= first,
        [_] => true,
    }
}

fn is_card(digits: &[u8]) -> bool {
    is_issued(digits) && luhn_is_right(digits) && !is_ean_13(digits)
}

/// Lengths and first digits that issuers use: Mir and Mastercard 2, JCB, American Express and Diners 3, Visa 4,
/// Mastercard 5, UnionPay, Maestro and Discover 6, Korean domestic cards 9.
fn is_issued(digits: &[u8]) -> bool {
    let [a, b, c, d, ..] = *digits else { return false };
    let head = [a, b, c, d].iter().fold(0u32, |head, digit| head * 10 + u32::from(*digit));
    match digits.len() {
        DIGITS_MIN => a == 4,
        14 => matches!(head, 3000..=3059 | 3090..=3099 | 3600..=3699 | 3800..=3999),
        15 => matches!(head, 3400..=3499 | 3700..=3799),
        16 => matches!(head, 2200..=2204 | 2221..=2720) || matches!(a, 3..=6 | 9),
        17..=DIGITS_MAX => matches!(a, 3..=6),
        _ => false,
    }
}

/// ISO/IEC 7812-1, annex B.
fn luhn_is_right(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| u32::from(if place % 2 == 1 { doubled(*digit) } else { *digit }))
        .sum();
    sum.is_multiple_of(10)
}

/// A barcode of goods: 13 digits with a check digit of their own.
fn is_ean_13(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| u32::from(*digit) * if place % 2 == 1 { 3 } else { 1 })
        .sum();
    digits.len() == DIGITS_MIN && sum.is_multiple_of(10)
}

/// Hexadecimal ids have long runs of digits by chance; a word of this length with letters a to f among its digits
/// is one of them.
fn is_hex_id(word: &str) -> bool {
    word.len() > DIGITS_MIN
        && word.bytes().all(|sign| sign.is_ascii_hexdigit())
        && word.bytes().any(|sign| sign.is_ascii_alphabetic())
        && !is_track_2_equivalent(word)
}

/// Track 2 as a chip gives it (EMV tag 57): `D` stands for `=`.
fn is_track_2_equivalent(word: &str) -> bool {
    word.split_once(['D', 'd']).is_some_and(|(number, tail)| {
        let number: Group = number.chars().filter_map(digit).collect();
        is_card(&number) && tail.chars().map_while(digit).count() >= TRACK_TAIL_LEN_MIN
    })
}

fn without_hex_ids(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for piece in text.split_inclusive(|sign: char| !sign.is_ascii_alphanumeric()) {
        let word = piece.trim_end_matches(|sign: char| !sign.is_ascii_alphanumeric());
        kept.push_str(if is_hex_id(word) { "#" } else { word });
        kept.push_str(piece.strip_prefix(word).unwrap_or_default());
    }
    kept
}

/// Track 1 is `%B4111...^NAME^...`, track 2 is `;4111...=...`.
fn holds_track(text: &str) -> bool {
    let holds = |start: &str, end: char| {
        text.split(start).skip(1).any(|rest| {
            let number = rest.chars().take_while(|sign| digit(*sign).is_some() || *sign == ' ');
            let len = number.clone().filter_map(digit).count();
            let ends = rest.chars().nth(number.count()) == Some(end);
            ends && (TRACK_DIGITS_MIN..=DIGITS_MAX).contains(&len)
        })
    };
    holds("%B", '^') || holds("%b", '^') || holds(";", '=')
}
