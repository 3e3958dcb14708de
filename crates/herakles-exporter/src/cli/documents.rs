//! Completions and manual page.

use std::io::{self, Write as _};

use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};
use herakles_settings::Settings;

use super::definition::{LAYERS, program, subcommands};
use super::version::BUILD;
use crate::config::Config;

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
    end.text([roman(LAYERS)]);
    end.text([roman(
        "Lists are separated by commas in a variable, and repeat as flags.",
    )]);
    end.control("TP", []);
    end.text([bold(Config::PROGRAM.file_variable())]);
    end.text([roman("--config.file")]);
    for setting in Config::SETTINGS {
        end.control("TP", []);
        end.text([bold(setting.variable())]);
        end.text([roman(format!("--{}", setting.flag()))]);
    }
    end.control("SH", ["FILES"]);
    end.control("TP", []);
    end.text([bold(Config::PROGRAM.default_file)]);
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
