//! What the control group of a process tells: its unit, slice, container and pod.
//!
//! All of it comes from the names of the groups, as the managers choose them; nobody is asked.

#[cfg(test)]
mod tests;

/// The bytes of a container id that tools show.
const SHORT_ID: usize = 12;

/// The paths of a `/proc/PID/cgroup` file: one in v2, one for each hierarchy in v1.
pub(crate) fn paths(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    hierarchies(text).map(|(_, path)| path)
}

/// Pairs of controllers and path. The controllers are empty for v2.
fn hierarchies(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    // Each line reads HIERARCHY:CONTROLLERS:PATH, and only the path may hold a colon of its own.
    text.split(|&byte| byte == b'\n').filter_map(|line| {
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
            .any(|suffix| is_named(group, suffix))
            .then_some(group)
    })
}

/// The innermost systemd slice, such as `system.slice`.
pub(crate) fn slice(text: &[u8]) -> Option<&[u8]> {
    innermost(text, |group| is_named(group, b".slice").then_some(group))
}

/// The first 12 digits of the container's id, or an LXC container's name.
pub(crate) fn container(text: &[u8]) -> Option<&[u8]> {
    innermost(text, |group| {
        if let Some(name) = group.strip_prefix(b"lxc.payload.") {
            return Some(name);
        }
        let group = group.strip_suffix(b".scope").unwrap_or(group);
        let (runtime, id) = match group.iter().rposition(|&byte| byte == b'-' || byte == b':') {
            Some(at) => (group.get(..at)?, group.get(at + 1..)?),
            None => (&b""[..], group),
        };
        // A container's monitor lives in a scope of its own, named after what it watches.
        if runtime.ends_with(b"conmon") || !is_container_id(id) {
            return None;
        }
        id.get(..SHORT_ID)
    })
}

/// The pod: the Kubernetes uid with dashes whatever the driver made of it, or the first 12 digits
/// of a podman pod's id.
pub(crate) fn pod(text: &[u8]) -> Option<Vec<u8>> {
    innermost(text, |group| {
        // A driver at odds with its runtime leaves SLICE:RUNTIME:ID as the name of one group.
        let group = group.split(|&byte| byte == b':').next()?;
        let group = group.strip_suffix(b".slice").unwrap_or(group);
        if let Some(at) = memchr::memmem::find(group, b"libpod_pod_") {
            let id = group.get(at + b"libpod_pod_".len()..)?;
            return is_container_id(id)
                .then(|| id.get(..SHORT_ID))?
                .map(<[u8]>::to_vec);
        }
        let uid = match group.strip_prefix(b"pod") {
            Some(uid) => uid,
            None if group.starts_with(b"kubepods") => {
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

/// What `find` makes of the last group for which it finds something, over all hierarchies: v2
/// first, then systemd's own, then the rest.
fn innermost<'t, T>(text: &'t [u8], find: impl Fn(&'t [u8]) -> Option<T>) -> Option<T> {
    let rank = |controllers: &[u8]| match controllers {
        b"" => 0,
        b"name=systemd" => 1,
        _ => 2,
    };
    (0..3).find_map(|wanted| {
        hierarchies(text)
            .filter(|(controllers, _)| rank(controllers) == wanted)
            .find_map(|(_, path)| path.rsplit(|&byte| byte == b'/').find_map(&find))
    })
}

/// Whether a group's name ends so and says something before it.
fn is_named(group: &[u8], suffix: &[u8]) -> bool {
    group.len() > suffix.len() && group.ends_with(suffix)
}

/// 64 hexadecimal digits: docker, containerd, cri-o and podman all name containers so.
fn is_container_id(id: &[u8]) -> bool {
    id.len() == 64 && id.iter().all(u8::is_ascii_hexdigit)
}

/// A UUID with dashes or underscores, or the 32 digits that a static pod's file hashes to.
fn is_pod_uid(uid: &[u8]) -> bool {
    matches!(uid.len(), 32 | 36)
        && uid
            .iter()
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b'_'))
}
