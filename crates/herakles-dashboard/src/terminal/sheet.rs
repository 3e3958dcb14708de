//! Columns that line up and fit a width, under any text.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Colour, Screen};
use crate::order::Order;

const GAP: usize = 2;

/// One column.
pub(super) struct Column {
    heading: &'static str,
    side: Side,
    /// The least important, with the highest number, is left out first where the width does not
    /// do. One without any text is left out always.
    importance: u8,
    /// A text may be cut to this width.
    least: usize,
    order: Option<Order>,
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Left,
    Right,
}

impl Column {
    /// Words, which can be cut.
    pub(super) const fn text(heading: &'static str, importance: u8, least: usize) -> Self {
        Self {
            heading,
            side: Side::Left,
            importance,
            least,
            order: None,
        }
    }

    /// A figure, which cannot.
    pub(super) const fn figure(heading: &'static str, importance: u8) -> Self {
        Self {
            heading,
            side: Side::Right,
            importance,
            least: usize::MAX,
            order: None,
        }
    }

    /// The one that this order sorts by.
    pub(super) const fn of(self, order: Order) -> Self {
        Self {
            order: Some(order),
            ..self
        }
    }
}

/// One line of a table.
pub(super) struct Row {
    cells: Vec<String>,
    is_strong: bool,
}

impl Row {
    pub(super) fn strong(cells: Vec<String>) -> Self {
        Self {
            cells,
            is_strong: true,
        }
    }

    /// A line that belongs to the one above.
    pub(super) fn plain(cells: Vec<String>) -> Self {
        Self {
            cells,
            is_strong: false,
        }
    }

    fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

/// A table to be drawn.
pub(super) struct Sheet<'a> {
    pub(super) columns: &'a [Column],
    /// What the rows are sorted by; its column stays.
    pub(super) order: Order,
    pub(super) screen: Screen,
}

impl Sheet<'_> {
    /// Draws the heading and at most `most` rows, and says how many more of `all` there are.
    pub(super) fn draw(
        &self,
        rows: &[Row],
        most: usize,
        all: usize,
        what: (&str, &str),
        out: &mut String,
    ) {
        let shown = rows.get(..most).unwrap_or(rows);
        let widths = self.widths(shown);
        let heading = |index: usize| self.columns.get(index).map_or("", |column| column.heading);
        self.line(&widths, heading, Ink::Bold, out);
        for row in shown {
            let ink = if row.is_strong {
                Ink::Plain
            } else {
                Ink::Faint
            };
            self.line(&widths, |index| row.cell(index), ink, out);
        }
        if all > shown.len() {
            let more = all - shown.len();
            let rest = format!("… {more} more {}", if more == 1 { what.0 } else { what.1 });
            out.push_str(&cut(&rest, self.screen.width));
            out.push('\n');
        }
    }

    /// The width of each column; `None` for one that is left out.
    fn widths(&self, rows: &[Row]) -> Vec<Option<usize>> {
        let natural = |index: usize, column: &Column| {
            let widest = rows
                .iter()
                .map(|row| row.cell(index).width())
                .max()
                .unwrap_or(0);
            (widest > 0 || rows.is_empty()).then(|| widest.max(column.heading.width()))
        };
        let mut widths: Vec<Option<usize>> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| natural(index, column))
            .collect();
        while self.least(&widths) > self.screen.width {
            let Some(least_important) = self.least_important(&widths) else {
                break;
            };
            if let Some(width) = widths.get_mut(least_important) {
                *width = None;
            }
        }
        while total(&widths) > self.screen.width {
            let Some(widest) = self.widest_text(&widths) else {
                break;
            };
            if let Some(Some(width)) = widths.get_mut(widest) {
                *width -= 1;
            }
        }
        widths
    }

    /// The width with all texts cut as far as they may be.
    fn least(&self, widths: &[Option<usize>]) -> usize {
        let least: Vec<Option<usize>> = widths
            .iter()
            .zip(self.columns)
            .map(|(width, column)| width.map(|width| width.min(column.least)))
            .collect();
        total(&least)
    }

    fn least_important(&self, widths: &[Option<usize>]) -> Option<usize> {
        let candidates = self.columns.iter().enumerate().filter(|(index, column)| {
            let is_there = widths.get(*index).is_some_and(Option::is_some);
            is_there && column.importance > 0 && column.order != Some(self.order)
        });
        candidates
            .max_by_key(|(_, column)| column.importance)
            .map(|(index, _)| index)
    }

    /// The widest column that may still be cut.
    fn widest_text(&self, widths: &[Option<usize>]) -> Option<usize> {
        let candidates = self
            .columns
            .iter()
            .enumerate()
            .filter_map(|(index, column)| {
                let width = widths.get(index).copied().flatten()?;
                (width > column.least).then_some((index, width))
            });
        candidates
            .max_by_key(|(_, width)| *width)
            .map(|(index, _)| index)
    }

    fn line<'c>(
        &self,
        widths: &[Option<usize>],
        cell: impl Fn(usize) -> &'c str,
        ink: Ink,
        out: &mut String,
    ) {
        let mut line = String::new();
        for (index, (width, column)) in widths.iter().zip(self.columns).enumerate() {
            let Some(width) = *width else { continue };
            let text = cut(cell(index), width);
            let padding = " ".repeat(width.saturating_sub(text.width()));
            if !line.is_empty() {
                line.push_str(&" ".repeat(GAP));
            }
            match column.side {
                Side::Left => line.extend([text, padding]),
                Side::Right => line.extend([padding, text]),
            }
        }
        let line = cut(line.trim_end(), self.screen.width);
        out.push_str(&ink.paint(&line, self.screen.colour));
        out.push('\n');
    }
}

fn total(widths: &[Option<usize>]) -> usize {
    let there = widths.iter().flatten();
    let gaps = GAP * there.clone().count().saturating_sub(1);
    there.sum::<usize>() + gaps
}

/// How a text looks.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    Plain,
    Bold,
    Faint,
    /// One of the eight colours.
    Colour(u8),
}

impl Ink {
    pub(super) fn paint(self, text: &str, colour: Colour) -> String {
        let code = match (self, colour) {
            (_, Colour::None) | (Self::Plain, _) => return text.to_owned(),
            (Self::Bold, _) => 1,
            (Self::Faint, _) => 2,
            (Self::Colour(colour), _) => 30 + colour,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// The text, cut to a width with `…` at its end if it is longer.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

/// Parts in as many lines as they need, none wider than `width` if a part is not.
pub(super) fn wrap(parts: &[String], between: &str, width: usize, out: &mut String) {
    let mut used = 0;
    for part in parts {
        let part = cut(part, width);
        if used > 0 && used + between.width() + part.width() > width {
            out.push('\n');
            used = 0;
        }
        if used > 0 {
            out.push_str(between);
            used += between.width();
        }
        out.push_str(&part);
        used += part.width();
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::text("NAME", 0, 4),
        Column::figure("PID", 0),
        Column::figure("SWAP", 3),
        Column::text("RUNS", 2, 5),
    ];

    fn drawn(width: usize) -> String {
        let screen = Screen {
            width,
            height: None,
            colour: Colour::None,
        };
        let row = |cells: [&str; 4]| Row::strong(cells.map(str::to_owned).into());
        let rows = [
            row(["日本語日本", "1", "3 B", "/bin/sh -c"]),
            row(["nginx", "4242", "–", ""]),
        ];
        let mut out = String::new();
        Sheet {
            columns: &COLUMNS,
            order: Order::Uss,
            screen,
        }
        .draw(&rows, 9, 2, ("row", "rows"), &mut out);
        out
    }

    #[test]
    fn columns_line_up_under_wide_characters() {
        assert_eq!(
            drawn(80),
            "NAME         PID  SWAP  RUNS\n\
             日本語日本     1   3 B  /bin/sh -c\n\
             nginx       4242     –\n"
        );
    }

    #[test]
    fn what_does_not_fit_is_cut_and_then_left_out() {
        assert_eq!(
            drawn(25),
            "NAME     PID  SWAP  RUNS\n\
             日本…      1   3 B  /bin…\n\
             nginx   4242     –\n"
        );
        for width in 1..60 {
            let text = drawn(width);
            assert!(
                text.lines().all(|line| line.width() <= width),
                "{width}\n{text}"
            );
        }
        assert!(!drawn(20).contains("SWAP") && drawn(20).contains("PID"));
    }

    #[test]
    fn no_cut_goes_through_a_wide_character() {
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("abc", 0), "");
    }
}
