//! Numbers whose digits stand under each other: every digit takes the width of the widest one.
//!
//! Pretendard's own digits are proportional and iced cannot ask a face for its tabular set, so the digits are laid
//! out here one by one.

use iced::advanced::text::{Alignment, LineHeight, Paragraph as _, Shaping, Wrapping};
use iced::advanced::widget::{Operation, Tree, tree};
use iced::advanced::{Layout, Text, Widget, layout, mouse, renderer, text::Renderer as _};
use iced::widget::text::Catalog as _;
use iced::{Font, Length, Pixels, Point, Rectangle, Renderer, Size, alignment};

use super::Element;
use crate::theme::{Ink, Theme, font, size};

type Paragraph = <Renderer as iced::advanced::text::Renderer>::Paragraph;

/// A number with its unit, as one piece of text.
#[derive(Debug, Clone)]
pub struct Figure {
    content: String,
    size: f32,
    font: Font,
    ink: Ink,
}

/// A number (or a time) in the body's size.
#[must_use]
pub fn figure(content: impl Into<String>) -> Figure {
    Figure { content: content.into(), size: size::BODY, font: font::REGULAR, ink: Ink::Inherited }
}

impl Figure {
    /// Another size of the scale.
    #[must_use]
    pub fn size(self, size: f32) -> Self {
        Self { size, ..self }
    }

    /// In the heavier face.
    #[must_use]
    pub fn strong(self) -> Self {
        Self { font: font::STRONG, ..self }
    }

    /// Another ink.
    #[must_use]
    pub fn class(self, ink: impl Into<Ink>) -> Self {
        Self { ink: ink.into(), ..self }
    }

    fn paragraph(&self, content: &str) -> Paragraph {
        Paragraph::with_text(Text {
            content,
            bounds: Size::INFINITE,
            size: Pixels(self.size),
            line_height: LineHeight::default(),
            font: self.font,
            align_x: Alignment::Left,
            align_y: alignment::Vertical::Top,
            shaping: Shaping::Advanced,
            wrapping: Wrapping::None,
        })
    }

    #[expect(clippy::float_arithmetic, reason = "places glyphs on the screen")]
    fn lay_out(&self, cells: &mut Cells) {
        let digit_width =
            ('0'..='9').map(|digit| self.paragraph(&digit.to_string()).min_width()).fold(0.0, f32::max);
        cells.parts.clear();
        cells.size = Size::ZERO;
        for part in parts(&self.content) {
            let paragraph = self.paragraph(part);
            let bounds = paragraph.min_bounds();
            let is_digit = part.bytes().all(|byte| byte.is_ascii_digit());
            let (offset, width) = if is_digit {
                ((digit_width - bounds.width) / 2.0, digit_width)
            } else {
                (0.0, bounds.width)
            };
            cells.parts.push((cells.size.width + offset, paragraph));
            cells.size = Size::new(cells.size.width + width, cells.size.height.max(bounds.height));
        }
        cells.of = Some((self.content.clone(), self.size, self.font));
    }
}

/// Digits one by one, everything between them in one piece.
fn parts(content: &str) -> Vec<&str> {
    let mut parts = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(first) = rest.chars().next() {
        let end = if first.is_ascii_digit() {
            first.len_utf8()
        } else {
            rest.find(|char: char| char.is_ascii_digit()).unwrap_or(rest.len())
        };
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    parts
}

#[derive(Default)]
struct Cells {
    of: Option<(String, f32, Font)>,
    parts: Vec<(f32, Paragraph)>,
    size: Size,
}

impl<Message> Widget<Message, Theme, Renderer> for Figure {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<Cells>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(Cells::default())
    }

    fn size(&self) -> Size<Length> {
        Size::new(Length::Shrink, Length::Shrink)
    }

    fn layout(&mut self, tree: &mut Tree, _renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        let cells = tree.state.downcast_mut::<Cells>();
        let unchanged = cells.of.as_ref().is_some_and(|(content, size, font)| {
            *content == self.content && *size == self.size && *font == self.font
        });
        if !unchanged {
            self.lay_out(cells);
        }
        layout::Node::new(limits.resolve(Length::Shrink, Length::Shrink, cells.size))
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut Renderer,
        theme: &Theme,
        defaults: &renderer::Style,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let color = theme.style(&self.ink).color.unwrap_or(defaults.text_color);
        let bounds = layout.bounds();
        for (offset, paragraph) in &tree.state.downcast_ref::<Cells>().parts {
            #[expect(clippy::float_arithmetic, reason = "places glyphs on the screen")]
            let at = Point::new(bounds.x + offset, bounds.y);
            renderer.fill_paragraph(paragraph, at, color, *viewport);
        }
    }

    fn operate(
        &mut self,
        _tree: &mut Tree,
        layout: Layout<'_>,
        _renderer: &Renderer,
        operation: &mut dyn Operation,
    ) {
        operation.text(None, layout.bounds(), &self.content);
    }
}

impl<'a, Message: 'a> From<Figure> for Element<'a, Message> {
    fn from(figure: Figure) -> Self {
        Element::new(figure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_alone_and_everything_else_stays_together() {
        assert_eq!(parts("33,400원"), ["3", "3", ",", "4", "0", "0", "원"]);
        assert_eq!(parts("+1.500 L"), ["+", "1", ".", "5", "0", "0", " L"]);
        assert_eq!(parts(""), [] as [&str; 0]);
    }
}
