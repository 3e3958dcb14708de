//! What the control group of a process tells: its unit, slice, container and pod.
//!
//! All of it comes from the names of the groups, as the managers choose them; nobody is asked.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

/// The bytes of a container id that tools show.
const SHORT_ID: usize = 12;

/// The bytes of a UUID with its dashes.
const UUID: usize = 36;

/// Whether a `/proc/PID/cgroup` file shows paths as seen from within another control group
/// namespace: those of processes outside of it start with `/..`, and their upper part is missing.
///
/// Of a container with a namespace of its own that looks at the host's processes, this is true of
/// the host's pid 1, whose group is never within that of the container.
///
/// ```
/// use herakles_classify::shows_foreign_cgroups;
///
/// assert!(shows_foreign_cgroups(b"0::/../../init.scope\n"));
/// assert!(!shows_foreign_cgroups(b"0::/init.scope\n"));
/// ```
pub fn shows_foreign_cgroups(text: &[u8]) -> bool {
    paths(text).any(|path| path == b"/.." || path.starts_with(b"/../"))
}

/// The paths of a `/proc/PID/cgroup` file: one in v2, one for each hierarchy in v1.
pub(crate) fn paths(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    hierarchies(text).map(|(_, path)| path)
}

/// Pairs of controllers and path. The controllers are empty for v2.
fn hierarchies(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    // Each line reads HIERARCHY:CONTROLLERS:PATH, and only the path may hold a colon of its own.
    text.split(|&byte| byte == b'\n').filter_map(|line| {
        // Of a process that waits to be reaped the group may be gone already.
        let line = line.strip_suffix(b" (deleted)").unwrap_or(line);
        let mut fields = line.splitn(3, |&byte| byte == b':').skip(1);
        Some((fields.next()?, fields.next()?))
    })
}

/// The systemd unit, such as `nginx.service`: the innermost one, so that services of a user's or
/// a container's own systemd count as themselves.
pub(crate) fn unit(text: &[u8]) -> Option<&[u8]> {
    const SUFFIXES: [&[u8]; 5] = [b".service", b".scope", b".socket", b".mount", b".swap"];
    innermost(text, |group| {
        SUFFIXES
            .iter()
            .any(|suffix| is_named(group.name, suffix))
            .then_some(group.name)
    })
}

/// The innermost systemd slice, such as `system.slice`.
pub(crate) fn slice(text: &[u8]) -> Option<&[u8]> {
    innermost(text, |group| {
        is_named(group.name, b".slice").then_some(group.name)
    })
}

/// The first 12 digits of the container's id; the whole id under ECS, whose digits before the dash
/// are the task's, and under Mesos; the allocation and the task of Nomad; the name of an LXC container or of a machine of systemd.
pub(crate) fn container(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    innermost(text, |group| {
        let plain = lxc_container(group)
            .or_else(|| container_id(group.name))
            .or_else(|| is_ecs_id(group.name).then_some(group.name))
            .or_else(|| mesos_container(group))
            .or_else(|| nomad_task(group.name));
        plain.map(Cow::Borrowed).or_else(|| machine(group))
    })
}

/// `/lxc.payload.NAME` since LXC 4, `/lxc.payload/NAME` and `/lxc/NAME` before and under Proxmox.
fn lxc_container<'t>(group: Group<'t>) -> Option<&'t [u8]> {
    let name = if matches!(group.parent, b"lxc" | b"lxc.payload") {
        group.name
    } else {
        group.name.strip_prefix(b"lxc.payload.")?
    };
    (!name.is_empty()).then_some(name)
}

/// The short id in `ID`, `RUNTIME-ID.scope`, `RUNTIME-ID`, `kata_ID` and `SLICE:RUNTIME:ID`.
fn container_id(group: &[u8]) -> Option<&[u8]> {
    let group = group.strip_suffix(b".scope").unwrap_or(group);
    // The underscore is Kata's, also behind another runtime's name.
    let is_border = |&byte: &u8| matches!(byte, b'-' | b':' | b'_');
    let (runtime, id) = match group.iter().rposition(is_border) {
        Some(at) => (group.get(..at)?, group.get(at + 1..)?),
        None => (&b""[..], group),
    };
    // A container's monitor lives in a scope of its own, named after what it watches.
    if runtime.ends_with(b"conmon") || !is_container_id(id) {
        return None;
    }
    id.get(..SHORT_ID)
}

/// `/mesos/UUID`, or another root of the same name further down; v2 has a leaf below.
fn mesos_container<'t>(group: Group<'t>) -> Option<&'t [u8]> {
    (group.parent == b"mesos" && is_uuid(group.name)).then_some(group.name)
}

/// The allocation, a dot and the task in `UUID.TASK.scope`.
fn nomad_task(group: &[u8]) -> Option<&[u8]> {
    let task = group.strip_suffix(b".scope")?;
    let (allocation, name) = task.split_at_checked(UUID)?;
    let is_task = name.len() > 1 && name.starts_with(b".");
    (is_uuid(allocation) && is_task).then_some(task)
}

/// The machine in `systemd-nspawn@NAME.service` and `machine-NAME.scope`.
fn machine<'t>(group: Group<'t>) -> Option<Cow<'t, [u8]>> {
    let name = group
        .name
        .strip_prefix(b"systemd-nspawn@")
        .and_then(|name| name.strip_suffix(b".service"))
        .or_else(|| {
            let name = group.name.strip_prefix(b"machine-")?;
            name.strip_suffix(b".scope")
        })?;
    let is_virtual = name.starts_with(br"qemu\x2d");
    // What starts and watches a container is not in it.
    let is_outside = group.child == b"supervisor";
    (!name.is_empty() && !is_virtual && !is_outside).then(|| unescaped(name))
}

/// A part of a unit's name, where systemd writes `\x2d` for a dash. What would be a slash stays as it
/// is written: the name of one thing is no path.
fn unescaped(name: &[u8]) -> Cow<'_, [u8]> {
    if !name.contains(&b'\\') {
        return Cow::Borrowed(name);
    }
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after.strip_prefix(b"x").filter(|_| byte == b'\\');
        let digits = escaped
            .and_then(|after| std::str::from_utf8(after.get(..2)?).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|&byte| byte != b'/');
        let (byte, length) = digits.map_or((byte, 1), |byte| (byte, r"\x2d".len()));
        plain.push(byte);
        rest = rest.get(length..).unwrap_or_default();
    }
    Cow::Owned(plain)
}

/// The pod: the Kubernetes uid with dashes whatever the driver made of it, or the first 12 digits
/// of a podman pod's id.
pub(crate) fn pod(text: &[u8]) -> Option<Vec<u8>> {
    innermost(text, |group| {
        // A driver at odds with its runtime leaves SLICE:RUNTIME:ID as the name of one group.
        let name = group.name.split(|&byte| byte == b':').next()?;
        if group.parent == b"libpod_parent" && is_container_id(name) {
            return name.get(..SHORT_ID).map(<[u8]>::to_vec);
        }
        let group = name.strip_suffix(b".slice").unwrap_or(name);
        if let Some(at) = memchr::memmem::find(group, b"libpod_pod_") {
            let id = group.get(at + b"libpod_pod_".len()..)?;
            return is_container_id(id)
                .then(|| id.get(..SHORT_ID))?
                .map(<[u8]>::to_vec);
        }
        let uid = match group.strip_prefix(b"pod") {
            Some(uid) => uid,
            None if group
                .split(|&byte| byte == b'-')
                .any(|part| part == b"kubepods") =>
            {
                let at = memchr::memmem::rfind(group, b"-pod")?;
                group.get(at + b"-pod".len()..)?
            }
            None => return None,
        };
        is_pod_uid(uid).then(|| {
            uid.iter()
                .map(|&byte| if byte == b'_' { b'-' } else { byte })
                .collect()
        })
    })
}

/// One component of a path, with the ones above and below it, empty where there is none.
#[derive(Clone, Copy)]
struct Group<'t> {
    parent: &'t [u8],
    name: &'t [u8],
    child: &'t [u8],
}

/// What `find` makes of the last group for which it finds something, over all hierarchies: v2
/// first, then systemd's own, then the rest.
fn innermost<'t, T>(text: &'t [u8], find: impl Fn(Group<'t>) -> Option<T>) -> Option<T> {
    let rank = |controllers: &[u8]| match controllers {
        b"" => 0,
        b"name=systemd" => 1,
        _ => 2,
    };
    (0..3).find_map(|wanted| {
        hierarchies(text)
            .filter(|(controllers, _)| rank(controllers) == wanted)
            .find_map(|(_, path)| innermost_of(path, &find))
    })
}

fn innermost_of<'t, T>(path: &'t [u8], find: impl Fn(Group<'t>) -> Option<T>) -> Option<T> {
    let mut names = path.rsplit(|&byte| byte == b'/').peekable();
    let mut child: &[u8] = b"";
    while let Some(name) = names.next() {
        let parent = names.peek().copied().unwrap_or_default();
        let found = find(Group {
            parent,
            name,
            child,
        });
        if found.is_some() {
            return found;
        }
        child = name;
    }
    None
}

/// Whether a group's name ends so and says something before it.
fn is_named(group: &[u8], suffix: &[u8]) -> bool {
    group.len() > suffix.len() && group.ends_with(suffix)
}

/// 64 hexadecimal digits: docker, containerd, cri-o and podman all name containers so.
fn is_container_id(id: &[u8]) -> bool {
    id.len() == 64 && id.iter().all(u8::is_ascii_hexdigit)
}

/// The task's 32 hexadecimal digits, a dash, and one to ten decimal ones: Fargate since 1.4, and the
/// managed instances of ECS.
fn is_ecs_id(id: &[u8]) -> bool {
    let Some((task, number)) = id.split_at_checked(32) else {
        return false;
    };
    let number = number.strip_prefix(b"-").unwrap_or_default();
    task.iter().all(u8::is_ascii_hexdigit)
        && matches!(number.len(), 1..=10)
        && number.iter().all(u8::is_ascii_digit)
}

/// A UUID with its dashes.
fn is_uuid(id: &[u8]) -> bool {
    let is_dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let is_right = |(at, byte): (usize, &u8)| {
        if is_dash(at) {
            *byte == b'-'
        } else {
            byte.is_ascii_hexdigit()
        }
    };
    id.len() == UUID && id.iter().enumerate().all(is_right)
}

/// A UUID with dashes or underscores, or the 32 digits that a static pod's file hashes to.
fn is_pod_uid(uid: &[u8]) -> bool {
    matches!(uid.len(), 32 | UUID)
        && uid
            .iter()
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b'_'))
}
