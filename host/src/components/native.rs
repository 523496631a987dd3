//! Native code that was read from a file, in memory that it can be run in.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::fs::File;
use std::io::{self, Read};
use std::ptr::NonNull;

use super::builtin::PAGE;

/// Whole pages that begin with a file's content.
pub struct Native {
    memory: NonNull<u8>,
    layout: Layout,
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
        let layout = Layout::from_size_align(length.next_multiple_of(PAGE), PAGE)
            .map_err(io::Error::other)?;
        // SAFETY: the size is not zero.
        let memory = NonNull::new(unsafe { alloc_zeroed(layout) })
            .unwrap_or_else(|| handle_alloc_error(layout));
        let mut native = Self {
            memory,
            layout,
            length,
        };
        let mut file = file;
        file.read_exact(native.bytes_mut())?;
        Ok(native)
    }

    /// The content.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: as many bytes are allocated, and set since.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr(), self.length) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and nobody else has them.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_ptr(), self.length) }
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(self.memory.as_ptr(), self.layout) }
    }
}
