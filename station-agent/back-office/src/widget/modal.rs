//! Something that lies over the page and wants an answer.

use iced::widget::{center, container, mouse_area, opaque, stack};

use super::Element;
use crate::theme::{Surface, space};

/// `over` on top of `under`, which is dimmed and cannot be reached; a press beside it sends `close`.
pub fn modal<'a, Message: Clone + 'a>(
    under: impl Into<Element<'a, Message>>,
    over: impl Into<Element<'a, Message>>,
    close: Message,
) -> Element<'a, Message> {
    let sheet = container(over).padding(space::XL).max_width(DIALOG_WIDTH_MAX).class(Surface::Dialog);
    let veil = mouse_area(center(opaque(sheet)).class(Surface::Veil)).on_press(close);
    stack![under.into(), opaque(veil)].into()
}

const DIALOG_WIDTH_MAX: u32 = 480;
