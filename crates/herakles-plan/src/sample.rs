//! The last reading of a process, packed.

use herakles_smaps::MemoryUsage;

const KIB: u64 = 1024;
const ABSENT: u32 = u32::MAX;

/// A [`MemoryUsage`] in little memory: the kernel counts in KiB, which fit into 32 bits unless
/// something is beyond 4 TiB.
#[derive(Clone, Debug)]
pub(crate) enum Packed {
    Kib([u32; 12]),
    Wide(Box<MemoryUsage>),
}

impl Packed {
    pub(crate) fn pack(usage: &MemoryUsage) -> Self {
        match narrow(usage) {
            Some(kib) => Self::Kib(kib),
            None => Self::Wide(Box::new(*usage)),
        }
    }

    pub(crate) fn rss_bytes(&self) -> u64 {
        match self {
            Self::Kib([rss, ..]) => u64::from(*rss) * KIB,
            Self::Wide(usage) => usage.rss_bytes,
        }
    }

    pub(crate) fn unpack(&self) -> MemoryUsage {
        let kib = match self {
            Self::Wide(usage) => return **usage,
            Self::Kib(kib) => kib,
        };
        let bytes = |kib: u32| u64::from(kib) * KIB;
        let optional = |kib: u32| (kib != ABSENT).then(|| bytes(kib));
        let &[
            rss,
            pss,
            anon,
            file,
            shmem,
            sc,
            sd,
            pc,
            pd,
            swap,
            swap_pss,
            hugetlb,
        ] = kib;
        let mut usage = MemoryUsage::default();
        usage.rss_bytes = bytes(rss);
        usage.pss_bytes = bytes(pss);
        usage.pss_anon_bytes = optional(anon);
        usage.pss_file_bytes = optional(file);
        usage.pss_shmem_bytes = optional(shmem);
        usage.shared_clean_bytes = bytes(sc);
        usage.shared_dirty_bytes = bytes(sd);
        usage.private_clean_bytes = bytes(pc);
        usage.private_dirty_bytes = bytes(pd);
        usage.swap_bytes = bytes(swap);
        usage.swap_pss_bytes = optional(swap_pss);
        usage.private_hugetlb_bytes = optional(hugetlb);
        usage
    }
}

fn narrow(usage: &MemoryUsage) -> Option<[u32; 12]> {
    let kib = |bytes: u64| {
        let kib = u32::try_from(bytes / KIB).ok()?;
        (bytes.is_multiple_of(KIB) && kib != ABSENT).then_some(kib)
    };
    let optional = |bytes: Option<u64>| bytes.map_or(Some(ABSENT), kib);
    Some([
        kib(usage.rss_bytes)?,
        kib(usage.pss_bytes)?,
        optional(usage.pss_anon_bytes)?,
        optional(usage.pss_file_bytes)?,
        optional(usage.pss_shmem_bytes)?,
        kib(usage.shared_clean_bytes)?,
        kib(usage.shared_dirty_bytes)?,
        kib(usage.private_clean_bytes)?,
        kib(usage.private_dirty_bytes)?,
        kib(usage.swap_bytes)?,
        optional(usage.swap_pss_bytes)?,
        optional(usage.private_hugetlb_bytes)?,
    ])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes() -> impl Strategy<Value = u64> {
        prop_oneof![
            (0..1_u64 << 33).prop_map(|kib| kib * KIB),
            Just(u64::from(ABSENT) * KIB),
            any::<u64>(),
        ]
    }

    prop_compose! {
        fn usage()(
            plain in prop::array::uniform7(bytes()),
            optional in prop::array::uniform5(prop::option::of(bytes())),
        ) -> MemoryUsage {
            let [rss, pss, sc, sd, pc, pd, swap] = plain;
            let [anon, file, shmem, swap_pss, hugetlb] = optional;
            let mut usage = MemoryUsage::default();
            usage.rss_bytes = rss;
            usage.pss_bytes = pss;
            usage.pss_anon_bytes = anon;
            usage.pss_file_bytes = file;
            usage.pss_shmem_bytes = shmem;
            usage.shared_clean_bytes = sc;
            usage.shared_dirty_bytes = sd;
            usage.private_clean_bytes = pc;
            usage.private_dirty_bytes = pd;
            usage.swap_bytes = swap;
            usage.swap_pss_bytes = swap_pss;
            usage.private_hugetlb_bytes = hugetlb;
            usage
        }
    }

    proptest! {
        #[test]
        fn packing_loses_nothing(usage in usage()) {
            prop_assert_eq!(Packed::pack(&usage).unpack(), usage);
        }
    }
}
