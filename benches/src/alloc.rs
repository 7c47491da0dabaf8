//! Allocations per request, counted by a global allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use crate::app::Contender;
use crate::loads::Load;
use crate::table;

/// The system's allocator, with counters that stand still unless they are wanted: the timed runs
/// pay one well-predicted branch.
pub(crate) struct Counting;

static WANTED: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

fn note(bytes: usize) {
    if WANTED.load(Relaxed) {
        COUNT.fetch_add(1, Relaxed);
        BYTES.fetch_add(bytes as u64, Relaxed);
    }
}

#[allow(unsafe_code)]
// SAFETY: every call goes to the system's allocator unchanged; the counters don't allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block came from the system's allocator, as all do here.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Growing is an allocation of the new size: that is what it costs when it can't be done in
        // place.
        note(size);
        // SAFETY: the block came from the system's allocator, as all do here.
        unsafe { System.realloc(block, layout, size) }
    }
}

const WARM_UP: usize = 200;
const COUNTED: usize = 301;

/// Prints count and bytes of a request, contender by contender.
pub(crate) fn print(contenders: &mut [Box<dyn Contender>]) {
    println!("Allocations per request, count / bytes\n");
    table::head();
    for contender in contenders {
        let cells = Load::ALL.map(|load| {
            let (count, bytes) = of(contender.as_mut(), load);
            format!("{count} / {bytes}")
        });
        table::row(contender.name(), &cells);
    }
}

/// The middle of many single requests: a store that grows its table now and then doesn't blur it.
fn of(contender: &mut dyn Contender, load: Load) -> (u64, u64) {
    contender.prepare(load, WARM_UP);
    contender.serve(WARM_UP);
    let mut counts = Vec::with_capacity(COUNTED);
    let mut bytes = Vec::with_capacity(COUNTED);
    for _ in 0..COUNTED {
        contender.prepare(load, 1);
        COUNT.store(0, Relaxed);
        BYTES.store(0, Relaxed);
        WANTED.store(true, Relaxed);
        contender.serve(1);
        WANTED.store(false, Relaxed);
        counts.push(COUNT.load(Relaxed));
        bytes.push(BYTES.load(Relaxed));
    }
    counts.sort_unstable();
    bytes.sort_unstable();
    (counts[COUNTED / 2], bytes[COUNTED / 2])
}
