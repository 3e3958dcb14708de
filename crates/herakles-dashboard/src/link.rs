//! Paths of pages and what their queries ask for.

use std::fmt::Write as _;

use maud::Render;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::order::Order;

/// What stands for itself in a segment of a path (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A filter longer than this is cut: no name is longer.
const LONGEST_FILTER: usize = 256;

/// Where a page of the dashboard is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PagePath {
    /// `/`.
    Overview,
    /// `/subgroup/GROUP/SUBGROUP`.
    Subgroup {
        /// The group.
        group: String,
        /// The subgroup.
        subgroup: String,
    },
    /// `/process/PID`.
    Process {
        /// The pid.
        pid: u32,
    },
}

impl PagePath {
    /// The page at a path as it came in a request. Names are percent-decoded after the path is
    /// divided, so that they may hold `/`, `%` and blanks.
    ///
    /// ```
    /// use herakles_dashboard::PagePath;
    ///
    /// assert_eq!(PagePath::at("/process/4242"), Some(PagePath::Process { pid: 4242 }));
    /// assert_eq!(
    ///     PagePath::at("/subgroup/a%2Fb/50%25"),
    ///     Some(PagePath::Subgroup { group: "a/b".to_owned(), subgroup: "50%".to_owned() })
    /// );
    /// assert_eq!(PagePath::at("/process/04242"), None);
    /// ```
    pub fn at(path: &str) -> Option<Self> {
        if path == "/" {
            return Some(Self::Overview);
        }
        if let Some(names) = path.strip_prefix("/subgroup/") {
            let (group, subgroup) = names.split_once('/')?;
            let (group, subgroup) = (decode(group)?, decode(subgroup)?);
            return Some(Self::Subgroup { group, subgroup });
        }
        let digits = path.strip_prefix("/process/")?;
        let pid = digits.parse().ok()?;
        (format!("{pid}") == digits).then_some(Self::Process { pid })
    }

    /// Its path.
    pub fn path(&self) -> String {
        match self {
            Self::Overview => "/".to_owned(),
            Self::Subgroup { group, subgroup } => subgroup_path(group, subgroup),
            Self::Process { pid } => process_path(*pid),
        }
    }
}

fn decode(segment: &str) -> Option<String> {
    if segment.is_empty() || segment.contains('/') {
        return None;
    }
    Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned())
}

pub(crate) fn subgroup_path(group: &str, subgroup: &str) -> String {
    SubgroupPath { group, subgroup }.render().into_string()
}

/// The path of a subgroup's page, for a template.
pub(crate) struct SubgroupPath<'a> {
    pub(crate) group: &'a str,
    pub(crate) subgroup: &'a str,
}

impl Render for SubgroupPath<'_> {
    fn render_to(&self, buffer: &mut String) {
        buffer.push_str("/subgroup");
        for name in [self.group, self.subgroup] {
            buffer.push('/');
            // Nothing is left of it that HTML would take for its own.
            buffer.extend(utf8_percent_encode(name, SEGMENT));
        }
    }
}

pub(crate) fn process_path(pid: u32) -> String {
    format!("/process/{pid}")
}

/// What a list of processes is asked to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// `sort`: what it is sorted by.
    pub order: Order,
    /// `processes=all`: all of them, not only the first.
    pub extent: Extent,
    /// `q`: only those whose name, subgroup or pid holds this; empty for all.
    pub filter: String,
}

/// How many processes a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// The first.
    #[default]
    First,
    /// All.
    All,
}

impl Query {
    /// What the text after `?` asks for. What is unknown or makes no sense is passed over, as a
    /// page should still come.
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*key {
                "sort" => query.order = Order::named(&value).unwrap_or_default(),
                "processes" if value == "all" => query.extent = Extent::All,
                "q" => query.filter = value.trim().chars().take(LONGEST_FILTER).collect(),
                _ => {}
            }
        }
        query
    }

    /// The same list, otherwise sorted.
    pub(crate) fn sorted_by(&self, order: Order) -> Self {
        Self {
            order,
            ..self.clone()
        }
    }

    /// The same list, with all processes.
    pub(crate) fn in_full(&self) -> Self {
        Self {
            extent: Extent::All,
            ..self.clone()
        }
    }

    /// A link to it from a page at `path`.
    pub(crate) fn link(&self, path: &str) -> String {
        let mut link = path.to_owned();
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        if self.order != Order::default() {
            pairs.append_pair("sort", self.order.name());
        }
        if self.extent == Extent::All {
            pairs.append_pair("processes", "all");
        }
        if !self.filter.is_empty() {
            pairs.append_pair("q", &self.filter);
        }
        let text = pairs.finish();
        if !text.is_empty() {
            let _ = write!(link, "?{text}");
        }
        link + "#processes"
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_names_come_back_from_their_path(group in ".{1,20}", subgroup in ".{1,20}") {
            let page = PagePath::Subgroup { group, subgroup };
            prop_assert!(page.path().is_ascii());
            prop_assert_eq!(PagePath::at(&page.path()), Some(page));
        }

        #[test]
        fn a_query_comes_back_from_its_link(order in 0..6_usize, all: bool, filter in "[ -~é]{0,20}") {
            let query = Query {
                order: Order::ALL[order],
                extent: if all { Extent::All } else { Extent::First },
                filter: filter.trim().to_owned(),
            };
            let link = query.link("/");
            let text = link.trim_end_matches("#processes").trim_start_matches("/").trim_start_matches('?');
            prop_assert_eq!(Query::parse(text), query);
        }
    }

    #[test]
    fn paths_of_nothing_are_no_pages() {
        for path in [
            "/subgroup/",
            "/subgroup/a",
            "/subgroup/a/",
            "/subgroup//b",
            "/subgroup/a/b/c",
            "/process/",
            "/process/+1",
            "/process/-1",
            "/process/99999999999",
            "/subgroup/%ff/b",
            "/x",
            "",
        ] {
            assert_eq!(PagePath::at(path), None, "{path}");
        }
    }

    #[test]
    fn nonsense_in_a_query_is_passed_over() {
        assert_eq!(
            Query::parse("sort=rm&processes=1&x=%zz&&="),
            Query::default()
        );
    }
}
