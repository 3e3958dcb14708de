//! What is said about mistakes, and where they are.

use super::*;

#[test]
fn each_mistake_of_a_file_is_named_with_its_place_in_the_order_of_the_text() {
    let text = "people = 1\n[ask]\ntimeuot = 1\n  timeout = '2h'\n[paint]\ntimeout = '2s'\n\
                colours = []\n[pain]\n[root]\nfolder = '/'\n";
    assert_eq!(
        sentences(text),
        [
            "FILE:1:1: people cannot stand here: write them into people.toml",
            "FILE:3:1: unknown key `timeuot` in [ask]; did you mean `timeout`?",
            "FILE:4:13: `ask.timeout`: `2h` is out of range: expected a duration from 1s to 1m",
            "FILE:6:1: unknown key `timeout` in [paint]; did you mean `[ask] timeout`?",
            "FILE:7:11: `paint.colours`: the list is empty: give at least one colour, such as red",
            "FILE:8:2: unknown table [pain]; did you mean `paint`?",
            "FILE:10:1: `root.folder` cannot stand in a file: use --root.folder or \
             EXAMPLE_ROOT_FOLDER",
        ]
    );
    assert_eq!(
        sentences("ask = 1\nagain = true"),
        [
            "FILE:1:1: `ask` must be a table: write [ask]",
            "FILE:2:1: unknown key `again` outside a table; did you mean `[ask] again`?",
        ]
    );
}

#[test]
fn a_wrong_value_is_an_error_even_where_a_later_source_replaces_it() {
    let environment = [
        ("EXAMPLE_PAINT_COLOURS", "green"),
        ("EXAMPLE_ASK_WORKERS", "10"),
    ];
    let error = sources(
        &environment,
        &[("ask.workers", &["1"]), ("paint.side", &["tail"])],
    )
    .load()
    .unwrap_err();
    assert_eq!(
        error.sentences(),
        [
            "EXAMPLE_ASK_WORKERS: `10` is out of range: expected a whole number from 1 to 9, or 0 \
             (nobody)",
            "EXAMPLE_PAINT_COLOURS: `green` is no colour",
            "--paint.side: `tail` is not one of heads, tails; did you mean `tails`?",
        ]
    );
    assert!(
        error.to_string().ends_with(" (and 2 more problems)"),
        "{error}"
    );
}

#[test]
fn what_is_hardly_meant_is_a_warning() {
    let environment = [
        ("EXAMPLE_ASK_TIMEUOT", "1s"),
        ("EXAMPLE_SERVICE_HOST", "10.0.0.1"),
        ("OTHER_ASK_TIMEUOT", "1s"),
        ("EXAMPLE_ASK_WORKERS", "0"),
    ];
    assert_eq!(
        sources(&environment, &[]).load().unwrap().warnings,
        [
            "EXAMPLE_ASK_TIMEUOT: unknown environment variable, ignored; did you mean \
             `EXAMPLE_ASK_TIMEOUT`?",
            "nobody asks, so nobody asks again",
        ]
    );
}
