//! `docs/configuration.md`, which a test keeps in step with the settings table.

use std::fmt::Write as _;

use herakles_settings::Settings;

use crate::config::{Config, template};

/// The whole page.
pub(super) fn configuration_markdown() -> String {
    let mut out = format!(
        "# Configuration\n\n\
         <!-- Generated from the settings table; `UPDATE_EXPECT=1 cargo test -p herakles-exporter` \
         rewrites it. -->\n\n\
         Each setting can stand in four places; the later wins:\n\n\
         1. its default,\n\
         2. the file: `{}` if present, or the one that `--config.file` (or \
         `{}`) names, which then must exist,\n\
         3. the environment: `HERAKLES_TABLE_KEY`, lists separated by commas,\n\
         4. the command line: `--table.key-with-dashes`, lists by repeating the flag.\n\n\
         A list from a later place replaces the earlier one as a whole. Booleans are switched by \
         `--export.host` and `--no-export.host` (or `--export.host=false`). Durations are written \
         with their unit, such as `30s`, `5m` or `1h`. Nothing is read from the working \
         directory.\n\n\
         An unknown key, a value of the wrong type or out of its range is an error that names \
         file, line and column. Of a flag given more than once for one value the last holds, and \
         every one must be good. `herakles-exporter config` prints what holds, and where each value \
         comes from. An unknown `HERAKLES_*` variable is only a warning, in the log and by `config` \
         and `check`: Kubernetes sets such variables for a service of that name. `SIGHUP` reads the \
         file again; settings marked *restart* keep their old value until the exporter starts \
         again, and while they differ from the file the log and `/health` name them.\n",
        Config::PROGRAM.default_file,
        Config::PROGRAM.file_variable(),
    );
    out.push_str(&herakles_settings::markdown::<Config>());
    let _ = write!(
        out,
        "\n## The whole file, with its defaults\n\n\
         `herakles-exporter config --format template` prints it.\n\n```toml\n{}```\n",
        template()
    );
    out
}
