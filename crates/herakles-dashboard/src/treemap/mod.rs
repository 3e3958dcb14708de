//! The treemap: group, subgroup and processes as areas.

mod squarify;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::colour;
use crate::human::{self, bytes, counted};
use crate::link::subgroup_path;
use crate::members::Members;
use crate::names;
use squarify::{Rect, squarify};

/// The layout's own space. The height is that of the page (`.map` of the style sheet), the width
/// a middle between phone and desk: widths on the page are in percent.
const SPACE: Rect = Rect {
    x: 0.0,
    y: 0.0,
    width: 760.0,
    height: 380.0,
};
/// The strip with a group's name.
const HEADING: f64 = 17.0;
/// The least height of a group with such a strip.
const LEAST_HEADED: f64 = 52.0;
/// The least height of a label of one line and of two.
const ONE_LINE: f64 = 20.0;
const TWO_LINES: f64 = 34.0;
/// A subgroup with less of the map is drawn together with others like it.
const LEAST_SHARE: f64 = 0.002;
/// A subgroup with less of the map is drawn without its processes.
const LEAST_DIVIDED: f64 = 0.015;
/// Areas of processes on the whole map, divided among subgroups by their size, and for one of them
/// at most; its other processes are one area.
const AREAS: f64 = 80.0;
const MOST_AREAS: f64 = 12.0;

/// Areas for all subgroups that have a size, which is called so.
pub(crate) fn map(all: &[Members<'_>], size: &str) -> Markup {
    let mut groups: BTreeMap<&str, Vec<&Members<'_>>> = BTreeMap::new();
    for members in all.iter().filter(|members| members.bytes > Some(0)) {
        groups
            .entry(&members.subgroup.class.group)
            .or_default()
            .push(members);
    }
    let mut groups: Vec<Group<'_>> = groups.into_iter().map(Group::new).collect();
    groups.sort_by_key(|group| Reverse(group.bytes));
    let sizes: Vec<u64> = groups.iter().map(|group| group.bytes).collect();
    let total: u64 = sizes.iter().sum();
    html! {
        div.map {
            svg role="group"
                aria-label={ (size) " by group, subgroup and process; the tables below have the same numbers" } {
                @for (group, rect) in groups.iter().zip(squarify(&sizes, SPACE)) {
                    (group.draw(rect, total))
                }
            }
        }
    }
}

struct Group<'a> {
    name: &'a str,
    bytes: u64,
    /// The biggest first.
    subgroups: Vec<&'a Members<'a>>,
}

impl<'a> Group<'a> {
    fn new((name, subgroups): (&'a str, Vec<&'a Members<'a>>)) -> Self {
        let bytes = subgroups.iter().filter_map(|members| members.bytes).sum();
        Self {
            name,
            bytes,
            subgroups,
        }
    }

    fn draw(&self, rect: Rect, total: u64) -> Markup {
        let (name, size) = (self.name, bytes(self.bytes));
        let title = format!("{name} {size}");
        let label = Label::fitting(name, rect.width).filter(|_| rect.height >= LEAST_HEADED);
        let strip = if label.is_some() { HEADING } else { 0.0 };
        let inner = Rect {
            x: 0.0,
            y: 0.0,
            height: rect.height - strip,
            ..rect
        };
        html! {
            svg class=(colour::of_group(self.name)) x=(percent(rect.x, SPACE.width))
                y=(percent(rect.y, SPACE.height)) width=(percent(rect.width, SPACE.width))
                height=(percent(rect.height, SPACE.height)) {
                title { (title) }
                rect.g width="100%" height="100%" {}
                @if let Some(label) = label {
                    text class={ "h " (label.class()) } x="5" y="13" {
                        (name)
                        @if let Some(label) = Label::fitting(&title, rect.width) {
                            tspan class=(label.class()) { " " (size) }
                        }
                    }
                }
                svg y=(percent(strip, rect.height)) width="100%" height=(percent(inner.height, rect.height)) {
                    (self.draw_subgroups(inner, total))
                }
            }
        }
    }

    fn draw_subgroups(&self, space: Rect, total: u64) -> Markup {
        let share =
            |members: &&Members<'_>| members.bytes.unwrap_or(0) as f64 / total.max(1) as f64;
        let single = self
            .subgroups
            .iter()
            .filter(|members| share(members) >= LEAST_SHARE)
            .count();
        // One that is small stays by itself, as nothing is won by folding it.
        let single = if self.subgroups.len() == single + 1 {
            single + 1
        } else {
            single
        };
        let (drawn, folded) = self.subgroups.split_at(single);
        let mut sizes: Vec<u64> = drawn.iter().filter_map(|members| members.bytes).collect();
        let rest: u64 = folded.iter().filter_map(|members| members.bytes).sum();
        sizes.push(rest);
        let rects = squarify(&sizes, space);
        html! {
            @for (members, rect) in drawn.iter().zip(&rects) {
                (subgroup(members, *rect, space, share(members)))
            }
            @if let (Some(rect), 1..) = (rects.last(), rest) {
                (area("s", *rect, space, &format!("{} smaller: {}", folded.len(), bytes(rest))))
            }
        }
    }
}

fn subgroup(members: &Members<'_>, rect: Rect, space: Rect, share: f64) -> Markup {
    let class = &members.subgroup.class;
    let size = bytes(members.bytes.unwrap_or(0));
    let name = Label::fitting(&class.subgroup, rect.width).filter(|_| rect.height >= ONE_LINE);
    let below = Label::fitting(&size, rect.width).filter(|_| rect.height >= TWO_LINES);
    let inner = Rect {
        x: 0.0,
        y: 0.0,
        ..rect
    };
    html! {
        a href=(subgroup_path(&class.group, &class.subgroup)) tabindex="-1" {
            svg x=(percent(rect.x, space.width)) y=(percent(rect.y, space.height))
                width=(percent(rect.width, space.width)) height=(percent(rect.height, space.height)) {
                title {
                    (class.group) "/" (class.subgroup) ": " (size) ", "
                    (counted(members.subgroup.processes, human::PROCESSES))
                }
                rect.s width="100%" height="100%" {}
                @if share >= LEAST_DIVIDED && members.processes.len() > 1 {
                    @for (title, rect) in parts(members, inner, share) {
                        (area("p", rect, inner, &title))
                    }
                }
                @if let Some(name) = name {
                    text class=(name.class()) x="5" y="14" { (class.subgroup) }
                    @if let Some(below) = below {
                        text class={ "m " (below.max(name).class()) } x="5" y="28" { (size) }
                    }
                }
            }
        }
    }
}

/// The biggest processes of a subgroup, or names where those say more, and the rest as one.
fn parts(members: &Members<'_>, space: Rect, share: f64) -> Vec<(String, Rect)> {
    let count = (share * AREAS).ceil().clamp(2.0, MOST_AREAS) as usize;
    let mut parts = names::parts(members);
    parts.retain(|part| part.bytes > 0);
    let folded = parts.split_off(parts.len().min(count));
    let rest: u64 = folded.iter().map(|part| part.bytes).sum();
    if rest > 0 {
        parts.push(names::Part {
            title: format!("{} more", folded.len()),
            bytes: rest,
        });
        parts.sort_by_key(|part| Reverse(part.bytes));
    }
    let sizes: Vec<u64> = parts.iter().map(|part| part.bytes).collect();
    let titles = parts
        .iter()
        .map(|part| format!("{}: {}", part.title, bytes(part.bytes)));
    titles.zip(squarify(&sizes, space)).collect()
}

fn area(class: &str, rect: Rect, space: Rect, title: &str) -> Markup {
    html! {
        rect class=(class) x=(percent(rect.x, space.width)) y=(percent(rect.y, space.height))
            width=(percent(rect.width, space.width)) height=(percent(rect.height, space.height)) {
            title { (title) }
        }
    }
}

/// A text that is shown where the map is wide enough for it, and nowhere cut off.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Label(u16);

impl Label {
    /// Least widths of the map that the style sheet knows (`.w300` and so on).
    const WIDTHS: [u16; 7] = [280, 360, 460, 580, 720, 880, 1060];

    /// The text in an area as wide as this in the layout's own space.
    fn fitting(text: &str, width: f64) -> Option<Self> {
        const ASCII: f64 = 6.7;
        const OTHER: f64 = 12.5;
        let needed: f64 = 10.0
            + text
                .chars()
                .map(|c| if c.is_ascii() { ASCII } else { OTHER })
                .sum::<f64>();
        let fits = |map: &u16| width / SPACE.width * f64::from(*map) >= needed;
        Self::WIDTHS.into_iter().find(fits).map(Self)
    }

    fn class(self) -> String {
        format!("w{}", self.0)
    }
}

fn percent(part: f64, whole: f64) -> String {
    let value = if whole > 0.0 {
        100.0 * part / whole
    } else {
        0.0
    };
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}%")
}
