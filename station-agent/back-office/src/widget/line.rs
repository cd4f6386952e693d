//! Text in one line that ends in an ellipsis where it has no room: names are data and may be of any length.

use iced::advanced::text::{Alignment, LineHeight, Paragraph as _, Shaping, Wrapping};
use iced::advanced::widget::{Operation, Tree, tree};
use iced::advanced::{Layout, Text, Widget, layout, mouse, renderer, text::Renderer as _};
use iced::widget::text::Catalog as _;
use iced::{Font, Length, Pixels, Rectangle, Renderer, Size, alignment};

use super::Element;
use crate::theme::{Ink, Theme, font, size};

type Paragraph = <Renderer as iced::advanced::text::Renderer>::Paragraph;

const ELLIPSIS: char = '\u{2026}';

/// One line of text, cut where it must be.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    content: &'a str,
    size: f32,
    font: Font,
    ink: Ink,
}

/// A line in the body's size.
#[must_use]
pub fn line(content: &str) -> Line<'_> {
    Line { content, size: size::BODY, font: font::REGULAR, ink: Ink::Inherited }
}

impl Line<'_> {
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

    /// The whole line, or as much of its beginning as fits with an ellipsis.
    fn fitted(&self, width_max: f32) -> Paragraph {
        let whole = self.paragraph(self.content);
        if whole.min_width() <= width_max {
            return whole;
        }
        let ends: Vec<usize> = self.content.char_indices().map(|(end, _)| end).collect();
        let fitting = ends.partition_point(|&end| self.cut(end).min_width() <= width_max);
        self.cut(fitting.checked_sub(1).and_then(|last| ends.get(last)).copied().unwrap_or(0))
    }

    fn cut(&self, end: usize) -> Paragraph {
        let mut cut = self.content.get(..end).unwrap_or_default().trim_end().to_owned();
        cut.push(ELLIPSIS);
        self.paragraph(&cut)
    }
}

#[derive(Default)]
struct Fitted {
    of: Option<(String, f32, Font, f32)>,
    paragraph: Option<Paragraph>,
}

impl<Message> Widget<Message, Theme, Renderer> for Line<'_> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<Fitted>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(Fitted::default())
    }

    fn size(&self) -> Size<Length> {
        Size::new(Length::Shrink, Length::Shrink)
    }

    fn layout(&mut self, tree: &mut Tree, _renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        let fitted = tree.state.downcast_mut::<Fitted>();
        let width_max = limits.max().width;
        let of = (self.content.to_owned(), self.size, self.font, width_max);
        if fitted.of.as_ref() != Some(&of) {
            fitted.paragraph = Some(self.fitted(width_max));
            fitted.of = Some(of);
        }
        let size = fitted.paragraph.as_ref().map_or(Size::ZERO, Paragraph::min_bounds);
        layout::Node::new(limits.resolve(Length::Shrink, Length::Shrink, size))
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
        if let Some(paragraph) = &tree.state.downcast_ref::<Fitted>().paragraph {
            renderer.fill_paragraph(paragraph, layout.bounds().position(), color, *viewport);
        }
    }

    fn operate(
        &mut self,
        _tree: &mut Tree,
        layout: Layout<'_>,
        _renderer: &Renderer,
        operation: &mut dyn Operation,
    ) {
        operation.text(None, layout.bounds(), self.content);
    }
}

impl<'a, Message: 'a> From<Line<'a>> for Element<'a, Message> {
    fn from(line: Line<'a>) -> Self {
        Element::new(line)
    }
}
