//! The dropout kernels against copying memory, on every back end of the machine, on one thread.
//!
//! `cargo bench --bench dropout` runs itself once for each instruction set and prints, after criterion's own
//! report, a table of ratios: the median time over that of the faster of `memcpy` and a copy with streaming
//! stores of the same size in the same run. All rows of a size are measured in turn, round after round, so that
//! a change of the machine's speed meets them all.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use inverted_dropout::isa::{self, Isa};
use inverted_dropout::mask::Mask;
use inverted_dropout::ops::{
    Scaling, dropout, dropout_backward, dropout_backward_rows, dropout_in_place, dropout_rows,
};
use inverted_dropout::stream::{Address, Rate};

/// Shapes: a flat array, or rows with ids.
const SHAPES: [Shape; 7] = [
    Shape::Flat { mebibytes: 1 },
    Shape::Flat { mebibytes: 4 },
    Shape::Flat { mebibytes: 16 },
    Shape::Flat { mebibytes: 64 },
    Shape::Flat { mebibytes: 128 },
    Shape::Rows { rows: 4096, width: 64 },
    Shape::Rows { rows: 1024, width: 512 },
];

/// p = 0.5 takes one random bit an element; 0.1 stands for any p, which takes eight planes.
const RATES: [f64; 2] = [0.5, 0.1];

const ROUNDS: usize = 15;

#[derive(Clone, Copy)]
enum Shape {
    Flat { mebibytes: usize },
    Rows { rows: usize, width: usize },
}

impl Shape {
    fn elements(self) -> usize {
        match self {
            Shape::Flat { mebibytes } => mebibytes << 18,
            Shape::Rows { rows, width } => rows * width,
        }
    }

    fn name(self) -> String {
        match self {
            Shape::Flat { mebibytes } => format!("{mebibytes} MiB"),
            Shape::Rows { rows, width } => format!("{rows} x {width}"),
        }
    }

    /// Lanes drawn for each element: rows are padded to whole groups of 128.
    fn padding(self) -> f64 {
        match self {
            Shape::Flat { .. } => 1.0,
            Shape::Rows { width, .. } => width.next_multiple_of(128) as f64 / width as f64,
        }
    }
}

fn main() {
    match std::env::var(isa::VARIABLE) {
        Ok(_) => bench(),
        Err(_) => {
            let this = std::env::current_exe().expect("the path of this program");
            for isa in Isa::available() {
                let status = std::process::Command::new(&this)
                    .args(std::env::args_os().skip(1))
                    .env(isa::VARIABLE, isa.name())
                    .status()
                    .expect("this program runs again");
                assert!(status.success(), "{isa}: {status}");
            }
        }
    }
}

/// A named piece of work on `x` and `y`.
struct Row<'a> {
    name: String,
    work: Box<dyn FnMut() + 'a>,
    nanoseconds: Vec<f64>,
}

fn bench() {
    let isa = Isa::active().expect("an instruction set of this machine");
    let mut criterion = Criterion::default().configure_from_args();
    for shape in SHAPES {
        let elements = shape.elements();
        let x: Vec<f32> = (0..elements).map(|i| i as f32 * 0.1).collect();
        let ids: Vec<u32> = (0..4096).collect();
        // JavaScript's large arrays begin 16 bytes past a page: so does this one.
        let mut memory = vec![0f32; elements + 1024];
        let start = (memory.as_ptr() as usize).next_multiple_of(4096) + 16 - memory.as_ptr() as usize;
        let y = Output(memory[start / 4..start / 4 + elements].as_mut_ptr(), elements);

        let mut rows = rows(shape, &x, y, &ids);
        let repeats = ((1 << 22) / elements).max(1);
        for _ in 0..ROUNDS {
            for row in &mut rows {
                let started = Instant::now();
                for _ in 0..repeats {
                    (row.work)();
                }
                row.nanoseconds.push(started.elapsed().as_nanos() as f64 / (repeats * elements) as f64);
            }
        }
        print(isa, shape, &mut rows);
        report(&mut criterion, isa, shape, &mut rows);
    }
    criterion.final_summary();
}

/// The output array: handed to one row of the benchmark at a time.
#[derive(Clone, Copy)]
struct Output(*mut f32, usize);

impl Output {
    #[allow(clippy::mut_from_ref)] // each row's work runs alone and ends before the next begins
    fn slice<'a>(self) -> &'a mut [f32] {
        // SAFETY: the memory outlives the rows, and only one of them runs at a time.
        unsafe { std::slice::from_raw_parts_mut(self.0, self.1) }
    }
}

fn rows<'a>(shape: Shape, x: &'a [f32], y: Output, ids: &'a [u32]) -> Vec<Row<'a>> {
    let mut rows = vec![
        Row::new("memcpy", move || black_box(y.slice()).copy_from_slice(x)),
        Row::new("streaming copy", move || streaming_copy(x, y.slice())),
    ];
    for rate in RATES {
        let mask = Mask {
            address: Address { seed: 7, ..Address::default() },
            rate: Rate::new(rate).expect("a rate"),
        };
        let name = |work: &str| format!("{work}, p = {rate}");
        let scaling = Scaling::Inverted;
        rows.push(Row::new(name("forward"), move || dropout(&mask, scaling, x, y.slice()).unwrap()));
        rows.push(Row::new(name("backward"), move || {
            dropout_backward(&mask, scaling, x, y.slice()).unwrap()
        }));
        rows.push(Row::new(name("in place"), move || dropout_in_place(&mask, scaling, y.slice()).unwrap()));
        if let Shape::Rows { rows: count, width } = shape {
            let ids = &ids[..count];
            rows.push(Row::new(name("forward, rows with ids"), move || {
                dropout_rows(&mask, scaling, ids, width, x, y.slice()).unwrap();
            }));
            rows.push(Row::new(name("backward, rows with ids"), move || {
                dropout_backward_rows(&mask, scaling, ids, width, x, y.slice()).unwrap();
            }));
        }
    }
    rows
}

impl<'a> Row<'a> {
    fn new(name: impl Into<String>, work: impl FnMut() + 'a) -> Self {
        Row { name: name.into(), work: Box::new(work), nanoseconds: Vec::new() }
    }

    fn median(&mut self) -> f64 {
        self.nanoseconds.sort_by(f64::total_cmp);
        self.nanoseconds[self.nanoseconds.len() / 2]
    }
}

fn print(isa: Isa, shape: Shape, rows: &mut [Row<'_>]) {
    let medians: Vec<f64> = rows.iter_mut().map(Row::median).collect();
    let copy = medians[0].min(medians[1]);
    println!("\n{isa}, {}", shape.name());
    println!("  {:<34} {:>10} {:>10} {:>22}", "", "ns/element", "x copy", "x flat, per lane");
    for (row, median) in rows.iter().zip(&medians) {
        // A row's kernel is held against the flat one of the same rate, lane by lane of its padded groups.
        let flat = row
            .name
            .split_once(", rows with ids")
            .and_then(|(work, rate)| rows.iter().position(|other| other.name == format!("{work}{rate}")));
        let per_lane =
            flat.map_or(String::new(), |flat| format!("{:.2}", median / shape.padding() / medians[flat]));
        println!("  {:<34} {median:>10.4} {:>10.2} {per_lane:>22}", row.name, median / copy);
    }
}

/// The same work in criterion's own report.
fn report(criterion: &mut Criterion, isa: Isa, shape: Shape, rows: &mut [Row<'_>]) {
    let mut group = criterion.benchmark_group(format!("{isa}/{}", shape.name()));
    group.throughput(Throughput::Bytes(4 * shape.elements() as u64));
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200));
    for row in rows {
        group.bench_function(&row.name, |bencher| bencher.iter(&mut row.work));
    }
    group.finish();
}

/// A copy whose stores go past the caches.
fn streaming_copy(from: &[f32], to: &mut [f32]) {
    assert_eq!(from.len(), to.len());
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_mm_loadu_ps, _mm_sfence, _mm_stream_ps};
        // The output begins 16 bytes past a page, so four elements at a time are aligned.
        for (from, to) in from.chunks_exact(4).zip(to.chunks_exact_mut(4)) {
            // SAFETY: SSE is part of x86-64; both chunks have four elements, and `to` is 16-byte aligned.
            unsafe { _mm_stream_ps(to.as_mut_ptr(), _mm_loadu_ps(from.as_ptr())) };
        }
        // SAFETY: SSE is part of x86-64.
        unsafe { _mm_sfence() };
    }
    #[cfg(not(target_arch = "x86_64"))]
    to.copy_from_slice(from);
}
