//! Programs that see each packet of a netdev (`BPF_TCX_INGRESS` and `BPF_TCX_EGRESS`, Linux 6.6): they stay with it when it moves
//! between namespaces, whoever attached them.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;

use super::{Error, Result};

/// `enum bpf_attach_type` (linux/bpf.h)
const POINTS: [u32; 2] = [46, 47];

/// `enum bpf_cmd`
const PROG_DETACH: libc::c_int = 9;
const PROG_GET_FD_BY_ID: libc::c_int = 13;
const PROG_QUERY: libc::c_int = 16;
const LINK_GET_FD_BY_ID: libc::c_int = 30;
const LINK_DETACH: libc::c_int = 34;

/// Most programs at one point (`BPF_MPROG_MAX`, linux/bpf_mprog.h).
const MOST: usize = 64;

/// The part of `union bpf_attr` for queries.
#[repr(C)]
#[derive(Default)]
struct Query {
    index: u32,
    point: u32,
    query_flags: u32,
    attach_flags: u32,
    programs: u64,
    count: u32,
    padding: u32,
    program_flags: u64,
    links: u64,
    link_flags: u64,
    revision: u64,
}

/// That for detaching a program.
#[repr(C)]
#[derive(Default)]
struct Detach {
    index: u32,
    program: i32,
    point: u32,
    flags: u32,
    replaced: u32,
    relative: u32,
    revision: u64,
}

/// A program at one of the points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Attached {
    point: u32,
    program: u32,
    /// The identifier of the link (`bpf_link`) that holds it; 0 without one.
    link: u32,
}

/// The identifiers of the programs on the netdev of this index in the namespace of this thread, in order. None with a kernel that
/// has no such programs or does not let this user look.
///
/// # Errors
///
/// [`Error::Io`] when the kernel refuses for another reason.
pub fn programs(index: u32) -> Result<Vec<u32>> {
    let mut programs: Vec<u32> = attached(index)?.iter().map(|one| one.program).collect();
    programs.sort_unstable();
    Ok(programs)
}

/// Detaches all programs but those of these identifiers. Goes on when one is refused; the first refusal is the error.
///
/// # Errors
///
/// [`Error::Io`]
pub fn detach_others(index: u32, kept: &[u32]) -> Result<()> {
    let mut outcome = Ok(());
    for one in attached(index)? {
        if kept.contains(&one.program) {
            continue;
        }
        let detached = detach(index, one).map_err(|source| Error::Io {
            what: format!(
                "detach the tcx program {} from interface {index}",
                one.program
            ),
            source,
        });
        outcome = outcome.and(detached);
    }
    outcome
}

fn attached(index: u32) -> Result<Vec<Attached>> {
    let mut all = Vec::new();
    for point in POINTS {
        let (mut programs, mut links) = ([0_u32; MOST], [0_u32; MOST]);
        let mut query = Query {
            index,
            point,
            programs: programs.as_mut_ptr() as u64,
            count: MOST as u32,
            links: links.as_mut_ptr() as u64,
            ..Query::default()
        };
        // SAFETY: the kernel writes to the structure and to two lists of as many identifiers as it is told, all of which outlive
        // the call.
        match unsafe { bpf(PROG_QUERY, &mut query) } {
            Ok(_) => {}
            Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                // A kernel without them, without bpf(2), or for another user; a link that is gone.
                Some(
                    Errno::EINVAL | Errno::ENOSYS | Errno::EPERM | Errno::ENODEV | Errno::ENOENT,
                ) => {
                    continue;
                }
                _ => {
                    return Err(Error::Io {
                        what: format!("ask for the tcx programs of interface {index}"),
                        source: error,
                    });
                }
            },
        }
        let found = programs.iter().zip(&links).take(query.count as usize);
        all.extend(found.map(|(program, link)| Attached {
            point,
            program: *program,
            link: *link,
        }));
    }
    Ok(all)
}

fn detach(index: u32, attached: Attached) -> io::Result<()> {
    if attached.link != 0 {
        let link = by_identifier(LINK_GET_FD_BY_ID, attached.link)?;
        let mut descriptor = link.as_raw_fd();
        // SAFETY: the kernel reads one number.
        return unsafe { bpf(LINK_DETACH, &mut descriptor) }.map(drop);
    }
    let program = by_identifier(PROG_GET_FD_BY_ID, attached.program)?;
    let mut detach = Detach {
        index,
        program: program.as_raw_fd(),
        point: attached.point,
        ..Detach::default()
    };
    // SAFETY: the kernel reads the structure.
    unsafe { bpf(PROG_DETACH, &mut detach) }.map(drop)
}

/// A program or a link as a descriptor.
fn by_identifier(command: libc::c_int, identifier: u32) -> io::Result<OwnedFd> {
    // The identifier, the next one, flags.
    let mut attribute = [identifier, 0, 0];
    // SAFETY: the kernel reads three numbers.
    let descriptor = unsafe { bpf(command, &mut attribute) }?;
    // SAFETY: it was just opened, for nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// bpf(2).
///
/// # Safety
///
/// The attribute is the one of the command, and what it points to lives and has room for the answer.
unsafe fn bpf<T>(command: libc::c_int, attribute: &mut T) -> io::Result<libc::c_int> {
    // SAFETY: the kernel reads and writes no more than it is told that the attribute has.
    let answer = unsafe { libc::syscall(libc::SYS_bpf, command, attribute, size_of::<T>()) };
    match answer {
        ..0 => Err(io::Error::last_os_error()),
        // A descriptor, or 0.
        answer => Ok(answer as libc::c_int),
    }
}
