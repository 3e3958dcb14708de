//! A reader of both text formats that shares no code with the writer.

use std::collections::BTreeMap;

/// One line that is no comment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Sample {
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// Name and labels.
    pub(crate) fn series(&self) -> (String, BTreeMap<String, String>) {
        (self.name.clone(), self.labels.clone())
    }
}

/// All samples of a text; panics on what neither format allows.
pub(crate) fn samples(text: &str) -> Vec<Sample> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(sample)
        .collect()
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap();
    let (name, rest) = line.split_at(end);
    let (labels, value) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest),
        None => (BTreeMap::new(), rest),
    };
    let value = value.strip_prefix(' ').unwrap().parse().unwrap();
    Sample {
        name: name.to_owned(),
        labels,
        value,
    }
}

fn labels(mut rest: &str) -> (BTreeMap<String, String>, &str) {
    let mut labels = BTreeMap::new();
    loop {
        let (name, value) = rest.split_once("=\"").unwrap();
        let (value, after) = unescaped(value);
        assert!(
            labels.insert(name.to_owned(), value).is_none(),
            "label {name} twice"
        );
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None => return (labels, after.strip_prefix('}').unwrap()),
        }
    }
}

/// The label value up to its closing quote, and what follows.
fn unescaped(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.push(match chars.next().unwrap().1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                c => panic!("unknown escape \\{c}"),
            }),
            c => value.push(c),
        }
    }
    panic!("no end of the label value in {text}")
}
