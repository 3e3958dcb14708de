//! What the table and JSON say of a process beyond its metrics.

use std::collections::HashMap;

use herakles_classify::Variables;
use herakles_collect::{Identities, Identity};
use herakles_dashboard::ProcessText;
use herakles_metrics::Snapshot;
use herakles_stat::Pid;
use serde_json::Value;

/// For the table. Command lines are for the eyes of who sits at the terminal.
pub(super) fn for_table(all: &Identities, to_terminal: bool) -> HashMap<u32, ProcessText> {
    let shown = |identity: &Identity| ProcessText {
        user: identity.variables.user.clone(),
        script: identity.variables.script.clone(),
        unit: place(&identity.variables),
        cmdline: identity.cmdline.clone().filter(|_| to_terminal),
    };
    all.iter()
        .map(|(key, identity)| (key.pid.as_u32(), shown(identity)))
        .collect()
}

/// The container if it is in one, else the unit. Of a container's id so much as people type.
fn place(variables: &Variables) -> Option<String> {
    let short = |id: &String| id.chars().take(12).collect();
    let container = variables.container.as_ref().map(short);
    container.or_else(|| variables.unit.clone())
}

/// Adds parent, user, unit and container to each process.
pub(super) fn add_to_json(document: &mut Value, snapshot: &Snapshot, all: &Identities) {
    let none = Identity::default();
    let listed = document.get_mut("processes").and_then(Value::as_array_mut);
    // They are in the order of the snapshot.
    for (json, process) in listed.into_iter().flatten().zip(snapshot.processes()) {
        let identity = all.get(process.key).unwrap_or(&none);
        let variables = &identity.variables;
        for (key, value) in [
            ("ppid", identity.parent.map(Pid::as_u32).into()),
            ("user", variables.user.clone().into()),
            ("unit", variables.unit.clone().into()),
            ("container", variables.container.clone().into()),
        ] {
            if let Some(object) = json.as_object_mut() {
                object.insert(key.to_owned(), value);
            }
        }
    }
}
