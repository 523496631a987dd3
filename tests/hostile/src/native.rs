//! Native code in the place of a component's: what stands behind wasmtime is tested by what wasmtime would have
//! to let through first. For x86-64, by hand.

/// Machine code that makes system calls.
#[derive(Default)]
pub struct Native(Vec<u8>);

/// An argument of a system call.
#[derive(Debug, Clone, Copy)]
pub enum Argument<'a> {
    /// A number.
    Number(u64),
    /// The address of these bytes, with a zero behind them.
    Bytes(&'a [u8]),
}

use Argument::{Bytes, Number};

/// `movabs` to the registers of a system call's arguments (System V ABI, AMD64 supplement, "Linux Conventions").
const LOAD: [[u8; 2]; 6] = [
    [0x48, 0xbf], // rdi
    [0x48, 0xbe], // rsi
    [0x48, 0xba], // rdx
    [0x49, 0xba], // r10
    [0x49, 0xb8], // r8
    [0x49, 0xb9], // r9
];
/// `pop` to the same.
const POP: [&[u8]; 6] = [
    &[0x5f],
    &[0x5e],
    &[0x5a],
    &[0x41, 0x5a],
    &[0x41, 0x58],
    &[0x41, 0x59],
];
const LOAD_RAX: [u8; 2] = [0x48, 0xb8];
const SYSCALL: [u8; 2] = [0x0f, 0x05];
const CALL: u8 = 0xe8;
const JUMP: u8 = 0xe9;
const NO_OPERATION: u8 = 0x90;

/// `exit_group` (arch/x86/entry/syscalls/syscall_64.tbl), which may be called.
const EXIT: u64 = 231;
/// `write`
const WRITE: u64 = 1;
/// `read`
const READ: u64 = 0;

/// How the code ends when a system call came back: what plumb reports then is not what a test expects.
const SURVIVED: u64 = 77;

impl Native {
    /// Code that makes one system call, and ends if it comes back.
    pub fn tries(number: u64, arguments: &[Argument<'_>]) -> Self {
        Self::default().call(number, arguments).exit(SURVIVED)
    }

    /// A system call.
    #[must_use]
    pub fn call(mut self, number: u64, arguments: &[Argument<'_>]) -> Self {
        for (at, argument) in arguments.iter().enumerate() {
            match argument {
                Number(number) => {
                    self.0.extend(LOAD[at]);
                    self.0.extend(number.to_le_bytes());
                }
                Bytes(bytes) => {
                    // A call over the bytes leaves their address on the stack.
                    let length = u32::try_from(bytes.len() + 1).expect("it is short");
                    self.0.push(CALL);
                    self.0.extend(length.to_le_bytes());
                    self.0.extend(*bytes);
                    self.0.push(0);
                    self.0.extend(POP[at]);
                }
            }
        }
        self.0.extend(LOAD_RAX);
        self.0.extend(number.to_le_bytes());
        self.0.extend(SYSCALL);
        self
    }

    /// Bytes as they are.
    #[must_use]
    pub fn raw(mut self, code: &[u8]) -> Self {
        self.0.extend(code);
        self
    }

    /// Writes bytes to the channel.
    #[must_use]
    pub fn send(self, bytes: &[u8]) -> Self {
        let length = bytes.len() as u64;
        self.call(WRITE, &[Number(0), Bytes(bytes), Number(length)])
    }

    /// Reads from the channel, over what lies on the stack.
    #[must_use]
    pub fn receive(self) -> Self {
        // sub rsp, 4096; mov rsi, rsp; mov edx, 4096
        const PLACE: &[u8] = &[
            0x48, 0x81, 0xec, 0x00, 0x10, 0x00, 0x00, 0x48, 0x89, 0xe6, 0xba, 0x00, 0x10, 0x00,
            0x00,
        ];
        // add rsp, 4096
        const BACK: &[u8] = &[0x48, 0x81, 0xc4, 0x00, 0x10, 0x00, 0x00];
        self.raw(PLACE).call(READ, &[Number(0)]).raw(BACK)
    }

    /// Ends the process.
    #[must_use]
    pub fn exit(self, status: u64) -> Self {
        self.call(EXIT, &[Number(status)])
    }

    /// Does it all again, for ever.
    #[must_use]
    pub fn again(mut self) -> Self {
        let back = i32::try_from(self.0.len() + 5).expect("it is short");
        self.0.push(JUMP);
        self.0.extend((-back).to_le_bytes());
        self
    }

    /// A compiled component whose code is this, wherever it is entered.
    ///
    /// # Panics
    ///
    /// When it is no compiled component, or its code has no room.
    #[must_use]
    pub fn instead_of(&self, mut compiled: Vec<u8>) -> Vec<u8> {
        let (start, size) = code_of(&compiled).expect("a compiled component has code");
        let code = &mut compiled[start..start + size];
        code.fill(NO_OPERATION);
        let at = size - self.0.len();
        code[at..].copy_from_slice(&self.0);
        compiled
    }
}

/// Where the section `.text` lies: its offset and its size (elf(5): `Elf64_Ehdr`, `Elf64_Shdr`).
fn code_of(elf: &[u8]) -> Option<(usize, usize)> {
    const SECTIONS_AT: usize = 0x28;
    const SECTION_SIZE: usize = 0x40;
    const SECTION_COUNT_AT: usize = 0x3c;
    const NAMES_AT: usize = 0x3e;
    let number = |at: usize, size: usize| {
        let bytes = elf.get(at..at + size)?;
        let number = bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | usize::from(*byte));
        Some(number)
    };
    let sections = number(SECTIONS_AT, 8)?;
    let header = |index: usize| sections + index * SECTION_SIZE;
    let place = |index: usize| {
        let at = header(index);
        Some((number(at + 0x18, 8)?, number(at + 0x20, 8)?))
    };
    let (names, _) = place(number(NAMES_AT, 2)?)?;
    (0..number(SECTION_COUNT_AT, 2)?).find_map(|index| {
        let name = names + number(header(index), 4)?;
        match elf.get(name..)?.starts_with(b".text\0") {
            true => place(index),
            false => None,
        }
    })
}
