//! One-time enrolment codes: what a person types once to make a device belong.

use sha2::{Digest as _, Sha256};
use std::fmt;

/// Base 32 without the letters that are read wrongly aloud or on paper (Crockford).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Letters of the code's name: 32,768 open codes can be told apart.
const ID_LEN: usize = 3;
/// Letters of the secret: 60 bits, with five tries in fifteen minutes.
const SECRET_LEN: usize = 12;
/// Letters of the authority's fingerprint: 80 bits of a SHA-256; finding another key with them takes 2^80 tries.
const FINGERPRINT_LEN: usize = 16;
/// Letters of a whole code, the check letter among them.
pub const CODE_LEN: usize = ID_LEN + SECRET_LEN + 1 + FINGERPRINT_LEN;

/// Longest text that is looked at: a code with a separator after each letter.
const TEXT_LEN_MAX: usize = CODE_LEN * 4;

/// What is typed is not a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Another number of letters.
    #[error("an enrolment code has {CODE_LEN} letters and digits, this one has {0}")]
    Length(usize),
    /// A letter that no code has.
    #[error("an enrolment code has no {0:?}")]
    Letter(char),
    /// The check letter says that it was mistyped.
    #[error("the code was mistyped: its check letter does not fit")]
    Mistyped,
}

/// A code: its name, its secret, and the fingerprint of the authority that it was made for.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentCode {
    letters: [u8; CODE_LEN],
}

impl fmt::Debug for EnrolmentCode {
    /// The name only: the rest opens a door.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnrolmentCode({}…)", self.id())
    }
}

impl EnrolmentCode {
    /// Makes a code of `random` bytes for the authority whose certificate has `fingerprint`.
    #[must_use]
    pub fn make(random: [u8; 15], fingerprint: [u8; 10]) -> Self {
        let mut letters = [b'0'; CODE_LEN];
        // Every byte gives one letter; its low five bits are as random as it is.
        let drawn = random.iter().map(|byte| letter(byte & 31));
        let print = Quintets::of(&fingerprint).map(letter);
        // The check letter's place stays empty until the others stand.
        let all = drawn.chain(std::iter::once(b'0')).chain(print);
        for (place, value) in letters.iter_mut().zip(all) {
            *place = value;
        }
        let check = letter(check_value(&letters));
        if let Some(place) = letters.get_mut(ID_LEN + SECRET_LEN) {
            *place = check;
        }
        Self { letters }
    }

    /// Reads what a person typed: any case, spaces and dashes ignored, O as 0, I and L as 1.
    ///
    /// # Errors
    /// See [`CodeError`]; nothing of the text is kept in it but a wrong letter.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        if text.len() > TEXT_LEN_MAX {
            return Err(CodeError::Length(text.len()));
        }
        let mut letters = [b'0'; CODE_LEN];
        let mut count = 0;
        for typed in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let folded = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let byte = u8::try_from(folded).ok().filter(|byte| ALPHABET.contains(byte));
            let byte = byte.ok_or(CodeError::Letter(typed))?;
            if let Some(place) = letters.get_mut(count) {
                *place = byte;
            }
            count += 1;
        }
        if count != CODE_LEN {
            return Err(CodeError::Length(count));
        }
        let code = Self { letters };
        if code.part(ID_LEN + SECRET_LEN, 1).bytes().next() != Some(letter(check_value(&code.letters))) {
            return Err(CodeError::Mistyped);
        }
        Ok(code)
    }

    /// As it is shown: eight groups of four.
    #[must_use]
    pub fn text(&self) -> String {
        let groups: Vec<String> =
            self.letters.chunks(4).map(|g| String::from_utf8_lossy(g).into_owned()).collect();
        groups.join("-")
    }

    /// Its name, which is no secret.
    #[must_use]
    pub fn id(&self) -> String {
        self.part(0, ID_LEN)
    }

    /// Its secret.
    #[must_use]
    pub fn secret(&self) -> String {
        self.part(ID_LEN, SECRET_LEN)
    }

    /// Whether it was made for the authority with this certificate (DER), by the server of this name.
    #[must_use]
    pub fn fits(&self, authority: &[u8], issuer: &str) -> bool {
        let print: Vec<u8> = Quintets::of(&fingerprint(authority, issuer)).map(letter).collect();
        self.letters.get(ID_LEN + SECRET_LEN + 1..) == Some(print.as_slice())
    }

    fn part(&self, from: usize, len: usize) -> String {
        String::from_utf8_lossy(self.letters.get(from..from + len).unwrap_or_default()).into_owned()
    }
}

/// The first 80 bits of the SHA-256 of an authority's certificate and the name of the server that takes the code: not
/// even another station of the same chain can take its place.
#[must_use]
pub fn fingerprint(certificate: &[u8], issuer: &str) -> [u8; 10] {
    let mut hasher = Sha256::new();
    hasher.update(issuer.as_bytes());
    hasher.update([0]);
    hasher.update(certificate);
    let digest: [u8; 32] = hasher.finalize().into();
    let mut print = [0; 10];
    print.copy_from_slice(digest.get(..10).unwrap_or(&[0; 10]));
    print
}

/// What an issuer keeps of a secret. 60 random bits that live fifteen minutes need no slow hash.
#[must_use]
pub fn digest(id: &str, secret: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"juyu enrolment code\0");
    hasher.update(id.as_bytes());
    hasher.update([0]);
    hasher.update(secret.as_bytes());
    hasher.finalize().into()
}

fn letter(value: u8) -> u8 {
    ALPHABET.get(usize::from(value & 31)).copied().unwrap_or(b'0')
}

fn value(letter: u8) -> u32 {
    ALPHABET.iter().position(|each| *each == letter).and_then(|place| u32::try_from(place).ok()).unwrap_or(0)
}

/// Luhn's check in base 32 over all letters but the check letter: it finds each wrong letter and nearly every swap.
fn check_value(letters: &[u8; CODE_LEN]) -> u8 {
    let others = letters.iter().enumerate().filter(|(place, _)| *place != ID_LEN + SECRET_LEN);
    let sum: u32 = others
        .enumerate()
        .map(|(turn, (_, letter))| {
            let addend = value(*letter) * if turn % 2 == 0 { 2 } else { 1 };
            addend / 32 + addend % 32
        })
        .sum();
    u8::try_from((32 - sum % 32) % 32).unwrap_or(0)
}

/// The bytes in groups of five bits, first bit first.
struct Quintets {
    bits: u128,
    left: u32,
}

impl Quintets {
    fn of(bytes: &[u8; 10]) -> Self {
        let bits = bytes.iter().fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
        Self { bits, left: 16 }
    }
}

impl Iterator for Quintets {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        self.left = self.left.checked_sub(1)?;
        u8::try_from(self.bits >> (self.left * 5) & 31).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> EnrolmentCode {
        EnrolmentCode::make(
            [7, 250, 3, 9, 31, 32, 64, 99, 1, 0, 255, 17, 8, 21, 30],
            fingerprint(b"authority", "hq"),
        )
    }

    #[test]
    fn what_is_shown_reads_back_however_it_is_typed() {
        let shown = code().text();
        assert_eq!(shown.len(), CODE_LEN + 7);
        for typed in [shown.clone(), shown.to_lowercase(), shown.replace('-', " "), shown.replace('0', "O")] {
            assert_eq!(EnrolmentCode::parse(&typed), Ok(code()), "{typed}");
        }
        assert!(code().fits(b"authority", "hq"));
        assert!(!code().fits(b"another authority", "hq"));
        assert!(!code().fits(b"authority", "agent"));
    }

    #[test]
    fn each_wrong_letter_is_found_before_anything_is_sent() {
        let shown = code().text().replace('-', "");
        for place in 0..CODE_LEN {
            for other in ALPHABET {
                let mut typed = shown.clone().into_bytes();
                if typed[place] == *other {
                    continue;
                }
                typed[place] = *other;
                let typed = String::from_utf8(typed).unwrap();
                assert_eq!(EnrolmentCode::parse(&typed), Err(CodeError::Mistyped), "{typed}");
            }
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        assert_eq!(EnrolmentCode::parse(""), Err(CodeError::Length(0)));
        assert_eq!(EnrolmentCode::parse("U"), Err(CodeError::Letter('U')));
        assert_eq!(EnrolmentCode::parse("가나다"), Err(CodeError::Letter('가')));
        assert!(matches!(EnrolmentCode::parse(&"0".repeat(33)), Err(CodeError::Length(33))));
        assert!(matches!(EnrolmentCode::parse(&" ".repeat(10_000)), Err(CodeError::Length(10_000))));
    }

    #[test]
    fn neither_secret_nor_fingerprint_is_printed() {
        let shown = format!("{:?}", code());
        assert!(!shown.contains(&code().secret()), "{shown}");
    }
}
