//! The system calls that a component's process may make: those of computing. Any other ends it by
//! SIGSYS (seccomp(2), `SECCOMP_RET_KILL_PROCESS`).

use nix::libc::{self, sock_filter};

use super::channel::DESCRIPTOR;
use super::confine::{Step, check};

/// Memory, the return from a signal's handler, the time, random numbers for hash tables, and the end.
const ALLOWED: [libc::c_long; 11] = [
    libc::SYS_mprotect,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigprocmask,
    libc::SYS_sigaltstack,
    libc::SYS_clock_gettime,
    libc::SYS_getrandom,
    libc::SYS_exit_group,
];

/// `AUDIT_ARCH_*` (linux/audit.h)
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

/// Offsets in `struct seccomp_data` (linux/seccomp.h), of arguments the lower half: all that is compared has 32 bits.
const NUMBER: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;
const fn argument(number: u32) -> u32 {
    16 + 8 * number
}

/// Of mmap(2)'s flags those that are looked at: memory of the process's own and of the usual kind, which counts
/// for `RLIMIT_DATA`.
const MAP_LOOKED_AT: u32 = (libc::MAP_SHARED
    | libc::MAP_ANONYMOUS
    | libc::MAP_GROWSDOWN
    | libc::MAP_LOCKED
    | libc::MAP_HUGETLB) as u32;
const MAP_EXPECTED: u32 = libc::MAP_ANONYMOUS as u32;

/// Sets the filter up; it cannot be taken off.
pub fn install() -> Step {
    let mut program = program();
    let filter = libc::sock_fprog {
        // Some sixty.
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the kernel copies the program, which lives until the call has returned.
    let installed = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const filter,
        )
    };
    check("seccomp", installed)
}

fn program() -> Vec<sock_filter> {
    let mut program = vec![
        load(ARCHITECTURE_AT),
        if_skip(ARCHITECTURE, 1),
        kill(),
        load(NUMBER),
    ];
    let mut calls: Vec<(u32, Vec<sock_filter>)> = ALLOWED
        .iter()
        .map(|call| (*call as u32, vec![allow()]))
        .chain([libc::SYS_read, libc::SYS_write].map(|call| (call as u32, on_the_channel())))
        .chain([(libc::SYS_mmap as u32, own_memory())])
        .collect();
    calls.sort_by_key(|(number, _)| *number);
    program.extend(decide(&calls));
    program
}

/// Goes by halves: the kernel runs a new filter once for each number that there is (`seccomp_cache_prepare`), which took
/// longer than all that a component asks of it.
fn decide(calls: &[(u32, Vec<sock_filter>)]) -> Vec<sock_filter> {
    let middle = calls.len() / 2;
    match calls {
        [] => vec![kill()],
        [(number, then)] => {
            // The longest has six statements.
            let mut program = vec![unless_skip(*number, then.len() as u8)];
            program.extend(then);
            program.push(kill());
            program
        }
        _ => {
            let (lower, upper) = calls.split_at(middle);
            let (lower, higher) = (decide(lower), decide(upper));
            // All of it has some sixty.
            let mut program = vec![from_skip(upper[0].0, lower.len() as u8)];
            program.extend(lower);
            program.extend(higher);
            program
        }
    }
}

fn on_the_channel() -> Vec<sock_filter> {
    vec![
        load(argument(0)),
        unless_skip(DESCRIPTOR as u32, 1),
        allow(),
        kill(),
    ]
}

fn own_memory() -> Vec<sock_filter> {
    vec![
        load(argument(3)),
        statement(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, MAP_LOOKED_AT),
        unless_skip(MAP_EXPECTED, 1),
        allow(),
        kill(),
    ]
}

fn statement(code: u32, value: u32) -> sock_filter {
    sock_filter {
        // BPF's codes have 16 bits.
        code: code as u16,
        jt: 0,
        jf: 0,
        k: value,
    }
}

fn load(offset: u32) -> sock_filter {
    statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset)
}

/// Goes on with the next statement when the value is this, else `skip` statements behind it.
fn unless_skip(value: u32, skip: u8) -> sock_filter {
    sock_filter {
        jf: skip,
        ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value)
    }
}

/// Skips `skip` statements when the value is at least this, else goes on with the next one.
fn from_skip(value: u32, skip: u8) -> sock_filter {
    sock_filter {
        jt: skip,
        ..statement(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, value)
    }
}

/// The opposite of [`unless_skip`].
fn if_skip(value: u32, skip: u8) -> sock_filter {
    sock_filter {
        jt: skip,
        ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value)
    }
}

fn allow() -> sock_filter {
    statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW)
}

fn kill() -> sock_filter {
    statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_KILL_PROCESS)
}
