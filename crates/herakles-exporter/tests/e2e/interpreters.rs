//! What real interpreters run, by their own account, against what `{script}` makes of their
//! command lines.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    commands::{output, rule_file},
    harness::tools,
};

/// A rule that names the subgroup after what runs.
const BY_SCRIPT: &str = "[[subgroups]]\ngroup = \"ran\"\nsubgroup = \"{script}\"\n\
    matches = [\"*\"]\n";

/// A class and an archive of it, made from the source beside them.
const ARCHIVE: &[u8] = include_bytes!("../fixtures/java/ran.jar");
const CLASS: &[u8] = include_bytes!("../fixtures/java/org/example/Ran.class");
const SOURCE: &str = include_str!("../fixtures/java/org/example/Ran.java");

/// A program that says what it was told to run, and then waits for the end of its input.
struct Running {
    child: Child,
    line: String,
    ran: String,
}

impl Running {
    /// `line` has blanks between its arguments.
    fn start(program: &Path, line: &str, folder: &Path) -> Self {
        let mut child = Command::new(program)
            .args(line.split(' '))
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.join("stderr")).expect("it can be made"))
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        let stdout = child.stdout.take().expect("it has a stdout");
        let mut lines = BufReader::new(stdout).lines();
        // Whatever an interpreter has to say of its options comes first.
        let ran = lines.find_map(|said| said.ok()?.strip_prefix("ran ").map(str::to_owned));
        let ran = ran.unwrap_or_else(|| {
            let errors = fs::read_to_string(folder.join("stderr")).unwrap_or_default();
            panic!("{} {line} did not run: {errors}", program.display())
        });
        let line = format!("{} {line}", program.display());
        Self { child, line, ran }
    }

    /// What the exporter says it runs.
    fn script(&self, rules: &str) -> String {
        let pid = self.child.id().to_string();
        let answer = output(&[
            "explain",
            &pid,
            "--format=json",
            rules,
            "--no-classification.builtin",
        ]);
        let answer: Value = serde_json::from_str(&answer).expect("it is JSON");
        answer["subgroup"].as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the program with each line and compares: its own view is what runs, and `?` where that
/// has no name.
fn check(program: &Path, folder: &TempDir, lines: &[&str]) {
    let rules = rule_file(BY_SCRIPT);
    let rules = format!("--classification.rules={}", rules.path().display());
    let running = lines
        .iter()
        .map(|line| Running::start(program, line, folder.path()));
    let mut wrong = Vec::new();
    for running in running.collect::<Vec<_>>() {
        let truth = match running.ran.trim_end_matches('/').rsplit('/').next() {
            Some("?") | None => "unknown",
            Some(name) => name,
        };
        let said = running.script(&rules);
        if said != truth {
            wrong.push(format!("{}: ran {truth}, said {said}", running.line));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (name, text) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().expect("it is in the folder")).expect("it can be made");
        fs::write(file, text).expect("it can be written");
    }
    folder
}

fn program(name: &str) -> Option<PathBuf> {
    tools::tool(&format!("HERAKLES_E2E_{}", name.to_uppercase()), name)
}

#[test]
fn python() {
    let Some(python) = program("python3") else {
        return;
    };
    const VIEW: &str = "import sys\n\
        named = __spec__ and __spec__.name != '__main__'\n\
        print('ran', __spec__.name if named else sys.argv[0], flush=True)\n\
        sys.stdin.read()\n";
    let folder = folder(&[
        ("app.py", VIEW),
        ("package/module.py", VIEW),
        ("place/__main__.py", VIEW),
    ]);
    // There are no blanks within an argument here.
    let code = "import\tsys;print('ran',chr(63),flush=True);sys.stdin.read()";
    check(
        &python,
        &folder,
        &[
            "app.py --password x",
            "-u -W ignore -X dev app.py",
            "-Wignore -Xdev -bbOO app.py x",
            "--check-hash-based-pycs always app.py",
            "-- app.py",
            "-m package.module x",
            "-um package.module",
            "-mpackage.module",
            "place",
            "place/ x",
            "./package/module.py",
            &format!("-c {code} secret"),
            &format!("-Bc {code}"),
        ],
    );
}

#[test]
fn java() {
    let Some(java) = tools::java() else {
        return;
    };
    let folder = folder(&[("arguments", "-Xmx32m"), ("org/example/Ran.java", SOURCE)]);
    for (name, bytes) in [("ran.jar", ARCHIVE), ("org/example/Ran.class", CLASS)] {
        fs::write(folder.path().join(name), bytes).expect("it can be written");
    }
    check(
        &java,
        &folder,
        &[
            "-Xmx32m -jar ran.jar x",
            "-jar -Dpassword=secret -Xmx32m ran.jar",
            "-cp . -ea -Xshare:auto org.example.Ran x",
            "--class-path ran.jar --add-opens java.base/java.lang=ALL-UNNAMED org.example.Ran",
            "--class-path=ran.jar --limit-modules java.base --add-modules java.base org.example.Ran",
            "-p ran.jar -m ran/org.example.Ran",
            "--module-path=ran.jar --module=ran/org.example.Ran x",
        ],
    );
}

#[test]
fn node() {
    let Some(node) = program("node") else {
        return;
    };
    const VIEW: &str = "console.log('ran', process.argv[1]); process.stdin.resume();\n";
    let folder = folder(&[
        ("app.js", VIEW),
        ("app.mjs", VIEW),
        ("place/index.js", VIEW),
        ("first.js", ""),
        ("variables", "A=b\n"),
    ]);
    let code = "console.log('ran',String.fromCharCode(63));process.stdin.resume()";
    check(
        &node,
        &folder,
        &[
            "app.js --password x",
            "-r ./first.js --no-warnings app.js",
            "--require=./first.js --unhandled-rejections strict app.js",
            "--max-old-space-size=64 --max-http-header-size 16384 app.js",
            "--max_http_header_size 16384 --icu-data-dir secret app.js",
            "-C secret --dns-result-order ipv4first --stack-trace-limit=5 -- app.js x",
            "--import ./first.js app.mjs",
            "place",
            &format!("-e {code} secret"),
            &format!("--eval={code} secret"),
            &format!("--input-type commonjs -e {code}"),
        ],
    );
}

#[test]
fn ruby() {
    let Some(ruby) = program("ruby") else {
        return;
    };
    const VIEW: &str = "puts \"ran #{$0}\"\n$stdout.flush\n$stdin.read\n";
    let folder = folder(&[("app.rb", VIEW), ("place/app.rb", VIEW)]);
    let code = "puts('ran'+32.chr+63.chr);$stdout.flush;STDIN.read";
    check(
        &ruby,
        &folder,
        &[
            "app.rb --password x",
            "-I lib -rset -W0 app.rb",
            "-W:no-deprecated -Ku -r set app.rb",
            "-C place -E UTF-8 app.rb",
            "--encoding UTF-8 --disable-gems -- app.rb x",
            "--enable=frozen-string-literal --disable gems app.rb",
            &format!("-e {code} secret"),
            &format!("-Kue {code} secret"),
            &format!("-l0we {code} secret"),
        ],
    );
}

#[test]
fn perl() {
    let Some(perl) = program("perl") else {
        return;
    };
    const VIEW: &str = "$| = 1; print \"ran $0\\n\"; 1 while <STDIN>;\n";
    let folder = folder(&[("app.pl", VIEW)]);
    let code = "$|=1;print(q(ran),chr(32),chr(63),chr(10));1while<STDIN>";
    check(
        &perl,
        &folder,
        &[
            "app.pl --password x",
            "-w -I lib -Mstrict app.pl",
            "-Ilib -mstrict -Tw -C0 -0777 -l12 app.pl",
            "-s -- app.pl x",
            &format!("-e {code} secret"),
            &format!("-l012we {code} secret"),
            &format!("-0777we {code} secret"),
            &format!("-0x1FF -we {code} secret"),
        ],
    );
}

#[test]
fn php() {
    let Some(php) = program("php") else {
        return;
    };
    const VIEW: &str = "<?php echo \"ran \", $_SERVER['SCRIPT_FILENAME'], \"\\n\";\n\
        while (fgets(STDIN)) {}\n";
    let folder = folder(&[("app.php", VIEW)]);
    let code = "echo(chr(114).'an'.chr(32).chr(63).chr(10));fgets(STDIN);";
    check(
        &php,
        &folder,
        &[
            "app.php --password x",
            "-d memory_limit=64M -nq app.php x",
            "-dmemory_limit=64M -c . app.php",
            "-f app.php x",
            "-fapp.php -- x",
            "--file=app.php",
            "--define memory_limit=64M --file app.php",
            &format!("-r {code} secret"),
            &format!("-nr {code} secret"),
        ],
    );
}

const SHELL_VIEW: &str = "echo \"ran $0\"; read -r line\n";

#[test]
fn shells() {
    let folder = folder(&[("app.sh", SHELL_VIEW)]);
    let code = "echo\tran\t?;read\tline";
    let code_line = format!("-ec {code} secret");
    for name in ["sh", "dash", "bash"] {
        let Some(shell) = program(name) else {
            continue;
        };
        check(
            &shell,
            &folder,
            &[
                "app.sh --password x",
                "-eu +x ./app.sh",
                "-e -- app.sh",
                &code_line,
            ],
        );
    }
    if let Some(bash) = program("bash") {
        check(
            &bash,
            &folder,
            &[
                "-eo pipefail app.sh",
                "--norc --rcfile /dev/null -O extglob +o history app.sh x",
                "--posix --noprofile -uo nounset app.sh",
            ],
        );
    }
}

#[test]
fn wrappers() {
    let Some(shell) = program("dash") else {
        return;
    };
    let folder = folder(&[("app.sh", SHELL_VIEW)]);
    let shell = shell.display();
    for (wrapper, line) in [
        ("env", "-i A=b"),
        ("nice", "-n 1"),
        ("ionice", "-c 3"),
        ("timeout", "--foreground -s KILL 600"),
        ("stdbuf", "-oL -e 0"),
        ("setpriv", "--no-new-privs --inh-caps -all"),
        ("setsid", "-w"),
        ("taskset", "-c 0"),
        ("chrt", "-o 0"),
        ("flock", "--close stderr"),
    ] {
        let Some(wrapper) = program(wrapper) else {
            continue;
        };
        check(&wrapper, &folder, &[&format!("{line} {shell} -e app.sh x")]);
    }
}
