//! Golden table of `/proc/PID/cgroup` texts. The shapes are those documented by the managers:
//! systemd's "Control Group APIs and Delegation", runc's and the kubelet's cgroup drivers,
//! podman's `--cgroup-manager`, LXC's `lxc.cgroup.dir`.

use super::{container, pod, slice, unit};

const ID: &str = "4f2c9e1b7a6d3c5e8f0a1b2c3d4e5f60718293a4b5c6d7e8f9001122334455aa";
const OUTER: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const UID: &str = "0b9c1c52-7a4e-4d0e-9d3f-5c3f9d3b8a11";
const UID_ESCAPED: &str = "0b9c1c52_7a4e_4d0e_9d3f_5c3f9d3b8a11";
const STATIC: &str = "d1f7a9e0c3b25e4f8a6b7c8d9e0f1a2b";

struct Expected<'e> {
    unit: Option<&'e str>,
    slice: Option<&'e str>,
    container: Option<&'e str>,
    pod: Option<&'e str>,
}

const NOTHING: Expected<'_> = Expected {
    unit: None,
    slice: None,
    container: None,
    pod: None,
};
const SHORT: Option<&str> = Some("4f2c9e1b7a6d");

fn check(what: &str, text: &str, expected: &Expected<'_>) {
    let text = text
        .replace("$ID", ID)
        .replace("$OUTER", OUTER)
        .replace("$UID_", UID_ESCAPED)
        .replace("$UID", UID)
        .replace("$STATIC", STATIC);
    let text = text.as_bytes();
    assert_eq!(
        unit(text),
        expected.unit.map(str::as_bytes),
        "unit of {what}"
    );
    assert_eq!(
        slice(text),
        expected.slice.map(str::as_bytes),
        "slice of {what}"
    );
    assert_eq!(
        container(text),
        expected.container.map(str::as_bytes),
        "container of {what}"
    );
    assert_eq!(
        pod(text).as_deref(),
        expected.pod.map(str::as_bytes),
        "pod of {what}"
    );
}

#[test]
fn systemd() {
    let service = Expected {
        unit: Some("nginx.service"),
        slice: Some("system.slice"),
        ..NOTHING
    };
    check(
        "a service, v2",
        "0::/system.slice/nginx.service\n",
        &service,
    );
    check(
        "a service, v1 with the v2 hierarchy unused",
        "12:cpu,cpuacct:/\n5:memory:/system.slice\n1:name=systemd:/system.slice/nginx.service\n0::/\n",
        &service,
    );
    check(
        "a delegated subgroup of a service",
        "0::/system.slice/nginx.service/workers\n",
        &service,
    );
    check(
        "an instance in a slice of its own",
        "0::/system.slice/system-postgresql.slice/postgresql@16-main.service\n",
        &Expected {
            unit: Some("postgresql@16-main.service"),
            slice: Some("system-postgresql.slice"),
            ..NOTHING
        },
    );
    check(
        "the first process",
        "0::/init.scope\n",
        &Expected {
            unit: Some("init.scope"),
            ..NOTHING
        },
    );
    check(
        "a login session",
        "0::/user.slice/user-1000.slice/session-3.scope\n",
        &Expected {
            unit: Some("session-3.scope"),
            slice: Some("user-1000.slice"),
            ..NOTHING
        },
    );
    check(
        "a user's own service",
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/syncthing.service\n",
        &Expected {
            unit: Some("syncthing.service"),
            slice: Some("app.slice"),
            ..NOTHING
        },
    );
}

#[test]
fn docker() {
    check(
        "docker, systemd driver",
        "0::/system.slice/docker-$ID.scope\n",
        &Expected {
            unit: Some(&format!("docker-{ID}.scope")),
            slice: Some("system.slice"),
            container: SHORT,
            ..NOTHING
        },
    );
    let plain = Expected {
        container: SHORT,
        ..NOTHING
    };
    check("docker, cgroupfs driver, v2", "0::/docker/$ID\n", &plain);
    check(
        "docker, cgroupfs driver, v1",
        "11:memory:/docker/$ID\n1:name=systemd:/docker/$ID\n0::/system.slice/containerd.service\n",
        &Expected {
            unit: Some("containerd.service"),
            slice: Some("system.slice"),
            container: SHORT,
            ..NOTHING
        },
    );
    check("docker in docker", "0::/docker/$OUTER/docker/$ID\n", &plain);
    check(
        "systemd in docker",
        "0::/docker/$ID/system.slice/cron.service\n",
        &Expected {
            unit: Some("cron.service"),
            slice: Some("system.slice"),
            container: SHORT,
            ..NOTHING
        },
    );
}

#[test]
fn kubernetes() {
    check(
        "containerd, systemd driver, burstable",
        "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod$UID_.slice/cri-containerd-$ID.scope\n",
        &Expected {
            unit: Some(&format!("cri-containerd-{ID}.scope")),
            slice: Some(&format!("kubepods-burstable-pod{UID_ESCAPED}.slice")),
            container: SHORT,
            pod: Some(UID),
        },
    );
    check(
        "cri-o, systemd driver, guaranteed, v1",
        "4:memory:/kubepods.slice/kubepods-pod$UID_.slice/crio-$ID.scope\n",
        &Expected {
            unit: Some(&format!("crio-{ID}.scope")),
            slice: Some(&format!("kubepods-pod{UID_ESCAPED}.slice")),
            container: SHORT,
            pod: Some(UID),
        },
    );
    let cgroupfs = Expected {
        container: SHORT,
        pod: Some(UID),
        ..NOTHING
    };
    check(
        "cgroupfs driver",
        "0::/kubepods/besteffort/pod$UID/$ID\n",
        &cgroupfs,
    );
    check(
        "cgroupfs driver, guaranteed",
        "0::/kubepods/pod$UID/$ID\n",
        &cgroupfs,
    );
    check(
        "cri-o, cgroupfs driver",
        "0::/kubepods/besteffort/pod$UID/crio-$ID\n",
        &cgroupfs,
    );
    check(
        "a static pod",
        "0::/kubepods/burstable/pod$STATIC/$ID\n",
        &Expected {
            container: SHORT,
            pod: Some(STATIC),
            ..NOTHING
        },
    );
    check(
        "a containerd that was not told of the systemd driver",
        "0::/system.slice/containerd.service/kubepods-burstable-pod$UID_.slice:cri-containerd:$ID\n",
        &Expected {
            unit: Some("containerd.service"),
            slice: Some("system.slice"),
            container: SHORT,
            pod: Some(UID),
        },
    );
    check(
        "a node that is itself a container",
        "0::/docker/$OUTER/kubelet/kubepods/burstable/pod$UID/$ID\n",
        &cgroupfs,
    );
    check(
        "cri-o's monitor is not the container",
        "0::/kubepods.slice/kubepods-pod$UID_.slice/crio-conmon-$ID.scope\n",
        &Expected {
            unit: Some(&format!("crio-conmon-{ID}.scope")),
            slice: Some(&format!("kubepods-pod{UID_ESCAPED}.slice")),
            container: None,
            pod: Some(UID),
        },
    );
}

#[test]
fn podman_and_lxc() {
    check(
        "podman, rootless",
        "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-$ID.scope/container\n",
        &Expected {
            unit: Some(&format!("libpod-{ID}.scope")),
            slice: Some("user.slice"),
            container: SHORT,
            ..NOTHING
        },
    );
    check(
        "podman, in a pod",
        "0::/machine.slice/machine-libpod_pod_$OUTER.slice/libpod-$ID.scope\n",
        &Expected {
            unit: Some(&format!("libpod-{ID}.scope")),
            slice: Some(&format!("machine-libpod_pod_{OUTER}.slice")),
            container: SHORT,
            pod: Some("001122334455"),
        },
    );
    let plain = Expected {
        container: SHORT,
        ..NOTHING
    };
    check("podman, cgroupfs", "0::/libpod_parent/libpod-$ID\n", &plain);
    check(
        "podman's monitor",
        "0::/machine.slice/libpod-conmon-$ID.scope\n",
        &Expected {
            unit: Some(&format!("libpod-conmon-{ID}.scope")),
            slice: Some("machine.slice"),
            ..NOTHING
        },
    );
    check(
        "LXC",
        "0::/lxc.payload.web01/system.slice/ssh.service\n",
        &Expected {
            unit: Some("ssh.service"),
            slice: Some("system.slice"),
            container: Some("web01"),
            ..NOTHING
        },
    );
}

#[test]
fn what_tells_nothing() {
    for text in [
        "",
        "\n",
        "0::/\n",
        "garbage",
        "0:",
        "::",
        "0::/.service/.slice\n",
        "0::/docker/4f2c9e1b\n",
        "0::/podcast/pod-of-whales\n",
        "0::/kubepods\n",
    ] {
        check(text, text, &NOTHING);
    }
}
