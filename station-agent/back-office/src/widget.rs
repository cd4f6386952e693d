//! Parts that several screens share. None of them knows the station; none of them knows colours.

use crate::theme::Theme;

mod figure;
mod hour_chart;
mod icon;
mod label;
mod line;
mod modal;
mod panel;
mod status;
mod table;

pub use figure::{Figure, figure};
pub use hour_chart::{HourBar, hour_chart};
pub use icon::{Icon, icon};
pub use label::{body, caption, headline, strong, title};
pub use line::line;
pub use modal::modal;
pub use panel::{card, empty, page};
pub use status::{Step, banner, chip, keycap, notice, stepper};
pub use table::{Column, table};

/// An element in this program's theme.
pub type Element<'a, Message> = iced::Element<'a, Message, Theme>;
