//! Drivers of PCI functions, by their names in sysfs.

/// Drivers that hand any function to a program in user space, such as DPDK or a virtual
/// machine. They are what a function can be bound to for that.
pub const USER_SPACE: [&str; 3] = ["vfio-pci", "uio_pci_generic", "igb_uio"];

/// Whether a driver hands its function to a virtual machine: `vfio-pci`, or one of the kernel's
/// variants of it for single adapters, which add live migration and are named after their
/// modules, such as `mlx5_vfio_pci` (drivers/vfio/pci).
pub fn is_vfio(driver: &str) -> bool {
    driver == "vfio-pci" || driver.ends_with("_vfio_pci")
}

/// Whether a driver hands its function to a program in user space. The function has neither
/// netdev nor RDMA device then, and binding the driver again changes nothing.
pub fn is_for_user_space(driver: &str) -> bool {
    is_vfio(driver) || USER_SPACE.contains(&driver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_of_user_space_and_of_virtual_machines_are_known() {
        for (driver, user_space, vfio) in [
            ("vfio-pci", true, true),
            ("mlx5_vfio_pci", true, true),
            ("uio_pci_generic", true, false),
            ("igb_uio", true, false),
            ("mlx5_core", false, false),
            ("vfio", false, false),
            ("", false, false),
        ] {
            assert_eq!(is_for_user_space(driver), user_space, "{driver:?}");
            assert_eq!(is_vfio(driver), vfio, "{driver:?}");
        }
    }
}
