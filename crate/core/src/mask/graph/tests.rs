use proptest::prelude::*;

use super::walk::WalkOn;
use super::*;
use crate::error::Code;
use crate::parallel;
use crate::simd::testing::BackEnd;
use crate::stream::philox::philox;
use crate::stream::{Address, Rate};

fn address() -> Address {
    Address { seed: 0x0123_4567_89ab_cdef, site: 9, step: 4, ..Address::default() }
}

/// U of a key, as the contract says it.
fn uniform(plane: u32, [a, b]: [u32; 2]) -> u64 {
    let words = philox([a, b, address().step, address().word3(plane)], address().key());
    u64::from(words[0]) | u64::from(words[1]) << 32
}

fn bit(bits: &[u64], at: usize) -> bool {
    bits[at / 64] >> (at % 64) & 1 == 1
}

/// A graph of up to 30 nodes, with loops and parallel edges; the ends alternate.
fn graphs() -> impl Strategy<Value = (usize, Vec<u32>)> {
    (1usize..30).prop_flat_map(|nodes| {
        let ends = prop::collection::vec(0..nodes as u32, 0..200);
        (
            Just(nodes),
            ends.prop_map(|mut ends| {
                ends.truncate(ends.len() / 2 * 2);
                ends
            }),
        )
    })
}

/// Sources and targets of edges whose ends alternate.
fn split(ends: &[u32]) -> (Vec<u32>, Vec<u32>) {
    ends.chunks_exact(2).map(|ends| (ends[0], ends[1])).unzip()
}

/// An array of shape `[2, edges]` of the same.
fn stacked(ends: &[u32]) -> Vec<u32> {
    let (sources, targets) = split(ends);
    [sources, targets].concat()
}

/// Where rows begin, their columns and edges.
fn listed_rows(rows: &Rows, graph: &Graph<'_>, bits: Option<&[u64]>) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let entries = rows.entries(graph, bits).unwrap();
    let mut starts = vec![7; graph.nodes().unwrap() + 1];
    let (mut columns, mut edges) = (vec![7; entries], vec![7; entries]);
    let lists = RowLists { starts: &mut starts, columns: &mut columns, edges: &mut edges };
    rows.write(graph, bits, lists).unwrap();
    (starts, columns, edges)
}

proptest! {
    #[test]
    fn edges_are_drawn_for_by_their_names(
        (nodes, ends) in graphs(),
        rate in prop_oneof![Just(0.0), Just(1.0), Just(0.5), 0.0..=1.0],
        undirected: bool,
        named: bool,
        ids in prop_oneof![Just(0), Just(1), Just(2)],
    ) {
        let rate = Rate::new(rate).unwrap();
        let names: Vec<u32> = (0..nodes as u32).map(|node| node.wrapping_mul(0x9E37_79B1)).collect();
        let length = ends.len() / 2;
        let short: Vec<u32> = (0..length as u32).map(|edge| 7 * edge).collect();
        let long: Vec<u64> = short.iter().map(|&id| u64::from(id) << 20 | 5).collect();
        let edge_ids = [None, Some(EdgeIds::Short(&short)), Some(EdgeIds::Long(&long))][ids];
        let (sources, targets) = split(&ends);
        let mut bits = [vec![!0; words(length)], vec![!0; words(length)]];
        let array = stacked(&ends);
        let lists = [Edges::stacked(&array).unwrap(), Edges::new(&sources, &targets).unwrap()];
        for (edges, bits) in lists.into_iter().zip(&mut bits) {
            let graph = Graph::new(edges, Some(nodes), named.then_some(&names[..]), edge_ids).unwrap();
            let mask = DropEdge { address: address(), rate, undirected };
            mask.keep(&graph, bits).unwrap();
            for edge in 0..length {
                let name = |node: u32| if named { names[node as usize] } else { node };
                let (a, b) = (name(sources[edge]), name(targets[edge]));
                let u = match ids {
                    1 => uniform(10, [short[edge], 0]),
                    2 => uniform(10, [long[edge] as u32, (long[edge] >> 32) as u32]),
                    _ if undirected => uniform(8, [a.min(b), a.max(b)]),
                    _ => uniform(9, [a, b]),
                };
                let kept = rate.threshold().is_some_and(|threshold| u >= threshold);
                prop_assert_eq!(bit(bits, edge), kept);
            }
            prop_assert_eq!(bits.iter().map(|word| word.count_ones()).sum::<u32>() as usize, count(bits));
            prop_assert!((length..bits.len() * 64).all(|at| !bit(bits, at)));
        }
        prop_assert_eq!(&bits[0], &bits[1]);
    }

    #[test]
    fn nodes_take_their_edges_along((nodes, ends) in graphs(), named: bool) {
        let names: Vec<u32> = (0..nodes as u32).map(|node| node ^ 0x55).collect();
        let array = stacked(&ends);
        let graph = Graph::new(Edges::stacked(&array).unwrap(), Some(nodes), None, None).unwrap();
        let mask = DropNode { address: address(), rate: Rate::new(0.4).unwrap() };
        let mut kept = vec![0; words(nodes)];
        mask.keep(nodes, named.then_some(&names[..]), &mut kept).unwrap();
        for node in 0..nodes {
            let name = if named { names[node] } else { node as u32 };
            prop_assert_eq!(bit(&kept, node), uniform(11, [name, 0]) >= mask.rate.threshold().unwrap());
        }
        let mut bits = vec![!0; words(ends.len() / 2)];
        keep_between(&graph, &kept, &mut bits).unwrap();
        for (edge, ends) in ends.chunks_exact(2).enumerate() {
            prop_assert_eq!(bit(&bits, edge), ends.iter().all(|&end| bit(&kept, end as usize)));
        }
    }

    #[test]
    fn lists_and_rows_hold_what_is_kept(
        (nodes, ends) in graphs(),
        word: [u64; 2],
        by_target: bool,
        mirror: bool,
        all: bool,
    ) {
        let length = ends.len() / 2;
        let array = stacked(&ends);
        let graph = Graph::new(Edges::stacked(&array).unwrap(), Some(nodes), None, None).unwrap();
        let mut bits = vec![0; words(length)];
        for edge in 0..length {
            bits[edge / 64] |= (word[edge / 64] >> (edge % 64) & 1) << (edge % 64);
        }
        let listed: Vec<u32> = (0..length).filter(|&edge| bit(&bits, edge)).map(|edge| edge as u32).collect();
        let mut places = vec![0; listed.len()];
        kept(&bits, &mut places);
        prop_assert_eq!(&places, &listed);
        let expected: Vec<u32> = listed.iter().flat_map(|&edge| graph.edges().get(edge as usize)).collect();
        let (mut sources, mut targets) = (vec![0; listed.len()], vec![0; listed.len()]);
        kept_edges(graph.edges(), &bits, &mut sources, &mut targets, &mut places);
        prop_assert_eq!((sources, targets), split(&expected));

        let rows = Rows { by_target, mirror };
        let chosen = (!all).then_some(&bits[..]);
        let mut expected = vec![Vec::new(); nodes];
        for (edge, ends) in ends.chunks_exact(2).enumerate().filter(|&(edge, _)| all || bit(&bits, edge)) {
            let [row, column] = if by_target { [ends[1], ends[0]] } else { [ends[0], ends[1]] };
            expected[row as usize].push((column, edge as u32));
            if mirror && row != column {
                expected[column as usize].push((row, edge as u32));
            }
        }
        let (row_ptr, columns, edges) = listed_rows(&rows, &graph, chosen);
        for (row, expected) in expected.iter().enumerate() {
            let range = row_ptr[row] as usize..row_ptr[row + 1] as usize;
            let got: Vec<_> = range.map(|at| (columns[at], edges[at])).collect();
            prop_assert_eq!(&got, expected);
        }
    }

    #[test]
    fn walks_go_where_u_is_smallest(
        (nodes, ends) in graphs(),
        undirected: bool,
        named: bool,
        ids in prop::option::of(0u32..4),
        starts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let node_names: Vec<u32> = (0..nodes as u32).map(|node| !node).collect();
        let length = ends.len() / 2;
        let edge_ids: Vec<u32> = (0..length as u32).map(|edge| edge % ids.unwrap_or(1).max(1)).collect();
        let given = ids.map(|_| EdgeIds::Short(&edge_ids));
        let names = named.then_some(&node_names[..]);
        let array = stacked(&ends);
        let graph = Graph::new(Edges::stacked(&array).unwrap(), Some(nodes), names, given).unwrap();
        let starts: Vec<u32> = starts.iter().map(|start| start.index(nodes) as u32).collect();
        let walk_names: Vec<u32> = (0..starts.len() as u32).map(|walk| 1000 * walk + 3).collect();
        let hops = 5;

        let mut expected = vec![NO_NODE; starts.len() * (hops + 1)];
        let mut dropped = vec![false; length];
        let name = |node: u32| if named { node_names[node as usize] } else { node };
        for (walk, &start) in starts.iter().enumerate() {
            let mut here = start;
            expected[walk * (hops + 1)] = here;
            for hop in 0..hops {
                let there = |edge: usize| match (ends[2 * edge], ends[2 * edge + 1]) {
                    (source, target) if source == here => Some(target),
                    (source, target) if undirected && target == here => Some(source),
                    _ => None,
                };
                let next = (0..length)
                    .filter_map(|edge| there(edge).map(|node| (node, edge)))
                    .min_by_key(|&(node, edge)| {
                        (uniform(32 + hop as u32, [walk_names[walk], name(node)]), name(node), edge)
                    });
                let Some((next, taken)) = next else { break };
                for edge in (0..length).filter(|&edge| there(edge) == Some(next)) {
                    dropped[edge] |= ids.is_none() || edge_ids[edge] == edge_ids[taken];
                }
                here = next;
                expected[walk * (hops + 1) + hop + 1] = here;
            }
        }
        let walks = Walks::new(address(), hops, undirected).unwrap();
        for back_end in BackEnd::all() {
            let mut visited = vec![7; expected.len()];
            let mut keep = vec![!0; words(length)];
            let on = WalkOn::Test(back_end);
            walks.walk_on(on, &graph, &starts, &walk_names, Some(&mut visited), &mut keep).unwrap();
            prop_assert_eq!(&visited, &expected, "{:?}", back_end);
            let kept: Vec<bool> = (0..length).map(|edge| !bit(&keep, edge)).collect();
            prop_assert_eq!(&kept, &dropped);
        }
    }
}

#[test]
fn a_hub_has_more_neighbours_than_are_drawn_at_a_time() {
    let nodes = 300;
    let ends: Vec<u32> = (1..nodes).flat_map(|node| [0, node]).collect();
    let array = stacked(&ends);
    let graph = Graph::new(Edges::stacked(&array).unwrap(), Some(nodes as usize), None, None).unwrap();
    let names: Vec<u32> = (0..200).collect();
    let (mut visited, mut keep) = (vec![0; 400], vec![!0; words(ends.len() / 2)]);
    Walks::new(address(), 1, false)
        .unwrap()
        .walk(&graph, &[0; 200], &names, Some(&mut visited), &mut keep)
        .unwrap();
    for walk in 0..200 {
        let next = (1..nodes).min_by_key(|&node| uniform(32, [walk, node])).unwrap();
        assert_eq!(visited[2 * walk as usize..][..2], [0, next]);
    }
    assert!(visited.iter().any(|&node| node > 64) && visited.iter().any(|&node| node > 192));
}

#[test]
fn what_cannot_be_a_graph_is_refused() {
    let code = |error: crate::Error| error.code();
    assert_eq!(code(Edges::stacked(&[1, 2, 3]).unwrap_err()), Code::Shape);
    assert_eq!(code(Edges::new(&[1], &[]).unwrap_err()), Code::Shape);
    let edges = Edges::stacked(&[0, 1, 1, 2]).unwrap();
    let far = Graph::new(edges, Some(2), None, None).unwrap_err();
    assert_eq!(far.to_string(), "`edges[1]` must be between nodes below 2; got an end at node 2");
    let lists = Edges::new(&[0], &[5]).unwrap();
    assert_eq!(code(Graph::new(lists, Some(2), None, None).unwrap_err()), Code::Range);
    assert_eq!(code(Graph::new(edges, Some(3), Some(&[1]), None).unwrap_err()), Code::Shape);
    assert_eq!(code(Graph::new(edges, None, Some(&[1]), None).unwrap_err()), Code::Range);
    assert_eq!(code(Graph::new(edges, None, None, Some(EdgeIds::Long(&[1]))).unwrap_err()), Code::Shape);
    assert_eq!(code(Graph::new(edges, Some(1 << 33), None, None).unwrap_err()), Code::Range);
    let unknown = Graph::new(edges, None, None, None).unwrap();
    assert_eq!(code(unknown.nodes().unwrap_err()), Code::Option);
    assert_eq!(code(Walks::new(address(), 65, true).unwrap_err()), Code::Range);
    let known = Graph::new(edges, Some(3), None, None).unwrap();
    let walks = Walks::new(address(), 1, true).unwrap();
    let outside = walks.walk(&known, &[3], &[0], Some(&mut [0; 2]), &mut [0]).unwrap_err();
    assert_eq!(outside.to_string(), "`starts[0]` must be a node below 3; got 3");
}

/// A ring of so many nodes, each with an edge to the next one and to the one 7 places on.
fn ring(nodes: u32) -> Vec<u32> {
    let next = (0..nodes).map(|node| (node + 1) % nodes);
    let far = (0..nodes).map(|node| (node + 7) % nodes);
    (0..nodes).chain(0..nodes).chain(next.chain(far)).collect()
}

#[test]
fn paths_start_at_nodes_that_are_drawn_and_drop_what_they_pass() {
    let (nodes, per_node) = (3000, 2);
    let ends = ring(nodes);
    let names: Vec<u32> = (0..nodes).map(|node| 5 * node + 1).collect();
    let edges = Edges::stacked(&ends).unwrap();
    let graph = Graph::new(edges, None, Some(&names), None).unwrap();
    let walks = Walks::new(address(), 3, true).unwrap();
    for rate in [0.0, 0.3, 1.0] {
        let rate = Rate::new(rate).unwrap();
        let on = |threads| {
            let mut keep = vec![7; words(edges.len())];
            let path = DropPath { walks, rate, per_node };
            let walked = parallel::install(threads, || path.keep(&graph, &mut keep)).unwrap().unwrap();
            (walked, keep)
        };
        let (walked, keep) = on(1);
        // Two walks from each node are enough for several threads at the rate of 1.
        assert!(walked < PARALLEL_FROM || rate.always_drops());
        assert_eq!(on(3), (walked, keep.clone()));
        let starts: Vec<u32> = (0..nodes)
            .filter(|&node| {
                let u = uniform(11, [names[node as usize], 0]);
                rate.threshold().is_none_or(|threshold| u < threshold)
            })
            .flat_map(|node| [node; 2])
            .collect();
        let called: Vec<u32> =
            starts.iter().enumerate().map(|(at, &node)| 2 * names[node as usize] + at as u32 % 2).collect();
        let mut expected = vec![!0; words(edges.len())];
        expected[edges.len() / 64] &= (1 << (edges.len() % 64)) - 1;
        let mut visited = vec![0; 4 * starts.len()];
        walks.walk(&graph, &starts, &called, Some(&mut visited), &mut expected).unwrap();
        assert_eq!((walked, &keep), (starts.len(), &expected));
        if starts.len() >= PARALLEL_FROM {
            let mut parted = vec![0; visited.len()];
            let walk = || walks.walk(&graph, &starts, &called, Some(&mut parted), &mut expected);
            parallel::install(2, walk).unwrap().unwrap();
            assert!(parted == visited);
        }
    }
    let far = [u32::MAX / 2];
    let alone = Graph::new(Edges::stacked(&[]).unwrap(), None, Some(&far), None).unwrap();
    let path = DropPath { walks, rate: Rate::new(1.0).unwrap(), per_node: 3 };
    assert_eq!(path.keep(&alone, &mut []).unwrap_err().code(), Code::Range);
    assert_eq!(DropPath { per_node: 2, ..path }.keep(&alone, &mut []).unwrap(), 2);
}

#[test]
fn edges_between_kept_nodes_are_the_same_for_any_number_of_threads() {
    let ends = ring(1 << 16);
    let graph = Graph::new(Edges::stacked(&ends).unwrap(), Some(1 << 16), None, None).unwrap();
    let nodes: Vec<u64> =
        (1..=words(1 << 16) as u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
    let on = |threads| {
        let mut keep = vec![0; words(ends.len() / 2)];
        parallel::install(threads, || keep_between(&graph, &nodes, &mut keep)).unwrap().unwrap();
        keep
    };
    assert!(on(1) == on(2) && on(1) == on(3));
}

#[test]
fn rows_of_many_buckets_are_the_same_for_any_number_of_threads() {
    let nodes = 5003;
    // Every third edge starts at one node; every seventh is a loop.
    let mut state = 1u64;
    let mut node = || {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (((state >> 32) * nodes as u64) >> 32) as u32
    };
    let sources: Vec<u32> = (0..100_037).map(|edge| if edge % 3 == 0 { 17 } else { node() }).collect();
    let targets: Vec<u32> = sources
        .iter()
        .enumerate()
        .map(|(edge, &source)| if edge % 7 == 0 { source } else { node() })
        .collect();
    let edges = Edges::new(&sources, &targets).unwrap();
    let graph = Graph::new(edges, Some(nodes), None, None).unwrap();
    let mut bits: Vec<u64> =
        (1..=words(edges.len()) as u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
    *bits.last_mut().unwrap() &= (1 << (edges.len() % 64)) - 1;
    for (by_target, mirror, bits) in
        [(false, true, Some(&bits[..])), (true, false, Some(&bits)), (true, true, None)]
    {
        let mut expected = vec![Vec::new(); nodes];
        for edge in (0..edges.len()).filter(|&edge| bits.is_none_or(|bits| bit(bits, edge))) {
            let [source, target] = edges.get(edge);
            let [row, column] = if by_target { [target, source] } else { [source, target] };
            expected[row as usize].push((column, edge as u32));
            if mirror && row != column {
                expected[column as usize].push((row, edge as u32));
            }
        }
        for threads in [1, 2, 3, 5] {
            let rows = Rows { by_target, mirror };
            let (starts, columns, edges) =
                parallel::install(threads, || listed_rows(&rows, &graph, bits)).unwrap();
            for (row, expected) in expected.iter().enumerate() {
                let range = starts[row] as usize..starts[row + 1] as usize;
                let got: Vec<_> = range.map(|at| (columns[at], edges[at])).collect();
                assert!(&got == expected, "row {row} on {threads} threads");
            }
        }
    }
    let list = |threads| {
        let mut lists = [(); 3].map(|()| vec![7; count(&bits)]);
        let [sources, targets, index] = &mut lists;
        parallel::install(threads, || kept_edges(&edges, &bits, sources, targets, index)).unwrap();
        lists
    };
    assert!(list(1) == list(2) && list(1) == list(3));
}
