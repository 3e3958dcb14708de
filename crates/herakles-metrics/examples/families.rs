//! Prints the table of all metric families in Markdown, one row each.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use herakles_metrics::{FAMILIES, Family, exporter};

fn main() {
    println!("| family | type | labels | meaning |");
    println!("|---|---|---|---|");
    FAMILIES.iter().chain(exporter::FAMILIES).for_each(row);
}

fn row(family: &Family) {
    let labels = family.labels.join(", ");
    let absent = match family.absent {
        "" => String::new(),
        when => format!(" Absent: {when}."),
    };
    // A bar would end the cell.
    let meaning = format!("{}{absent}", family.help).replace('|', "\\|");
    let kind = family.kind.as_str();
    println!("| `{}` | {kind} | {labels} | {meaning} |", family.name);
}
