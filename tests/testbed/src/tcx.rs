//! Programs that see each packet of a netdev (bpf(2), linux/bpf.h), as a pod with root attaches them.

use std::io;

use nix::libc;

const PROG_LOAD: libc::c_int = 5;
const PROG_ATTACH: libc::c_int = 8;
const PROG_QUERY: libc::c_int = 16;
const LINK_CREATE: libc::c_int = 28;

/// `BPF_PROG_TYPE_SCHED_CLS`
const CLASSIFIER: u32 = 3;
/// `BPF_TCX_INGRESS`, `BPF_TCX_EGRESS`
const INGRESS: u32 = 46;
const EGRESS: u32 = 47;

/// Attaches one program to what the netdev of this index in the namespace of this thread receives, and another one to what it sends,
/// which is held by a link that lives as long as this process; whether the kernel has such programs.
pub fn attach(index: u32) -> bool {
    let received = ask(
        PROG_ATTACH,
        &[
            u64::from(index) | number(program()) << 32,
            INGRESS.into(),
            0,
            0,
        ],
    );
    if received.is_err() {
        return false;
    }
    let sent = ask(
        LINK_CREATE,
        &[
            number(program()) | u64::from(index) << 32,
            EGRESS.into(),
            0,
            0,
            0,
        ],
    );
    sent.is_ok()
}

/// How many there are on the netdev of this index.
pub fn count(index: u32) -> u64 {
    let count = |point: u32| {
        let mut identifiers = [0_u32; 64];
        let place = identifiers.as_mut_ptr() as u64;
        let mut query = [
            u64::from(index) | u64::from(point) << 32,
            0,
            place,
            64,
            0,
            0,
            0,
            0,
        ];
        match ask_into(PROG_QUERY, &mut query) {
            Ok(_) => query[3] & u64::from(u32::MAX),
            Err(_) => 0,
        }
    };
    count(INGRESS) + count(EGRESS)
}

/// A program that hands each packet on (`TCX_NEXT`).
fn program() -> io::Result<libc::c_int> {
    // r0 = -1; exit
    let instructions: [u64; 2] = [0xffff_ffff_0000_00b7, 0x95];
    let licence = c"GPL";
    let attribute = [
        u64::from(CLASSIFIER) | 2 << 32,
        instructions.as_ptr() as u64,
        licence.as_ptr() as u64,
        0,
        0,
        0,
    ];
    ask(PROG_LOAD, &attribute)
}

#[track_caller]
fn number(program: io::Result<libc::c_int>) -> u64 {
    program.expect("load a program") as u64
}

fn ask(command: libc::c_int, attribute: &[u64]) -> io::Result<libc::c_int> {
    ask_into(command, &mut attribute.to_vec())
}

fn ask_into(command: libc::c_int, attribute: &mut [u64]) -> io::Result<libc::c_int> {
    // SAFETY: the kernel reads and writes the attribute, whose length it is told, and what it points to, which the callers keep.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            attribute.as_mut_ptr(),
            size_of_val(attribute),
        )
    };
    match answer {
        ..0 => Err(io::Error::last_os_error()),
        answer => Ok(answer as libc::c_int),
    }
}
