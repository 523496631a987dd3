//! Asks a netdev's driver, as ethtool(8) does (linux/ethtool.h).

use std::net::UdpSocket;
use std::os::fd::AsRawFd;

use nix::libc;

/// `ETHTOOL_GGRO`, `ETHTOOL_SGRO`
pub const GRO: (u32, u32) = (0x2b, 0x2c);
/// `ETHTOOL_GRXCSUM`, `ETHTOOL_SRXCSUM`
pub const RECEIVE_CHECKSUM: (u32, u32) = (0x14, 0x15);
/// `ETHTOOL_GRINGPARAM`, `ETHTOOL_SRINGPARAM`
pub const RINGS: (u32, u32) = (0x10, 0x11);

/// The words of a setting of a netdev in the namespace of this thread, the first of them the command; none where its
/// driver does not have it.
pub fn read(name: &str, (get, _): (u32, u32)) -> Option<[u32; 9]> {
    let mut words = [0; 9];
    words[0] = get;
    ask(name, &mut words).then_some(words)
}

/// Sets a word of a setting; whether the driver took it.
pub fn set(name: &str, setting: (u32, u32), word: usize, value: u32) -> bool {
    let Some(mut words) = read(name, setting) else {
        return false;
    };
    words[0] = setting.1;
    words[word] = value;
    ask(name, &mut words)
}

fn ask(name: &str, words: &mut [u32; 9]) -> bool {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("open a socket");
    // SAFETY: an ifreq is integers and pointers, for which zeros are valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(name.bytes().take(15)) {
        *place = byte as libc::c_char;
    }
    request.ifr_ifru.ifru_data = words.as_mut_ptr().cast();
    // SAFETY: the kernel reads and writes an ifreq and, at its pointer, what the command has: nine words at most.
    unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL as _, &raw mut request) == 0 }
}
