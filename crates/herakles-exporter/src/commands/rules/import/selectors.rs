//! From selectors that must all match to patterns of which one is enough.

use super::entry::Entry;
use super::name;

/// Beyond this the orders in which expressions may follow each other are too many to write down.
const MOST_EXPRESSIONS: usize = 3;

/// What the kernel keeps of a name.
const COMM_LENGTH: usize = 15;

/// The key of a rule and its patterns; or why no pattern says the same.
pub(super) fn patterns(
    entry: &Entry,
    notes: &mut Vec<String>,
) -> Result<(&'static str, Vec<String>), String> {
    let Entry {
        comm, exe, cmdline, ..
    } = entry;
    if exe.is_empty() && cmdline.is_empty() {
        if comm.iter().any(|name| name.len() > COMM_LENGTH) {
            notes.push(
                "a name of more than 15 bytes matches nothing there; here it is completed from \
                 the command line"
                    .to_owned(),
            );
        }
        return Ok(("matches", comm.iter().map(|name| glob(name)).collect()));
    }
    let programs = match (exe.as_slice(), comm.as_slice()) {
        ([], []) => &[],
        ([], comm) => {
            notes.push(
                "comm is compared with the file name of the first argument, as it must match \
                 together with cmdline"
                    .to_owned(),
            );
            comm
        }
        (exe, comm) => {
            if !comm.is_empty() {
                notes.push(format!("comm {comm:?} is not looked at beside exe"));
            }
            exe
        }
    };
    let capture = name::program_capture(entry);
    let programs = programs
        .iter()
        .map(|program| first_argument(program, capture))
        .collect();
    let expressions: Vec<String> = cmdline.iter().map(|it| with_our_captures(it)).collect();
    all_of(programs, &expressions, notes).map(|patterns| ("cmdline_matches", patterns))
}

/// Patterns that match where one of the programs, if any, and all expressions do, in any order,
/// side by side.
fn all_of(
    mut programs: Vec<String>,
    expressions: &[String],
    notes: &mut Vec<String>,
) -> Result<Vec<String>, String> {
    if expressions.len() > MOST_EXPRESSIONS {
        return Err(format!(
            "all of its {} expressions must match, and rules can say that of {MOST_EXPRESSIONS} at \
             most",
            expressions.len()
        ));
    }
    let anchored = expressions.iter().filter(|it| starts_at_start(it)).count();
    if anchored > 1 {
        return Err("more than one of its expressions must match at the beginning".to_owned());
    }
    if anchored > 0 && !programs.is_empty() {
        notes.push(
            "an expression that begins with ^ decides alone about the first argument; exe and \
             comm are not looked at"
                .to_owned(),
        );
        programs.clear();
    }
    if expressions.len() > 1 {
        notes.push(
            "its expressions must match side by side: two that need the same words do not"
                .to_owned(),
        );
    }
    let orders = orders(expressions);
    let in_order = orders
        .iter()
        .filter(|order| !order.iter().skip(1).any(|it| starts_at_start(it)));
    if programs.is_empty() {
        return Ok(in_order.map(|order| side_by_side(order)).collect());
    }
    let mut patterns = Vec::new();
    for order in in_order {
        patterns.extend(programs.iter().map(|program| of_program(program, order)));
    }
    Ok(patterns)
}

fn of_program(program: &str, expressions: &[&str]) -> String {
    let joined = side_by_side(expressions);
    match expressions.first() {
        None => format!("{program}(?: |$)"),
        // Such an expression needs the blank for itself.
        Some(first) if takes_a_blank(first) => format!("{program}(?: (?s:.*))?(?:{joined})"),
        Some(_) => format!("{program} (?s:.*)(?:{joined})"),
    }
}

fn side_by_side(expressions: &[&str]) -> String {
    match expressions {
        [one] => (*one).to_owned(),
        many => {
            let groups: Vec<String> = many.iter().map(|it| format!("(?:{it})")).collect();
            groups.join("(?s:.*)")
        }
    }
}

/// Every order of up to [`MOST_EXPRESSIONS`] items.
fn orders(items: &[String]) -> Vec<Vec<&str>> {
    let mut orders: Vec<Vec<&str>> = vec![Vec::new()];
    for item in items {
        orders = orders
            .iter()
            .flat_map(|order| {
                (0..=order.len()).rev().map(|at| {
                    let mut longer = order.clone();
                    longer.insert(at, item);
                    longer
                })
            })
            .collect();
    }
    orders
}

/// An expression for the first argument: its path, or its file name in any folder. Its file name
/// is captured under the given name.
fn first_argument(program: &str, capture: Option<&str>) -> String {
    let (folder, file) = match program.rsplit_once('/') {
        Some((folder, file)) => (format!("{}/", escaped(folder)), file),
        None => ("(?:[^ ]*/)?".to_owned(), program),
    };
    let file = escaped(file);
    match capture {
        Some(name) => format!("^{folder}(?P<{name}>{file})"),
        None => format!("^{folder}{file}"),
    }
}

/// As `regex::escape`, but for what needs no escape outside brackets.
fn escaped(text: &str) -> String {
    regex::escape(text).replace(r"\-", "-")
}

fn takes_a_blank(expression: &str) -> bool {
    let starts = [" ", r"\s", r"\b"];
    starts.iter().any(|start| expression.starts_with(start))
}

/// Whether it can match at the beginning of the command line only.
pub(super) fn starts_at_start(expression: &str) -> bool {
    let plain = expression
        .strip_prefix("(?")
        .and_then(|flags| flags.split_once(')'))
        .filter(|(flags, _)| flags.chars().all(|flag| "ims-U".contains(flag)))
        .map_or(expression, |(_, rest)| rest);
    (plain.starts_with('^') || plain.starts_with("\\A")) && !plain.contains('|')
}

/// The expression with captures renamed that would be taken for variables of ours.
fn with_our_captures(expression: &str) -> String {
    let mut out = String::with_capacity(expression.len());
    let mut rest = expression;
    while let Some(at) = rest.find("(?P<").map(|at| at + "(?P<".len()) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let end = after.find('>').unwrap_or(0);
        let (captured, behind) = after.split_at(end);
        out.push_str(&name::capture(captured));
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// A glob for exactly this name.
fn glob(name: &str) -> String {
    let mut glob = String::with_capacity(name.len());
    for character in name.chars() {
        if matches!(character, '*' | '?' | '[' | '{' | '}') {
            glob.extend(['[', character, ']']);
        } else {
            glob.push(character);
        }
    }
    glob
}
