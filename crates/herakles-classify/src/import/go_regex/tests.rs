//! What Go's syntax becomes, and that it matches the same.

use regex::bytes::Regex;

use super::*;

fn translated(go: &str) -> Result<String, String> {
    translate(go, |name| Some(name.to_owned())).map(|translation| translation.text)
}

#[test]
fn what_reads_the_same_stays_as_it_is() {
    for go in [
        r"^/usr/bin/java .*-Dapp=(?P<app>\w+)( |$)",
        r"(?i)nginx|httpd",
        r"(?s:a.b)+?c*?d??e{2}f{2,}g{2,3}?",
        r"\Aa\b\B\z\d\D\s\S\w\W",
        r"[a-z0-9_.-]+".replace(".-", r".\-").as_str(),
        r"[[:alpha:][:^digit:]]",
        "é",
    ] {
        assert_eq!(translated(go).unwrap(), go);
    }
    assert_eq!(translated("(?<app>x)").unwrap(), "(?P<app>x)");
}

#[test]
fn what_reads_differently_is_rewritten() {
    let mut regex: Option<Regex> = None;
    let mut seen = 0;
    for line in include_str!("cases.txt").lines() {
        match line.split_at_checked(2) {
            Some(("/ ", go)) => {
                let ours = translated(go).unwrap_or_else(|error| panic!("{go}: {error}"));
                regex = LazyRegex::parse(&ours).unwrap().regex().cloned();
            }
            Some((sign @ ("+ " | "- "), text)) => {
                let regex = regex.as_ref().unwrap();
                let is_match = regex.is_match(text.as_bytes());
                assert_eq!(is_match, sign == "+ ", "{regex}: {text:?}");
                seen += 1;
            }
            _ => {}
        }
    }
    assert!(seen > 80, "only {seen} texts found");
}

#[test]
fn what_go_or_we_refuse_is_an_error() {
    for go in [
        "a**",
        "a{2}{3}",
        "a+++",
        "(?x)a",
        "(?=a)",
        "(?!a)",
        "(?<=a)b",
        "(?P=a)",
        "(?u)a",
        "(?i",
        r"\1",
        r"\8",
        r"\Z",
        r"\C",
        r"\h",
        r"\E",
        r"\",
        r"\x4",
        r"\x{}",
        r"\x{110000}",
        r"\é",
        r"\pX",
        r"\p{Elbisch}",
        r"\p{",
        "[a",
        "[]",
        "[b-a]",
        "[[:foo:]]",
        "(a",
        "a)",
        "*a",
        "a{1001}",
        "(?P<a-b>x)",
        "(?P<>x)",
        "(?P<a>x)(?P<a>y)",
        "(?P<a",
    ] {
        let error = translated(go);
        assert!(error.is_err(), "{go}: {error:?}");
    }
}

#[test]
fn groups_are_renamed_or_lose_their_name() {
    let rename = |name: &str| (name != "gone").then(|| format!("{name}_"));
    let translation = translate("(?P<a>x)(?P<gone>y)(z)", rename).unwrap();
    assert_eq!(translation.text, "(?P<a_>x)(y)(z)");
    assert_eq!(translation.captures, [("a".to_owned(), "a_".to_owned())]);
    assert_eq!(group_names("(?P<a>x)(?P<1>y)").unwrap(), ["a", "1"]);
}

#[test]
fn a_group_that_may_be_empty_is_known() {
    let may_lack = |go: &str| {
        translate(go, |name| Some(name.to_owned()))
            .unwrap()
            .may_lack("a")
    };
    for (go, expected) in [
        (r"x(?P<a>\w+)", false),
        (r"x(?P<a>\w*)", true),
        (r"x(?:-(?P<a>\w+))?", true),
        (r"x(?:-(?P<a>\w+))+", false),
        (r"x|(?P<a>\w+)", true),
        (r"(x(?P<a>y|z))", false),
    ] {
        assert_eq!(may_lack(go), expected, "{go}");
    }
}

#[test]
fn what_matches_everything_is_known() {
    let is_boundless = |go: &str| translate(go, |_| None).unwrap().is_boundless();
    for (go, expected) in [
        (".*", true),
        ("", true),
        ("a*", true),
        (".+", false),
        ("^", false),
    ] {
        assert_eq!(is_boundless(go), expected, "{go}");
    }
}
