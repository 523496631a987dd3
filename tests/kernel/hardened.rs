//! How the program's file is made: what a flaw in it could be used for depends on that.

use std::fs;

use plumb_tests::binaries;

/// `PT_*` and `PF_*` (elf.h).
const LOAD: u32 = 1;
const STACK: u32 = 0x6474_e551;
const RELRO: u32 = 0x6474_e552;
const EXECUTABLE: u32 = 1;
const WRITABLE: u32 = 2;

/// Kind and flags of each segment.
fn segments(file: &[u8]) -> Vec<(u32, u32)> {
    assert_eq!(file.get(..5), Some(&b"\x7fELF\x02"[..]), "ELF of 64 bits");
    let number = |at: usize, bytes: usize| {
        let field = &file[at..at + bytes];
        field
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    let place = |at, bytes| usize::try_from(number(at, bytes)).expect("within the file");
    let (table, size, count) = (place(32, 8), place(54, 2), place(56, 2));
    (0..count)
        .map(|index| {
            let word = |offset| {
                u32::try_from(number(table + index * size + offset, 4)).expect("four bytes")
            };
            (word(0), word(4))
        })
        .collect()
}

#[test]
fn no_memory_is_writable_and_executable() {
    let segments = segments(&fs::read(binaries::plumb()).expect("read plumb"));
    let of = |kind: u32| segments.iter().filter(move |segment| segment.0 == kind);
    assert!(of(LOAD).count() > 1);
    for (_, flags) in of(LOAD).chain(of(STACK)) {
        assert_ne!(
            flags & (WRITABLE | EXECUTABLE),
            WRITABLE | EXECUTABLE,
            "{segments:x?}"
        );
    }
    assert_eq!(of(STACK).count(), 1, "without it the stack is executable");
    assert_eq!(
        of(STACK).next().map(|segment| segment.1 & EXECUTABLE),
        Some(0)
    );
    assert_eq!(
        of(RELRO).count(),
        1,
        "what is only written at the start is protected afterwards"
    );
}
