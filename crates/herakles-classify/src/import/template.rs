//! Names of groups: from a template of Go to the texts and values it is made of.

/// A part of a name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NamePart {
    Text(String),
    Value(Value),
}

/// What an action of a template stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Comm,
    ExeBase,
    ExeFull,
    Username,
    Cgroups,
    Pid,
    StartTime,
    /// A named group of an expression.
    Match(String),
    /// Anything else, as written between the braces.
    Unknown(String),
}

/// The parts of a template, texts that follow each other as one.
///
/// # Errors
/// A fragment that says what is wrong.
pub(super) fn parse(template: &str) -> Result<Vec<NamePart>, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((text, action)) = rest.split_once("{{") {
        let (action, after) = action
            .split_once("}}")
            .ok_or("{{ in its name has no closing }}")?;
        let (action, text) = match action.strip_prefix('-') {
            Some(action) if action.starts_with(char::is_whitespace) => (action, text.trim_end()),
            _ => (action, text),
        };
        let (action, after) = match action.strip_suffix('-') {
            Some(action) if action.ends_with(char::is_whitespace) => (action, after.trim_start()),
            _ => (action, after),
        };
        push_text(&mut parts, text);
        match value(action.trim()) {
            Action::Value(value) => parts.push(NamePart::Value(value)),
            Action::Text(text) => push_text(&mut parts, &text),
        }
        rest = after;
    }
    push_text(&mut parts, rest);
    Ok(parts)
}

fn push_text(parts: &mut Vec<NamePart>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(NamePart::Text(before)) => before.push_str(text),
        _ => parts.push(NamePart::Text(text.to_owned())),
    }
}

enum Action {
    Value(Value),
    Text(String),
}

fn value(action: &str) -> Action {
    let value = match action {
        ".Comm" => Value::Comm,
        ".ExeBase" => Value::ExeBase,
        ".ExeFull" => Value::ExeFull,
        ".Username" => Value::Username,
        ".Cgroups" => Value::Cgroups,
        ".PID" => Value::Pid,
        ".StartTime" => Value::StartTime,
        _ if action.starts_with("/*") && action.ends_with("*/") => {
            return Action::Text(String::new());
        }
        _ => match (matched(action), constant(action)) {
            (Some(name), _) => Value::Match(name.to_owned()),
            (None, Some(text)) => return Action::Text(text.to_owned()),
            (None, None) => Value::Unknown(action.to_owned()),
        },
    };
    Action::Value(value)
}

/// The name in `.Matches.NAME` and `index .Matches "NAME"`.
fn matched(action: &str) -> Option<&str> {
    let name = action.strip_prefix(".Matches.").or_else(|| {
        let argument = action.strip_prefix("index")?.trim_start();
        constant(argument.strip_prefix(".Matches")?.trim())
    })?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(is_plain)).then_some(name)
}

/// The text between quotes that hold nothing special.
fn constant(action: &str) -> Option<&str> {
    let quoted = |quote: char| action.strip_prefix(quote)?.strip_suffix(quote);
    let text = quoted('"').or_else(|| quoted('`'))?;
    (!text.contains(['"', '`', '\\'])).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, expected: &[NamePart]) {
        assert_eq!(parse(template).unwrap(), expected, "{template}");
    }

    fn text(text: &str) -> NamePart {
        NamePart::Text(text.to_owned())
    }

    #[test]
    fn actions_are_told_from_text() {
        use NamePart::Value as V;
        check("plain", &[text("plain")]);
        check("", &[]);
        check("{{.Comm}}-x", &[V(Value::Comm), text("-x")]);
        check(
            "u {{- .Username -}} x",
            &[text("u"), V(Value::Username), text("x")],
        );
        check(
            "u {{-1}} x",
            &[text("u "), V(Value::Unknown("-1".into())), text(" x")],
        );
        check(
            "{{.Matches.A}}{{ index .Matches \"b1\" }}",
            &[V(Value::Match("A".into())), V(Value::Match("b1".into()))],
        );
        check("a{{/* why */}}b{{ \"c d\" }}{{`e`}}", &[text("abc de")]);
        check("{x} }}", &[text("{x} }}")]);
        check("{{if .Comm}}", &[V(Value::Unknown("if .Comm".into()))]);
        check(
            "{{.Matches.a b}}",
            &[V(Value::Unknown(".Matches.a b".into()))],
        );
        assert!(parse("a {{.Comm").is_err());
    }
}
