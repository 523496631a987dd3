//! Where plumb's memory comes from: one block, handed out from its beginning to its end.
//!
//! A call lives for some milliseconds, and hardly anything that it allocates is freed before it ends. An allocator
//! that keeps books to use memory again is mostly work for nothing: an ADD takes 18 % fewer instructions with this
//! one than with glibc's, and 3 % less time (`docs/benchmarks.md`). Two things come from the system's allocator all
//! the same: large pieces, because buffers are used again and a page that is touched for the first time costs more
//! than the books, and what does not fit into the block any more (GC on a node with many records).

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Several times what an ADD with two components takes. The kernel gives a page when it is first written to.
const SIZE: usize = 1 << 20;
/// Pieces from here on are large.
const LARGE: usize = 1024;
/// The block begins at a page, so up to here an offset is aligned as its address is.
const ALIGNMENT: usize = 4096;

/// The allocator of the program: see `main.rs`.
pub(crate) struct Arena {
    block: Block,
    /// What begins here is free.
    used: AtomicUsize,
}

#[repr(align(4096))]
struct Block(UnsafeCell<[u8; SIZE]>);

// SAFETY: the bytes are reached only through the pointers that `alloc` returns, each of which leads to bytes that
// belong to its owner alone.
unsafe impl Sync for Block {}

impl Arena {
    pub(crate) const fn new() -> Self {
        Self {
            block: Block(UnsafeCell::new([0; SIZE])),
            used: AtomicUsize::new(0),
        }
    }

    fn start(&self) -> *mut u8 {
        self.block.0.get().cast()
    }

    /// Where in the block memory is; None when it came from the system.
    fn offset(&self, memory: *mut u8) -> Option<usize> {
        let offset = memory.addr().wrapping_sub(self.start().addr());
        (offset < SIZE).then_some(offset)
    }

    /// Moves the end of the memory that begins at `offset`, if nothing lies behind it.
    fn move_end(&self, offset: usize, size: usize, new_size: usize) -> bool {
        let (end, new_end) = (offset + size, offset.saturating_add(new_size));
        new_end <= SIZE
            && self
                .used
                .compare_exchange(end, new_end, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

// SAFETY: `used` only passes over bytes as a whole and in one atomic step, so no two owners get the same; it goes back
// only over what its owner has just given up. Ordering::Relaxed is enough: what an owner wrote reaches the next one by
// whatever hands the memory's last pointer from thread to thread. Nothing here allocates or unwinds.
//
// Never inlined: at each of the program's thousands of allocations that would be 5 % of its size.
unsafe impl GlobalAlloc for Arena {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let mut used = self.used.load(Ordering::Relaxed);
        loop {
            let offset = used.next_multiple_of(layout.align());
            let end = offset.saturating_add(layout.size());
            if layout.size() >= LARGE || end > SIZE || layout.align() > ALIGNMENT {
                // SAFETY: the caller's promise about the layout.
                return unsafe { System.alloc(layout) };
            }
            match self
                .used
                .compare_exchange_weak(used, end, Ordering::Relaxed, Ordering::Relaxed)
            {
                // SAFETY: offset is at most SIZE.
                Ok(_) => return unsafe { self.start().add(offset) },
                Err(now) => used = now,
            }
        }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        match self.offset(memory) {
            // Used again if it is the last; else it stays unused.
            Some(offset) => {
                self.move_end(offset, layout.size(), 0);
            }
            // SAFETY: it came from there, with this layout.
            None => unsafe { System.dealloc(memory, layout) },
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Some(offset) = self.offset(memory) else {
            // SAFETY: it came from there, with this layout.
            return unsafe { System.realloc(memory, layout, new_size) };
        };
        if new_size < LARGE && self.move_end(offset, layout.size(), new_size) {
            return memory;
        }
        // SAFETY: the caller promises that the new size, with the old alignment, is a layout; the two regions are of
        // different owners until the old one is given up.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !moved.is_null() {
                memory.copy_to_nonoverlapping(moved, layout.size().min(new_size));
                self.dealloc(memory, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    /// As in the program, where it is a static: too large for a test's stack.
    fn arena() -> &'static Arena {
        // SAFETY: an arena of zeroes is a new one.
        Box::leak(unsafe { Box::<Arena>::new_zeroed().assume_init() })
    }

    #[test]
    fn owners_never_share_bytes_whatever_they_ask_for() {
        let arena = arena();
        let mut seen: Vec<(usize, usize)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (1..=4_usize)
                .map(|thread| {
                    scope.spawn(move || {
                        let mut kept = Vec::new();
                        for turn in 0..2000_usize {
                            let layout = layout(turn % 97 + thread, 1 << (turn % 7));
                            // SAFETY: the size is not zero.
                            let memory = unsafe { arena.alloc(layout) };
                            assert_eq!(memory.addr() % layout.align(), 0);
                            if turn % 3 == 0 {
                                // SAFETY: it is ours, with this layout.
                                unsafe { arena.dealloc(memory, layout) };
                            } else {
                                kept.push((memory.addr(), layout.size()));
                            }
                        }
                        kept
                    })
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        seen.sort_unstable();
        assert!(
            seen.windows(2)
                .all(|pair| pair[0].0 + pair[0].1 <= pair[1].0)
        );
    }

    #[test]
    fn what_grows_keeps_its_bytes_in_place_or_elsewhere() {
        let arena = arena();
        let small = |size| layout(size, 8);
        // SAFETY: layouts as they were asked for, and sizes above zero.
        unsafe {
            let first = arena.alloc(small(100));
            first.write_bytes(7, 100);
            let grown = arena.realloc(first, small(100), 200);
            assert_eq!(grown, first, "the last grows in place");
            let second = arena.alloc(small(1));
            let moved = arena.realloc(first, small(200), 300);
            assert_ne!(moved, first, "another one is behind it");
            assert_eq!(std::slice::from_raw_parts(moved, 100), [7; 100]);
            let outside = arena.realloc(moved, small(300), LARGE);
            assert_eq!(arena.offset(outside), None, "large: from the system");
            assert_eq!(std::slice::from_raw_parts(outside, 100), [7; 100]);
            arena.dealloc(outside, small(LARGE));
            arena.dealloc(second, small(1));
        }
    }

    #[test]
    fn the_last_is_used_again_and_what_does_not_fit_comes_from_the_system() {
        let arena = arena();
        let piece = layout(LARGE / 2, 1);
        // SAFETY: as above.
        unsafe {
            let pieces: Vec<_> = (0..2 * SIZE / LARGE).map(|_| arena.alloc(piece)).collect();
            assert!(pieces.iter().all(|piece| arena.offset(*piece).is_some()));
            let outside = arena.alloc(piece);
            assert_eq!(arena.offset(outside), None, "the block is full");
            arena.dealloc(outside, piece);
            let last = pieces[pieces.len() - 1];
            arena.dealloc(last, piece);
            assert_eq!(arena.alloc(piece), last);
            arena.dealloc(pieces[0], piece);
            assert_eq!(
                arena.offset(arena.alloc(piece)),
                None,
                "the first stays unused"
            );
            let aligned = arena.alloc(layout(1, 2 * ALIGNMENT));
            assert_eq!(aligned.addr() % (2 * ALIGNMENT), 0);
            assert_eq!(arena.offset(aligned), None);
        }
    }
}
