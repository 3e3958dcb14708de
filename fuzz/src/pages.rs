//! Pages and tables of any host, read by a parser of HTML.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use herakles_classify::display_name;
use herakles_dashboard::{
    AncestorLink, Colour, History, Order, PagePath, ProcessDetails, Query, Rights, RuleLine,
    Screen, Terminal, View,
};
use herakles_metrics::exporter::ExporterStatus;
use html5gum::{Error, Token, Tokenizer};

use crate::input::Input;
use crate::snapshot::snapshot;

/// Elements that have no end.
const VOID: [&str; 7] = ["br", "hr", "img", "input", "link", "meta", "wbr"];

/// Elements that a page has, those of its drawings included. What else is found came from a name.
const ELEMENTS: [&str; 52] = [
    "a",
    "b",
    "bdi",
    "body",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "footer",
    "form",
    "g",
    "h1",
    "h2",
    "head",
    "header",
    "html",
    "input",
    "button",
    "label",
    "li",
    "line",
    "link",
    "main",
    "meta",
    "nav",
    "noscript",
    "ol",
    "p",
    "path",
    "polyline",
    "pre",
    "rect",
    "script",
    "section",
    "span",
    "svg",
    "table",
    "tbody",
    "td",
    "text",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "tspan",
    "ul",
    "wbr",
];

/// The pages of any host: nothing of what processes and rules are called is markup.
pub fn pages(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let query = Query::parse(&input.text(40));
    if let Some(path) = PagePath::at(&input.text(40)) {
        let same = PagePath::at(&path.path());
        assert_eq!(same.as_ref(), Some(&path));
    }
    let hostile = display_name(input.bytes(40));
    let width = usize::from(input.byte());
    let snapshot = snapshot(&mut input);
    let mut history = History::new(Duration::from_secs(3600));
    let now = Instant::now();
    for seconds in [0, 30] {
        history.record(&snapshot, now + Duration::from_secs(seconds));
    }
    let view = View {
        snapshot: &snapshot,
        history: &history,
        exporter: &ExporterStatus::default(),
        host_name: &hostile,
        links: &[],
        refresh_every: Duration::from_secs(30),
        unhealthy: Some(&hostile),
        rights: Rights::Lacking,
    };
    check(&view.overview(&query).to_string());
    let rule = RuleLine {
        origin: hostile.clone(),
        patterns: hostile.clone(),
        processes: Some(1),
    };
    let subgroups = snapshot.subgroups().iter().take(2);
    for class in subgroups.map(|subgroup| &subgroup.class) {
        let page = view.subgroup(
            &class.group,
            &class.subgroup,
            std::slice::from_ref(&rule),
            &query,
        );
        check(&page.map(|page| page.to_string()).unwrap_or_default());
    }
    let details = ProcessDetails {
        ancestors: vec![AncestorLink {
            pid: 1,
            name: hostile.clone(),
        }],
        facts: vec![("Unit", hostile.clone())],
        explanation: hostile.clone(),
    };
    if let Some(process) = snapshot.processes().first() {
        let page = view.process(process.key.pid.as_u32(), &details);
        check(&page.map(|page| page.to_string()).unwrap_or_default());
    }
    let terminal = Terminal {
        snapshot: &snapshot,
        texts: &HashMap::new(),
        order: Order::default(),
        top: None,
        group: None,
        subgroup: None,
    };
    let screen = Screen {
        width,
        height: Some(30),
        colour: Colour::None,
    };
    for line in terminal.render(screen).lines() {
        assert_eq!(line.chars().find(|c| c.is_control()), None, "{line:?}");
    }
}

/// Reads a page: each element is one that pages have and is closed in its order, and nothing is
/// wrong with the rest.
fn check(page: &str) {
    let mut open: Vec<String> = Vec::new();
    for token in Tokenizer::new(page).flatten() {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                assert!(ELEMENTS.contains(&name.as_str()), "<{name}> in {page}");
                for attribute in tag.attributes.keys() {
                    let attribute = String::from_utf8_lossy(attribute);
                    assert!(
                        !attribute.starts_with("on") && attribute != "style",
                        "{page}"
                    );
                }
                if !tag.self_closing && !VOID.contains(&name.as_str()) {
                    open.push(name);
                }
            }
            Token::EndTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                assert_eq!(open.pop(), Some(name), "{page}");
            }
            Token::Comment(_) => panic!("a comment in {page}"),
            // Such characters are in no markup: a filter may hold them, and a browser shows a sign.
            Token::Error(error)
                if matches!(
                    *error,
                    Error::NoncharacterInInputStream
                        | Error::ControlCharacterInInputStream
                        | Error::UnexpectedNullCharacter
                ) => {}
            Token::Error(error) => panic!("{error:?} in {page}"),
            Token::String(_) | Token::Doctype(_) => {}
        }
    }
    assert_eq!(open, [""; 0], "{page}");
}
