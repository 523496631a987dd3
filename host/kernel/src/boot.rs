//! Which boot of the machine this is (`/proc/sys/kernel/random/boot_id`, random(4)).

/// The boot's identifier. What the kernel held for an attachment does not outlive it.
/// Empty when it cannot be read, which equals no recorded one.
pub fn id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}
