//! A reader of the Prometheus text format, written from its description and knowing nothing of the
//! code that writes it.

use std::collections::{BTreeMap, BTreeSet};

/// One line that is no comment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Sample {
    /// The value of a label, or nothing.
    pub(crate) fn label(&self, key: &str) -> &str {
        self.labels.get(key).map_or("", String::as_str)
    }
}

/// All samples of one body.
#[derive(Debug)]
pub(crate) struct Exposition {
    pub(crate) samples: Vec<Sample>,
}

impl Exposition {
    /// Reads either text format, and checks what both promise: every line ends, no line is empty,
    /// no series comes twice, no family comes in two pieces.
    pub(crate) fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line does not end");
        let samples: Vec<_> = text
            .strip_suffix('\n')
            .unwrap_or(text)
            .split('\n')
            .inspect(|line| assert!(!line.is_empty(), "an empty line"))
            .filter(|line| !line.starts_with('#'))
            .map(parse_sample)
            .collect();
        assert!(!samples.is_empty(), "no samples");
        let mut series = BTreeSet::new();
        for sample in &samples {
            let is_new = series.insert((&sample.name, &sample.labels));
            assert!(
                is_new,
                "the series {} {:?} comes twice",
                sample.name, sample.labels
            );
        }
        check_families(text);
        Self { samples }
    }

    /// The samples of a name that have all these labels.
    pub(crate) fn all<'s, 'q>(
        &'s self,
        name: &'q str,
        labels: &'q [(&'q str, &'q str)],
    ) -> impl Iterator<Item = &'s Sample> + use<'s, 'q> {
        self.samples.iter().filter(move |sample| {
            sample.name == name
                && labels
                    .iter()
                    .all(|&(key, value)| sample.label(key) == value)
        })
    }

    /// The value of the only sample of a name with these labels, or nothing if there is none.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut found = self.all(name, labels);
        let value = found.next()?.value;
        assert_eq!(found.next(), None, "more than one {name} with {labels:?}");
        Some(value)
    }
}

/// Every `# TYPE` comes once: a family in two pieces would need two.
fn check_families(text: &str) {
    let mut families = BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            assert!(families.insert(rest), "a second # TYPE {rest}");
        }
    }
}

fn parse_sample(line: &str) -> Sample {
    let name_end = line
        .find(['{', ' '])
        .unwrap_or_else(|| panic!("no value in {line:?}"));
    let (name, mut rest) = line.split_at(name_end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (key, after_key) = rest
                .split_once("=\"")
                .unwrap_or_else(|| panic!("no label value in {line:?}"));
            let (value, after_value) = parse_quoted(after_key);
            let is_new = labels.insert(key.to_owned(), value).is_none();
            assert!(is_new, "the label {key} comes twice in {line:?}");
            rest = after_value.strip_prefix(',').unwrap_or(after_value);
        }
        rest = &rest[1..];
    }
    let value = rest.split_whitespace().next().unwrap_or_default();
    let value = value
        .parse()
        .unwrap_or_else(|_| panic!("no number in {line:?}"));
    Sample {
        name: name.to_owned(),
        labels,
        value,
    }
}

/// Reads up to the closing quote; returns what it means and what follows.
fn parse_quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped @ ('\\' | '"'))) => value.push(escaped),
                other => panic!("no such escape: {other:?} in {text:?}"),
            },
            _ => value.push(character),
        }
    }
    panic!("no closing quote in {text:?}");
}

#[test]
fn a_sample_is_read_with_its_escapes() {
    let text = "# TYPE a gauge\na{b=\"x\\\"y\\\\z\\n\",c=\"{},=\"} 1.5\nb 2\n";
    let exposition = Exposition::parse(text);
    assert_eq!(
        exposition.value("a", &[("b", "x\"y\\z\n"), ("c", "{},=")]),
        Some(1.5)
    );
    assert_eq!(exposition.value("b", &[]), Some(2.0));
    assert_eq!(exposition.value("c", &[]), None);
}

#[test]
#[should_panic(expected = "comes twice")]
fn a_duplicate_is_noticed_whatever_the_order_of_labels() {
    Exposition::parse("a{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\"} 1\n");
}
