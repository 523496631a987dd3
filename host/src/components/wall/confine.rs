//! What a component's process gives up before the component's code is looked at.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use super::channel::DESCRIPTOR;
use super::{Limits, OVER, exit};
use nix::errno::Errno;
use nix::libc;
use nix::unistd::{Pid, Uid, getppid};

/// A call that makes the wall, and why the kernel refused it.
pub type Step = Result<(), (&'static str, Errno)>;

/// The user and the group that own nothing: `nobody`, as the kernel has it for identifiers that it cannot map.
const NOBODY: u32 = 65_534;

/// What a child may use nothing of; what is not here has no limit or is out of reach by the filter.
const NOTHING_OF: [libc::__rlimit_resource_t; 5] = [
    libc::RLIMIT_CORE,
    libc::RLIMIT_FSIZE,
    libc::RLIMIT_MEMLOCK,
    libc::RLIMIT_NOFILE,
    libc::RLIMIT_NPROC,
];

/// The result of a call of the kernel.
pub fn check(call: &'static str, result: libc::c_int) -> Step {
    match result {
        0.. => Ok(()),
        _ => Err((call, Errno::last())),
    }
}

/// Closes everything but the channel.
pub fn leave_descriptors(socket: UnixStream) -> Step {
    // SAFETY: both only change the table of descriptors; what owns one in this copy of plumb is never used again.
    unsafe {
        check("dup2", libc::dup2(socket.as_raw_fd(), DESCRIPTOR))?;
        let first = (DESCRIPTOR + 1) as libc::c_uint;
        let closed = libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0);
        check("close_range", closed as libc::c_int)?;
    }
    std::mem::forget(socket);
    Ok(())
}

/// Becomes nobody, who may do nothing, and dies with the parent.
pub fn leave_rights(parent: Pid, limits: &Limits) -> Step {
    limit(libc::RLIMIT_CPU, limits.processor)?;
    limit(libc::RLIMIT_DATA, limits.data)?;
    limit(libc::RLIMIT_AS, limits.address_space)?;
    for resource in NOTHING_OF {
        limit(resource, 0)?;
    }
    if Uid::effective().is_root() {
        leave_bounding_set()?;
        become_nobody()?;
    }
    leave_capabilities()?;
    set(libc::PR_SET_NO_NEW_PRIVS, 1, "no_new_privs")?;
    // Changing the user took it back, so it comes after that.
    set(libc::PR_SET_DUMPABLE, 0, "dumpable")?;
    set(
        libc::PR_SET_PDEATHSIG,
        libc::SIGKILL as libc::c_ulong,
        "pdeathsig",
    )?;
    if getppid() != parent {
        exit(OVER);
    }
    Ok(())
}

/// Lowers a limit, for good.
fn limit(resource: libc::__rlimit_resource_t, most: u64) -> Step {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the kernel writes to and reads from a structure that lives until the call has returned.
    check("getrlimit", unsafe {
        libc::getrlimit(resource, &mut limit)
    })?;
    limit.rlim_cur = limit.rlim_cur.min(most);
    // Of processor time the soft limit has a signal of its own, and the hard one comes a second later.
    let hard = most + u64::from(resource == libc::RLIMIT_CPU);
    limit.rlim_max = limit.rlim_max.min(hard);
    // SAFETY: as above.
    check("setrlimit", unsafe { libc::setrlimit(resource, &limit) })
}

/// No program that were ever started could give a capability back.
fn leave_bounding_set() -> Step {
    for capability in 0.. {
        match set(libc::PR_CAPBSET_DROP, capability, "capbset_drop") {
            // The kernel knows no more of them.
            Err((_, Errno::EINVAL)) => break,
            dropped => dropped?,
        }
    }
    Ok(())
}

fn become_nobody() -> Step {
    // SAFETY: these only change the identity of the process, which has one thread.
    unsafe {
        match check("setresgid", libc::setresgid(NOBODY, NOBODY, NOBODY)) {
            // A user namespace that does not know nobody: its root is somebody without rights outside of it, and
            // loses its capabilities inside.
            Err((_, Errno::EINVAL)) => return Ok(()),
            changed => changed?,
        }
        check("setgroups", libc::setgroups(0, std::ptr::null()))?;
        check("setresuid", libc::setresuid(NOBODY, NOBODY, NOBODY))
    }
}

fn leave_capabilities() -> Step {
    let clear = libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong;
    set(libc::PR_CAP_AMBIENT, clear, "cap_ambient")?;
    // `struct __user_cap_header_struct` and twice `__user_cap_data_struct` (capset(2)).
    const VERSION_3: u32 = 0x2008_0522;
    let header: [u32; 2] = [VERSION_3, 0];
    let none = [0_u32; 6];
    // SAFETY: the kernel reads two structures that live until the call has returned.
    let dropped =
        unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) } as libc::c_int;
    check("capset", dropped)
}

fn set(option: libc::c_int, value: libc::c_ulong, name: &'static str) -> Step {
    const NONE: libc::c_ulong = 0;
    // SAFETY: of the options that are set here none has an argument that is a pointer.
    check(name, unsafe {
        libc::prctl(option, value, NONE, NONE, NONE)
    })
}
