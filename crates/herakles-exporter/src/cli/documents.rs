//! What the settings table says, as completions, manual page and reference.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::ConfigFormat;
use super::definition::{LAYERS, program, subcommands};
use super::version::BUILD;
use crate::config::{CONFIG_FILE_VARIABLE, DEFAULT_CONFIG_FILE, Loaded};
use crate::settings::{SETTINGS, Setting, TABLES};

/// The completions for a shell. In memory, because the generator panics on a closed pipe.
pub(crate) fn completions(shell: Shell) -> Vec<u8> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut program(), "herakles-exporter", &mut out);
    if shell == Shell::Bash {
        // clap_complete spells the hyphen of the name in two ways, so that nothing completes after
        // a subcommand (clap issue 6421).
        let script = String::from_utf8_lossy(&out);
        return script
            .replace("herakles__subcmd__exporter", "herakles__exporter")
            .into_bytes();
    }
    out
}

/// The effective configuration, for `config`.
pub(crate) fn configuration(loaded: &Loaded, format: ConfigFormat) -> String {
    match format {
        ConfigFormat::Toml => loaded.to_toml(),
        ConfigFormat::Json => format!("{:#}\n", loaded.to_json()),
    }
}

/// The manual page in roff.
pub(crate) fn manual() -> Vec<u8> {
    let mut out = Vec::new();
    // Only the generator's signature can fail: memory takes everything.
    let _ = write_manual(&mut out);
    out
}

fn write_manual(out: &mut Vec<u8>) -> io::Result<()> {
    let source = format!("herakles-exporter {}", BUILD.version);
    let man = Man::new(program())
        .section("8")
        .source(source)
        .manual("Herakles");
    man.render_title(out)?;
    man.render_name_section(out)?;
    let mut synopsis = Roff::new();
    synopsis.control("SH", ["SYNOPSIS"]);
    synopsis.text([
        bold("herakles-exporter"),
        roman(" ["),
        italic("SETTING"),
        roman("...] ["),
        italic("SUBCOMMAND"),
        roman(" ["),
        italic("OPTION"),
        roman("...]]"),
    ]);
    synopsis.to_writer(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    for subcommand in subcommands() {
        let mut heading = Roff::new();
        heading.control("SH", [subcommand_title(&subcommand).as_str()]);
        heading.text([roman(
            subcommand
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default(),
        )]);
        heading.to_writer(out)?;
        let mut options = Vec::new();
        Man::new(subcommand).render_options_section(&mut options)?;
        // The options stand under the heading of their subcommand, not under one of their own.
        let options = String::from_utf8_lossy(&options).replace(".SH OPTIONS\n", "");
        out.write_all(options.as_bytes())?;
    }
    let mut end = Roff::new();
    end.control("SH", ["ENVIRONMENT"]);
    end.text([roman(
        "Each variable sets what the flag sets; lists are separated by commas.",
    )]);
    end.control("TP", []);
    end.text([bold(CONFIG_FILE_VARIABLE)]);
    end.text([roman("--config.file")]);
    for setting in SETTINGS {
        end.control("TP", []);
        end.text([bold(setting.variable())]);
        end.text([roman(format!("--{}", setting.flag()))]);
    }
    end.control("SH", ["FILES"]);
    end.control("TP", []);
    end.text([bold(DEFAULT_CONFIG_FILE)]);
    end.text([roman(
        "The configuration, in TOML, unless --config.file names another.",
    )]);
    end.control("SH", ["EXIT STATUS"]);
    end.text([roman(
        "0 if all went well, 1 if a check or the program failed, 2 if the command line or the \
         configuration is wrong.",
    )]);
    end.to_writer(out)?;
    Ok(())
}

fn subcommand_title(subcommand: &clap::Command) -> String {
    let positional: String = subcommand
        .get_positionals()
        .map(|argument| format!(" {}", argument.get_id().as_str().to_ascii_uppercase()))
        .collect();
    format!("herakles-exporter {}{positional}", subcommand.get_name())
}

/// `docs/configuration.md`.
pub(crate) fn configuration_markdown() -> String {
    let mut out = format!(
        "# Configuration\n\n\
         <!-- Generated from the settings table; `UPDATE_EXPECT=1 cargo test -p herakles-exporter` \
         rewrites it. -->\n\n\
         Each setting can stand in four places; the later wins:\n\n\
         1. its default,\n\
         2. the file: `{DEFAULT_CONFIG_FILE}` if present, or the one that `--config.file` (or \
         `{CONFIG_FILE_VARIABLE}`) names, which then must exist,\n\
         3. the environment: `HERAKLES_TABLE_KEY`, lists separated by commas,\n\
         4. the command line: `--table.key-with-dashes`, lists by repeating the flag.\n\n\
         A list from a later place replaces the earlier one as a whole. Booleans are switched by \
         `--export.host` and `--no-export.host` (or `--export.host=false`). Durations are written \
         with their unit, such as `30s`, `5m` or `1h`. Nothing is read from the working \
         directory.\n\n\
         An unknown key, a value of the wrong type or out of its range is an error that names \
         file, line and column. `herakles-exporter config` prints what holds, and where each value \
         comes from. `SIGHUP` reads the file again; settings marked *restart* keep their old value \
         until the exporter starts again.\n"
    );
    for table in TABLES {
        let rows: Vec<&Setting> = SETTINGS
            .iter()
            .filter(|row| row.table == table.name)
            .collect();
        let name = match rows.iter().any(|row| row.in_file) {
            true => format!("`[{}]`", table.name),
            false => format!("{} (flags and environment only)", table.heading),
        };
        let _ = write!(
            out,
            "\n## {name}\n\n| key | default | values | meaning | flag, variable |\n|---|---|---|---|---|\n"
        );
        for row in rows {
            let restart = if row.restart { " *(restart)*" } else { "" };
            let default = row
                .default_value()
                .map(|value| value.to_string())
                .unwrap_or_default();
            let _ = writeln!(
                out,
                "| `{}` | `{default}` | {} | {}{restart} | `--{}`<br>`{}` |",
                row.key,
                row.kind.expected().replace('|', "\\|"),
                row.help,
                row.flag(),
                row.variable(),
            );
        }
    }
    let _ = write!(
        out,
        "\n## The whole file, with its defaults\n\n```toml\n{}```\n",
        default_file()
    );
    out
}

/// A configuration file that changes nothing.
pub(super) fn default_file() -> String {
    let mut out = String::new();
    for table in TABLES {
        let mut rows = SETTINGS
            .iter()
            .filter(|row| row.table == table.name && row.in_file)
            .peekable();
        if rows.peek().is_some() {
            let _ = writeln!(
                out,
                "{}[{}]",
                if out.is_empty() { "" } else { "\n" },
                table.name
            );
        }
        for row in rows {
            let default = row
                .default_value()
                .map(|value| value.to_string())
                .unwrap_or_default();
            let _ = writeln!(out, "{} = {default}", row.key);
        }
    }
    out
}
