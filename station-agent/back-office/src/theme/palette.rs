//! The colours and measures of `assets/tokens.json`, as this program's own renderer takes them.

/// One set of colours, as `0xRRGGBB`.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    pub canvas: u32,
    pub surface: u32,
    pub surface_raised: u32,
    pub surface_sunken: u32,
    pub line: u32,
    pub line_strong: u32,
    pub text: u32,
    pub text_muted: u32,
    pub text_faint: u32,
    pub accent: u32,
    pub accent_strong: u32,
    pub accent_soft: u32,
    pub on_accent: u32,
    pub good: u32,
    pub good_soft: u32,
    pub warn: u32,
    pub warn_soft: u32,
    pub bad: u32,
    pub bad_soft: u32,
    pub info: u32,
    pub info_soft: u32,
    pub focus: u32,
}

pub const LIGHT: Palette = Palette {
    canvas: 0xf6f7f9,
    surface: 0xffffff,
    surface_raised: 0xffffff,
    surface_sunken: 0xeef0f4,
    line: 0xdfe3ea,
    line_strong: 0xc3cad6,
    text: 0x12161f,
    text_muted: 0x525c6e,
    text_faint: 0x6b7587,
    accent: 0x1457d9,
    accent_strong: 0x0e45b0,
    accent_soft: 0xe6eefd,
    on_accent: 0xffffff,
    good: 0x0f7a43,
    good_soft: 0xe2f5ea,
    warn: 0x8f5200,
    warn_soft: 0xfdf0db,
    bad: 0xb3261e,
    bad_soft: 0xfce8e6,
    info: 0x1457d9,
    info_soft: 0xe6eefd,
    focus: 0x1457d9,
};

pub const DARK: Palette = Palette {
    canvas: 0x0e1116,
    surface: 0x161a22,
    surface_raised: 0x1d222c,
    surface_sunken: 0x0a0d12,
    line: 0x2a313d,
    line_strong: 0x3d4656,
    text: 0xeef1f6,
    text_muted: 0xa7b0c0,
    text_faint: 0x8a94a6,
    accent: 0x7aa7ff,
    accent_strong: 0xa3c3ff,
    accent_soft: 0x1a2a4a,
    on_accent: 0x0b1220,
    good: 0x5fd694,
    good_soft: 0x12301f,
    warn: 0xf0b35c,
    warn_soft: 0x37280f,
    bad: 0xff8a80,
    bad_soft: 0x3c1714,
    info: 0x7aa7ff,
    info_soft: 0x1a2a4a,
    focus: 0xa3c3ff,
};

pub const SPACE_1: u16 = 4;
pub const SPACE_2: u16 = 8;
pub const SPACE_3: u16 = 12;
pub const SPACE_4: u16 = 16;
pub const SPACE_5: u16 = 24;

pub const RADIUS_SMALL: u16 = 6;
pub const RADIUS_MEDIUM: u16 = 10;
pub const RADIUS_LARGE: u16 = 16;

pub const TYPE_CAPTION: u16 = 12;
pub const TYPE_BODY: u16 = 14;
pub const TYPE_BODY_LARGE: u16 = 16;
pub const TYPE_TITLE: u16 = 20;
pub const TYPE_HEADLINE: u16 = 28;
