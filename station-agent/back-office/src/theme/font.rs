//! The faces, embedded so that an old PC without Korean fonts shows the same screen.

use std::borrow::Cow;

use iced::font::{Family, Weight};
use iced::{Font, Pixels, Settings};

/// For text.
pub const REGULAR: Font = Font::with_name("Pretendard");
/// For headings, money and litres.
pub const STRONG: Font =
    Font { family: Family::Name("Pretendard"), weight: Weight::Semibold, ..Font::DEFAULT };
/// For icons; each is one private-use character.
pub const ICONS: Font = Font::with_name("lucide");

const FILES: [&[u8]; 3] = [
    include_bytes!("../../../../assets/fonts/Pretendard-Regular.otf"),
    include_bytes!("../../../../assets/fonts/Pretendard-SemiBold.otf"),
    include_bytes!("../../../../assets/fonts/Lucide.ttf"),
];

/// Settings of the window and of every test that draws: the same faces, the same size of text.
#[must_use]
pub fn settings() -> Settings {
    Settings {
        id: Some("kr.juyu.back-office".to_owned()),
        fonts: FILES.into_iter().map(Cow::Borrowed).collect(),
        default_font: REGULAR,
        default_text_size: Pixels::from(super::size::BODY),
        ..Settings::default()
    }
}
