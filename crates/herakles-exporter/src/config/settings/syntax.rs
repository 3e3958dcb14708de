//! Texts that are settings of ours: addresses, paths, globs and names.

use herakles_classify::Glob;
use herakles_settings::{Syntax, quoted};
use herakles_web::ListenAddress;

use crate::routes::{Page, ROUTES};

/// The path of a page: `/` and what a URL path may hold, not one the exporter already serves.
pub(super) static ROUTE: Syntax = Syntax {
    expected: "a path such as /metrics",
    placeholder: "PATH",
    read: route,
    at_least: None,
};

/// Addresses to listen on, at least one.
pub(super) static ADDRESSES: Syntax = Syntax {
    expected: "a list of addresses such as :9215 or [::1]:9215",
    placeholder: "ADDRESS",
    read: |text| {
        let address: Result<ListenAddress, _> = text.parse();
        address
            .map(|address| address.to_string())
            .map_err(|reason| format!("{} is no address to listen on: {reason}", quoted(text)))
    },
    at_least: Some("one address, such as \":9215\""),
};

/// Paths of files; the last component may hold `*`, `?` and `[ ]`.
pub(super) static PATHS: Syntax = Syntax {
    expected: "a list of paths",
    placeholder: "PATH",
    read: file_pattern,
    at_least: None,
};

/// Globs with `*`, `?` and `[ ]` on a process name.
pub(super) static GLOBS: Syntax = Syntax {
    expected: "a list of globs (* ? [ ])",
    placeholder: "GLOB",
    read: |text| name_glob(text).map(|_| text.to_owned()),
    at_least: None,
};

/// Exact names.
pub(super) static NAMES: Syntax = Syntax {
    expected: "a list of names",
    placeholder: "NAME",
    read: |text| Ok(text.to_owned()),
    at_least: None,
};

/// Compiles a glob on a process name. `{` and `\` are refused: names of processes may hold them,
/// and nobody should have to guess whether they are taken literally.
///
/// # Errors
/// The reason, as a phrase that names the glob.
pub(crate) fn name_glob(text: &str) -> Result<Glob, String> {
    if text.contains(['{', '}', '\\']) {
        let reason = "only *, ? and [ ] are special, and {, } and \\ are not allowed";
        return Err(no_glob(text, reason));
    }
    Glob::parse(text).map_err(|reason| no_glob(text, reason))
}

fn no_glob(text: &str, reason: &str) -> String {
    format!("{} is no usable glob: {reason}", quoted(text))
}

/// A path whose last component may be a glob.
fn file_pattern(text: &str) -> Result<String, String> {
    let (folder, name) = text.rsplit_once('/').unwrap_or(("", text));
    if folder.contains(['*', '?', '[']) {
        let reason = "only the file name may hold *, ? and [ ], not its folder";
        return Err(no_glob(text, reason));
    }
    if name.contains(['*', '?', '[']) {
        name_glob(name)?;
    }
    Ok(text.to_owned())
}

/// Paths below which pages are or may come.
const RESERVED_BELOW: &[&str] = &["/-/", "/api/", "/subgroup/", "/process/"];

fn route(text: &str) -> Result<String, String> {
    let may_stand = |b: u8| b.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&b);
    let mut others = ROUTES.iter().filter(|route| route.page != Page::Metrics);
    let below = |taken: &&str| text.starts_with(*taken);
    let reason = if !text.starts_with('/') {
        "it must start with /"
    } else if !text.bytes().all(may_stand) {
        "only letters, digits and -._~!$&'()*+,;=:@/ may stand in it"
    } else if others.any(|route| route.path == text) || RESERVED_BELOW.iter().any(below) {
        "another page has that path"
    } else {
        return Ok(text.to_owned());
    };
    Err(format!(
        "{} cannot be the path of the metrics: {reason}",
        quoted(text)
    ))
}
