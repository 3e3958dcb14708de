//! What the control group of a process tells: its unit, slice, container and pod.

/// The paths of a `/proc/PID/cgroup` file: one in v2, one for each hierarchy in v1.
pub(crate) fn paths(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    // Each line reads HIERARCHY:CONTROLLERS:PATH, and only the path may hold a colon of its own.
    text.split(|&byte| byte == b'\n')
        .filter_map(|line| line.splitn(3, |&byte| byte == b':').nth(2))
}
