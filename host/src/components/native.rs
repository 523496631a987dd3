//! Native code of the store, or of a component at hand, in memory that it can be run in.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

use super::builtin::PAGE;

/// Whole pages that begin with the code.
pub struct Native {
    memory: NonNull<u8>,
    /// Of all pages, in bytes.
    size: NonZeroUsize,
    length: usize,
}

impl Native {
    /// All of a file.
    ///
    /// # Errors
    ///
    /// Those of reading, and one for a file without content or of more than `most` bytes.
    pub fn read(file: &File, most: usize) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length == 0 || length > most {
            let message = format!("it has {length} bytes, where 1 to {most} are expected");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let mut native = Self::zeroed(length)?;
        let mut file = file;
        file.read_exact(native.bytes_mut())?;
        Ok(native)
    }

    /// A copy of code that somebody has in memory.
    ///
    /// # Errors
    ///
    /// For no code at all, and where the kernel has no memory for it.
    pub fn copy(code: &[u8]) -> io::Result<Self> {
        let mut native = Self::zeroed(code.len())?;
        native.bytes_mut().copy_from_slice(code);
        Ok(native)
    }

    /// The kernel fills all pages in at once: to come for each when it is first written to takes longer than reading the
    /// file. Not a mapping of the file: what was compared with a digest could become something else.
    fn zeroed(length: usize) -> io::Result<Self> {
        let size = NonZeroUsize::new(length.next_multiple_of(PAGE))
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is empty"))?;
        let (access, flags) = (
            ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
            MapFlags::MAP_PRIVATE | MapFlags::MAP_POPULATE,
        );
        // SAFETY: the kernel finds a place where nothing else is.
        let memory = unsafe { mmap_anonymous(None, size, access, flags) }?;
        Ok(Self {
            memory: memory.cast(),
            size,
            length,
        })
    }

    /// The content.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: as many bytes are mapped, and set since.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr(), self.length) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and nobody else has them.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_ptr(), self.length) }
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this size, and nothing borrows it any more. There is nothing to do where it fails.
        let _ = unsafe { munmap(self.memory.cast(), self.size.get()) };
    }
}
