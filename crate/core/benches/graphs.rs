//! Masks of a graph of a million edges between 100 000 nodes.
//!
//! `cargo bench --bench graphs` runs itself once for each instruction set and prints milliseconds on one
//! thread and on all threads of the machine. Outputs are memory that has been written before; all rows are
//! measured in turn, round after round; figures are medians.

use std::hint::black_box;
use std::time::Instant;

use inverted_dropout::isa::{self, Isa};
use inverted_dropout::mask::graph::{
    DropEdge, DropNode, DropPath, Edges, Graph, RowLists, Rows, Walks, count, keep_between, kept_edges, words,
};
use inverted_dropout::ops::graph::{EdgeScaling, drop_edge_rows};
use inverted_dropout::parallel;
use inverted_dropout::stream::{Address, Rate};

const NODES: usize = 100_000;
const EDGES: usize = 1_000_000;
const ROUNDS: usize = 15;

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

/// Outputs of all that is measured.
struct Room {
    bits: Vec<u64>,
    nodes: Vec<u64>,
    lists: [Vec<u32>; 3],
    row_ptr: Vec<u32>,
    values: Vec<f32>,
}

type Work<'a> = Box<dyn Fn(&mut Room) + Send + Sync + 'a>;

fn works<'a>(
    graph: &'a Graph<'a>,
    named: &'a Graph<'a>,
    weights: &'a [f32],
) -> Vec<(&'static str, Work<'a>)> {
    let rate = Rate::new(0.2).expect("a rate");
    let address = Address { seed: 7, ..Address::default() };
    let directed = DropEdge { address, rate, undirected: false };
    let undirected = DropEdge { undirected: true, ..directed };
    let draw = move |room: &mut Room| directed.keep(graph, &mut room.bits).expect("bits");
    let list = move |room: &mut Room| {
        let kept = count(&room.bits);
        let [sources, targets, index] = &mut room.lists;
        let lists = (&mut sources[..kept], &mut targets[..kept], &mut index[..kept]);
        kept_edges(graph.edges(), &room.bits, lists.0, lists.1, lists.2);
    };
    let rows = Rows { by_target: false, mirror: false };
    let compress = move |room: &mut Room| {
        let entries = rows.entries(graph, Some(&room.bits)).expect("rows");
        let [columns, edges, _] = &mut room.lists;
        let (columns, edges) = (&mut columns[..entries], &mut edges[..entries]);
        let lists = RowLists { starts: &mut room.row_ptr, columns, edges };
        rows.write(graph, Some(&room.bits), lists).expect("rows");
    };
    let scale = move |scaling| {
        move |room: &mut Room| {
            drop_edge_rows(graph, &room.bits, scaling, weights, &mut room.values).expect("weights");
        }
    };
    let path = move |per_node| DropPath {
        walks: Walks::new(address, 3, true).expect("a length"),
        rate: Rate::new(0.7).expect("a rate"),
        per_node,
    };
    vec![
        ("directed: keep bits", Box::new(draw)),
        (
            "undirected: keep bits",
            Box::new(move |room| undirected.keep(graph, &mut room.bits).expect("bits")),
        ),
        ("undirected, nodes with ids", {
            Box::new(move |room| undirected.keep(named, &mut room.bits).expect("bits"))
        }),
        ("lists of the kept edges", Box::new(list)),
        ("rows of the kept edges (CSR)", Box::new(compress)),
        ("directed: bits and lists", {
            Box::new(move |room| {
                draw(room);
                list(room);
            })
        }),
        ("directed: bits and rows", {
            Box::new(move |room| {
                draw(room);
                compress(room);
            })
        }),
        ("weights, inverted", Box::new(scale(EdgeScaling::inverted(rate)))),
        ("weights, by degree", Box::new(scale(EdgeScaling::Degree(rows)))),
        ("nodes and the edges between them", {
            Box::new(move |room| {
                DropNode { address, rate }.keep(NODES, None, &mut room.nodes).expect("bits");
                keep_between(graph, &room.nodes, &mut room.bits).expect("bits");
            })
        }),
        ("70 000 walks of 3 steps", {
            Box::new(move |room| {
                path(1).keep(graph, &mut room.bits).expect("walks");
            })
        }),
    ]
}

fn bench() {
    let isa = Isa::active().expect("an instruction set of this machine");
    let threads = parallel::default_threads().expect("threads");
    let mut state = 1u64;
    let ends: Vec<u32> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (((state >> 32) * NODES as u64) >> 32) as u32
    })
    .take(2 * EDGES)
    .collect();
    let names: Vec<u32> = (0..NODES as u32).map(|node| node.wrapping_mul(0x9E37_79B1)).collect();
    let edges = Edges::stacked(&ends).expect("an even number of ends");
    let graph = Graph::new(edges, Some(NODES), None, None).expect("ends below the nodes");
    let named = Graph::new(edges, Some(NODES), Some(&names), None).expect("an id for each node");
    let weights: Vec<f32> = (0..EDGES).map(|i| i as f32 * 0.1).collect();
    let mut room = Room {
        bits: vec![!0; words(EDGES)],
        nodes: vec![0; words(NODES)],
        lists: [vec![1; EDGES], vec![1; EDGES], vec![1; EDGES]],
        row_ptr: vec![1; NODES + 1],
        values: vec![1.0; EDGES],
    };
    let works = works(&graph, &named, &weights);
    let mut seconds = vec![[const { Vec::new() }; 2]; works.len()];
    for _ in 0..ROUNDS {
        for ((_, work), seconds) in works.iter().zip(&mut seconds) {
            for (seconds, threads) in seconds.iter_mut().zip([1, threads]) {
                let started = Instant::now();
                parallel::install(threads, || work(&mut room)).expect("threads");
                seconds.push(started.elapsed().as_secs_f64());
                black_box((&room.bits, &room.lists, &room.values));
            }
        }
    }
    println!("\n{isa}: {EDGES} edges between {NODES} nodes, p = 0.2");
    println!("| what | ms, 1 thread | ms, {threads} threads |\n|---|---:|---:|");
    for ((name, _), seconds) in works.iter().zip(&mut seconds) {
        let [one, all] = seconds.each_mut().map(|seconds| {
            seconds.sort_by(f64::total_cmp);
            seconds[seconds.len() / 2] * 1e3
        });
        println!("| {name} | {one:.2} | {all:.2} |");
    }
}
