//! Sales by hour as bars; the bar under the pointer says its numbers.

use iced::advanced::text::Alignment;
use iced::widget::canvas::{self, Canvas, Frame, Geometry, Path, Stroke, Text};
use iced::{Length, Pixels, Point, Rectangle, Renderer, Size, alignment, border, mouse};

use super::Element;
use crate::format;
use crate::theme::{Chart, Theme, font, size};

/// One hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourBar {
    /// 0 to 23.
    pub hour: u8,
    /// Won.
    pub amount: i64,
    /// What the pointer is told.
    pub tip: String,
}

/// The chart. Hours that are not in `bars` had no sales.
pub fn hour_chart<'a, Message: 'a>(bars: Vec<HourBar>, is_stale: bool) -> Element<'a, Message> {
    Canvas::new(HourChart { bars, is_stale }).width(Length::Fill).height(Length::Fill).into()
}

struct HourChart {
    bars: Vec<HourBar>,
    is_stale: bool,
}

const HOURS: u16 = 24;
/// Room for the words of the scale at the left, the hours below, and the highest bar's tip above.
const LEFT: f32 = 56.0;
const BELOW: f32 = 20.0;
const ABOVE: f32 = 10.0;
const GRID_LINES: u16 = 4;
/// Part of an hour's width that its bar takes.
const BAR_SHARE: f32 = 0.72;

impl HourChart {
    /// The smallest round amount on the topmost line that no bar exceeds; each line's amount is round too.
    fn top_amount(&self) -> i64 {
        const STEP_TENTHS: [i64; 8] = [10, 15, 20, 25, 30, 40, 50, 75];
        let highest = self.bars.iter().map(|bar| bar.amount).max().unwrap_or(0).max(1);
        // The words of the scale are in thousands of won, so a line is never finer than 10,000.
        let mut tenth = 1_000_i64;
        loop {
            for factor in STEP_TENTHS {
                let top = tenth.saturating_mul(factor).saturating_mul(i64::from(GRID_LINES));
                if top >= highest {
                    return top;
                }
            }
            tenth = tenth.saturating_mul(10);
        }
    }

    /// Height of a bar in thousandths of the chart's.
    fn share_permille(amount: i64, top: i64) -> u16 {
        let share = amount.max(0).saturating_mul(1_000).checked_div(top).unwrap_or(0);
        u16::try_from(share.min(1_000)).unwrap_or(0)
    }
}

#[expect(clippy::float_arithmetic, reason = "places shapes on the screen")]
mod drawing {
    use super::*;

    pub(super) struct Plot {
        pub(super) area: Rectangle,
        pub(super) slot: f32,
    }

    impl Plot {
        pub(super) fn new(size: Size) -> Self {
            let area = Rectangle {
                x: LEFT,
                y: ABOVE,
                width: (size.width - LEFT).max(1.0),
                height: (size.height - ABOVE - BELOW).max(1.0),
            };
            Self { area, slot: area.width / f32::from(HOURS) }
        }

        pub(super) fn bar(&self, hour: u8, permille: u16) -> Rectangle {
            let height = (self.area.height * f32::from(permille) / 1_000.0).max(1.0);
            let width = self.slot * BAR_SHARE;
            Rectangle {
                x: self.area.x + self.slot * f32::from(hour) + (self.slot - width) / 2.0,
                y: self.area.y + self.area.height - height,
                width,
                height,
            }
        }

        pub(super) fn slot_center(&self, hour: u8) -> f32 {
            self.area.x + self.slot * (f32::from(hour) + 0.5)
        }

        pub(super) fn grid_y(&self, line: u16) -> f32 {
            self.area.y + self.area.height * (1.0 - f32::from(line) / f32::from(GRID_LINES))
        }

        /// Whether a point is over the hour's part of the plot.
        pub(super) fn is_over(&self, hour: u8, at: Point) -> bool {
            let left = self.area.x + self.slot * f32::from(hour);
            at.x >= left && at.x < left + self.slot
        }

        pub(super) fn tip(&self, hour: u8, bar: &Rectangle) -> Rectangle {
            let width = TIP_WIDTH.min(self.area.width);
            let x = (self.slot_center(hour) - width / 2.0)
                .clamp(self.area.x, (self.area.x + self.area.width - width).max(self.area.x));
            let y = (bar.y - TIP_HEIGHT - 6.0).max(0.0);
            Rectangle { x, y, width, height: TIP_HEIGHT }
        }
    }

    const TIP_WIDTH: f32 = 190.0;
    const TIP_HEIGHT: f32 = 26.0;
}

impl<Message> canvas::Program<Message, Theme> for HourChart {
    /// The place of the pointer, when it is over the chart.
    type State = Option<Point>;

    fn update(
        &self,
        pointer: &mut Option<Point>,
        event: &canvas::Event,
        bounds: Rectangle,
        cursor: mouse::Cursor,
    ) -> Option<canvas::Action<Message>> {
        let is_pointer = matches!(
            event,
            canvas::Event::Mouse(mouse::Event::CursorMoved { .. } | mouse::Event::CursorLeft)
        );
        let now = cursor.position_in(bounds);
        (is_pointer && *pointer != now).then(|| {
            *pointer = now;
            canvas::Action::request_redraw()
        })
    }

    fn draw(
        &self,
        _pointer: &Option<Point>,
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let colors = theme.chart();
        let mut frame = Frame::new(renderer, bounds.size());
        let plot = drawing::Plot::new(bounds.size());
        let top = self.top_amount();
        draw_grid(&mut frame, &plot, &colors, top);
        let pointed = cursor.position_in(bounds);
        let mut tip = None;
        for bar in &self.bars {
            let shape = plot.bar(bar.hour, Self::share_permille(bar.amount, top));
            let is_pointed = pointed.is_some_and(|at| plot.is_over(bar.hour, at));
            if is_pointed {
                tip = Some((plot.tip(bar.hour, &shape), bar.tip.clone()));
            }
            let color = match (self.is_stale, is_pointed) {
                (true, _) => colors.bar_stale,
                (false, true) => colors.bar_pointed,
                (false, false) => colors.bar,
            };
            frame.fill(&Path::rounded_rectangle(shape.position(), shape.size(), border::top(2)), color);
        }
        if let Some((area, words)) = tip {
            let sheet = Path::rounded_rectangle(area.position(), area.size(), border::radius(6));
            frame.fill(&sheet, colors.tip_surface);
            frame.stroke(&sheet, Stroke::default().with_color(colors.grid).with_width(1.0));
            frame.fill_text(Text {
                align_x: Alignment::Center,
                align_y: alignment::Vertical::Center,
                ..label(words, area.center(), colors.tip)
            });
        }
        vec![frame.into_geometry()]
    }
}

fn draw_grid(frame: &mut Frame, plot: &drawing::Plot, colors: &Chart, top: i64) {
    for line in 0..=GRID_LINES {
        let y = plot.grid_y(line);
        #[expect(clippy::float_arithmetic, reason = "places a line on the screen")]
        let right = plot.area.x + plot.area.width;
        let path = Path::line(Point::new(plot.area.x, y), Point::new(right, y));
        frame.stroke(&path, Stroke::default().with_color(colors.grid).with_width(1.0));
        let amount = top.checked_div(i64::from(GRID_LINES)).unwrap_or(0).saturating_mul(i64::from(line));
        #[expect(clippy::float_arithmetic, reason = "places a word on the screen")]
        let at = Point::new(plot.area.x - 8.0, y);
        frame.fill_text(Text {
            align_x: Alignment::Right,
            align_y: alignment::Vertical::Center,
            ..label(thousands(amount), at, colors.label)
        });
    }
    for hour in (0..24_u8).step_by(3) {
        #[expect(clippy::float_arithmetic, reason = "places a word on the screen")]
        let at = Point::new(plot.slot_center(hour), plot.area.y + plot.area.height + 5.0);
        frame.fill_text(Text { align_x: Alignment::Center, ..label(format!("{hour:02}"), at, colors.label) });
    }
}

/// Won in thousands, as the card's name says.
fn thousands(amount: i64) -> String {
    format::grouped(amount.checked_div(1_000).unwrap_or(0))
}

fn label(content: String, position: Point, color: iced::Color) -> Text {
    Text {
        content,
        position,
        color,
        size: Pixels::from(size::CAPTION),
        font: font::REGULAR,
        ..Text::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(amounts: &[i64]) -> HourChart {
        let bars = amounts.iter().map(|&amount| HourBar { hour: 0, amount, tip: String::new() }).collect();
        HourChart { bars, is_stale: false }
    }

    #[test]
    fn the_scale_is_round_and_no_bar_leaves_it() {
        assert_eq!(chart(&[]).top_amount(), 40_000);
        assert_eq!(chart(&[40_001]).top_amount(), 60_000);
        assert_eq!(chart(&[523_000]).top_amount(), 600_000);
        assert!(chart(&[i64::MAX]).top_amount() > 0);
        assert_eq!(HourChart::share_permille(400_000, 800_000), 500);
        assert_eq!(HourChart::share_permille(-1, 800_000), 0);
        assert_eq!(HourChart::share_permille(i64::MAX, 4_000), 1_000);
    }
}
