//! Lines over time.

use std::fmt::Write as _;
use std::time::Duration;

use maud::{Markup, html};

use crate::history::{Line, Point};
use crate::human::span;

/// Points of a line in a table.
const FEW: usize = 30;

/// A line small enough for a row of a table. It shows how the value moved, not from zero.
pub(crate) fn spark(line: &Line) -> Markup {
    let points = thin(line, FEW);
    let known = points.iter().filter_map(|point| point.value);
    let (low, high) = known
        .clone()
        .fold((f64::MAX, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if known.count() < 2 {
        return html! {};
    }
    // What moves by less than a twentieth is drawn nearly flat, so that noise is no drama.
    let range = (high - low).max(high / 20.0).max(f64::MIN_POSITIVE);
    let path = path(&points, 100.0, |value| 20.0 - (value - low) / range * 18.0);
    html! {
        svg.spark viewBox="0 0 100 22" preserveAspectRatio="none" aria-hidden="true" { path d=(path) {} }
    }
}

/// A line with its figures, from zero.
pub(crate) fn chart(title: &str, line: &Line, show: fn(f64) -> String) -> Markup {
    let known = line.points.iter().filter_map(|point| point.value);
    let (low, high) = known
        .clone()
        .fold((f64::MAX, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    let Some(last) = known.clone().next_back().filter(|_| known.count() >= 2) else {
        return html! {};
    };
    let range = (high * 1.05).max(f64::MIN_POSITIVE);
    let path = path(&line.points, 400.0, |value| 100.0 - value / range * 100.0);
    let since = line
        .points
        .first()
        .map_or(Duration::ZERO, |point| point.ago);
    html! {
        figure {
            figcaption {
                b { (title) } " now " b { (show(last)) } ", least " (show(low)) ", most " (show(high))
            }
            svg.chart viewBox="0 0 400 100" preserveAspectRatio="none" role="img"
                aria-label={ (title) " of the last " (span(since)) } { path d=(path) {} }
            p.axis { span { (span(since)) " ago" } span { "now" } }
        }
    }
}

/// The highest of each stretch, so that no peak is lost.
fn thin(line: &Line, most: usize) -> Vec<Point> {
    let stretch = line.points.len().div_ceil(most).max(1);
    // From the end, so that the last stretch is whole.
    let mut out: Vec<Point> = line
        .points
        .rchunks(stretch)
        .filter_map(|chunk| {
            let last = chunk.last()?;
            let value = chunk
                .iter()
                .filter_map(|point| point.value)
                .reduce(f64::max);
            Some(Point { value, ..*last })
        })
        .collect();
    out.reverse();
    out
}

/// A path through the points that have a value, with a gap where one has none.
fn path(points: &[Point], width: f64, height_of: impl Fn(f64) -> f64) -> String {
    let first = points.first().map_or(0.0, |point| point.ago.as_secs_f64());
    let mut out = String::new();
    let mut pen_is_down = false;
    for point in points {
        let Some(value) = point.value else {
            pen_is_down = false;
            continue;
        };
        let x = if first > 0.0 {
            width * (1.0 - point.ago.as_secs_f64() / first)
        } else {
            width
        };
        let command = if pen_is_down { 'L' } else { 'M' };
        let _ = write!(out, "{command}{x:.0} {:.1}", height_of(value));
        pen_is_down = true;
    }
    out
}
