//! Text becomes values.

use super::*;

#[test]
fn text_becomes_values() {
    let duration = Kind::Duration {
        min: Duration::ZERO,
        max: Duration::from_secs(3600),
    };
    let integer = Kind::Integer {
        min: 10,
        max: 20,
        zero: Some("off"),
    };
    let ratio = Kind::Ratio { min: 0.0, max: 1.0 };
    let check = |kind: Kind, text: &str, expect: Result<Value, &str>| {
        let found = kind.parse(&[text]).map_err(|reason| reason.to_string());
        assert_eq!(found, expect.map_err(str::to_owned), "{text}");
    };
    check(
        duration,
        "30s",
        Ok(Value::Duration(Duration::from_secs(30))),
    );
    check(
        duration,
        "1h",
        Ok(Value::Duration(Duration::from_secs(3600))),
    );
    check(
        duration,
        "1m 30s",
        Ok(Value::Duration(Duration::from_secs(90))),
    );
    check(duration, "0", Ok(Value::Duration(Duration::ZERO)));
    check(duration, "30", Err("`30` has no unit: write it as \"30s\""));
    check(
        duration,
        "1M",
        Err("`1month` is out of range: expected a duration from 0s to 1h"),
    );
    check(
        duration,
        "soon",
        Err("expected a duration from 0s to 1h, found `soon`"),
    );
    check(
        duration,
        " ",
        Err("the value is empty: expected a duration from 0s to 1h"),
    );
    check(integer, "0", Ok(Value::Integer(0)));
    check(integer, "10", Ok(Value::Integer(10)));
    let range = "expected a whole number from 10 to 20, or 0 (off)";
    check(integer, "9", Err(&format!("`9` is out of range: {range}")));
    check(
        integer,
        "-1",
        Err(&format!("`-1` is out of range: {range}")),
    );
    check(integer, "ten", Err(&format!("{range}, found `ten`")));
    check(ratio, "0.5", Ok(Value::Ratio(0.5)));
    check(
        ratio,
        "NaN",
        Err("`NaN` is out of range: expected a number from 0 to 1"),
    );
    check(Kind::Bool, "true", Ok(Value::Bool(true)));
    check(
        Kind::Bool,
        "yes",
        Err("expected true or false, found `yes`"),
    );
    let words = Kind::Choice(&["adaptive", "exact", "rss"]);
    check(
        words,
        "adaptiv",
        Err("`adaptiv` is not one of adaptive, exact, rss; did you mean `adaptive`?"),
    );
    check(
        words,
        "none",
        Err("`none` is not one of adaptive, exact, rss"),
    );
}
