//! How the pages look, by the boxes in a real browser. Screenshots stay in
//! `target/gate/dashboard` to be looked at.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use super::{as_nobody, fleet, host, serve};
use crate::harness::{
    exporter::Exporter,
    tools,
    tree::{Memory, Tree},
};

/// Opens the views and tells what is wrong with them.
fn look(views: &[Value]) -> Option<Vec<String>> {
    let (chromium, python) = (tools::chromium()?, tools::python()?);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/dashboard/browser.py");
    let mut browser = Command::new(python)
        .arg(script)
        .arg(chromium)
        .arg(screenshots())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut input = browser.stdin.take().expect("its input is a pipe");
    let views = serde_json::to_vec(views).expect("views are JSON");
    input.write_all(&views).expect("it reads the views");
    drop(input);
    let output = browser.wait_with_output().expect("Python is our child");
    assert!(output.status.success(), "the browser could not be driven");
    Some(serde_json::from_slice(&output.stdout).expect("findings are JSON"))
}

fn screenshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/gate/dashboard")
}

fn view(exporter: &Exporter, name: &str, path: &str, width: u32) -> Value {
    json!({
        "name": format!("{name}-{width}"),
        "url": format!("http://{}{path}", exporter.address),
        "width": width,
    })
}

/// The same with more properties.
fn with(mut view: Value, more: &Value) -> Value {
    let more = more.as_object().cloned().unwrap_or_default();
    view.as_object_mut()
        .expect("a view is an object")
        .extend(more);
    view
}

fn assert_fine(views: &[Value]) {
    if let Some(findings) = look(views) {
        assert!(findings.is_empty(), "{findings:#?}");
    }
}

#[test]
fn pages_look_right_at_every_width() {
    let tree = fleet(50);
    let exporter = serve(&tree, &[]);
    let mut views = Vec::new();
    for width in [360, 800, 1280] {
        views.push(view(&exporter, "overview", "/", width));
        views.push(view(&exporter, "subgroup", "/subgroup/db/postgres", width));
        views.push(view(&exporter, "process", "/process/100", width));
    }
    views.push(with(
        view(&exporter, "overview-dark", "/", 1280),
        &json!({ "dark": true }),
    ));
    views.push(with(
        view(&exporter, "process-dark", "/process/100", 360),
        &json!({ "dark": true }),
    ));
    let still = json!({ "scripts": false });
    views.push(with(
        view(&exporter, "overview-still", "/?sort=rss&q=db", 800),
        &still,
    ));
    assert_fine(&views);
}

#[test]
fn a_host_with_an_hour_behind_it_looks_right() {
    let url = host::page(&screenshots().join("host"));
    let mut views = Vec::new();
    for width in [360, 800, 1280] {
        views.push(json!({ "name": format!("host-{width}"), "url": url, "width": width }));
    }
    views.push(json!({ "name": "host-dark-1280", "url": url, "width": 1280, "dark": true }));
    assert_fine(&views);
}

#[test]
fn pages_look_right_with_none_and_with_5000_processes() {
    let tree = fleet(5000);
    let exporter = serve(&tree, &[]);
    let few = fleet(5);
    let hidden = serve(&few, &["--classification.search-mode=include"]);
    let mut views = vec![];
    for width in [360, 1280] {
        views.push(view(&exporter, "many", "/", width));
        views.push(view(&hidden, "none", "/", width));
    }
    views.push(view(&exporter, "many-other", "/subgroup/other/other", 800));
    assert_fine(&views);
}

#[test]
fn pages_look_right_whatever_processes_call_themselves() {
    let names: [&[u8]; 12] = [
        b"<script>alert(1",
        b"<img src=x onerr",
        b"\"><svg onload=al",
        "\u{202e}gpj.exe".as_bytes(),
        b"\xff\xfe\xfd",
        b"\x1b[31mred",
        "日本語日本".as_bytes(),
        "مرحبا".as_bytes(),
        b"WWWWWWWWWWWWWWW",
        b"a b) (c",
        b"'onclick='",
        b"&amp;&lt;",
    ];
    let tree = fleet(30);
    for (pid, name) in (40_000..).zip(names) {
        tree.process(pid, name, 400_000, Memory::Open);
    }
    let rules = tempfile::NamedTempFile::with_suffix(".toml").expect("a temporary file");
    let text = "[[subgroups]]\ngroup = 'own-{comm}'\nsubgroup = '{comm}'\nmatches = ['*']\n";
    std::fs::write(rules.path(), text).expect("it can be written");
    let rules = format!("--classification.rules={}", rules.path().display());
    let exporter = serve(&tree, &[]);
    let named = serve(&tree, &[&rules]);
    let mut views = Vec::new();
    for width in [360, 1280] {
        views.push(view(&exporter, "hostile", "/", width));
        views.push(view(&named, "hostile-groups", "/", width));
        views.push(view(&exporter, "hostile-process", "/process/40003", width));
        views.push(view(
            &exporter,
            "hostile-query",
            "/?q=%3Cscript%3Ealert(1)%22%27%3E",
            width,
        ));
    }
    assert_fine(&views);
}

#[test]
fn a_page_without_rights_looks_right() {
    let Some(setpriv) = tools::setpriv() else {
        return;
    };
    let tree = Tree::new();
    for pid in 10..60 {
        let name = if pid % 2 == 0 {
            b"postgres".as_slice()
        } else {
            b"java"
        };
        tree.process(pid, name, u64::from(pid) * 1000, Memory::Closed);
    }
    let exporter = as_nobody(&setpriv, &tree);
    let views = [360, 1280].map(|width| view(&exporter, "no-rights", "/", width));
    assert_fine(&views);
}

#[test]
fn the_script_sorts_filters_and_refreshes_in_place() {
    let tree = fleet(60);
    let exporter = serve(&tree, &[]);
    let shown = "[...document.querySelectorAll('#processes tbody tr')]";
    let until = |condition: &str| {
        format!(
            "new Promise((done) => {{ const began = Date.now(); const ask = () => \
             ({condition}) ? done(true) : Date.now() - began > 20000 ? done(false) \
             : setTimeout(ask, 20); ask(); }})"
        )
    };
    let steps = json!({ "steps": [
        "window.kept = 1",
        "document.querySelector('.sorts a[href*=\"sort=age\"]').click() ?? true",
        until("location.search === '?sort=age' && document.querySelector('.sorts [aria-current]').textContent === 'age'"),
        "(() => { const field = document.querySelector('input[name=q]'); field.focus(); \
          field.value = 'postgres'; field.dispatchEvent(new Event('input', { bubbles: true })); return true; })()",
        until(&format!("location.search.includes('q=postgres') && {shown}.length > 1 && {shown}.every((row) => row.textContent.includes('postgres'))")),
        "document.activeElement.name === 'q' && document.activeElement.value === 'postgres'",
        until("/\\d+ (s|min) ago/.test(document.querySelector('time').textContent)"),
        // It is still the page that was opened first.
        "window.kept === 1",
    ] });
    assert_fine(&[with(view(&exporter, "script", "/", 1280), &steps)]);
}
