//! Sums of many groups of points at once, as balanced trees whose levels are batches of additions.

use super::adder::{Adder, Pair, Point};
use ark_bn254::G1Affine;

/// Points by group: group g has entries `offsets[g]..offsets[g + 1]`, each a point's index times two, plus one to negate it.
#[derive(Debug)]
pub struct Buckets {
    pub offsets: Vec<u32>,
    pub entries: Vec<u32>,
}

impl Default for Buckets {
    fn default() -> Self {
        Self { offsets: vec![0], entries: Vec::new() }
    }
}

impl Buckets {
    /// One more group, of these points.
    pub fn push(&mut self, points: impl Iterator<Item = usize>) {
        self.entries.extend(points.map(|i| (i as u32) << 1));
        self.offsets.push(self.entries.len() as u32);
    }
}

/// An adder and its buffers.
pub struct Groups {
    adder: Box<dyn Adder>,
    pairs: Vec<Pair>,
    current: Vec<Point>,
    next: Vec<Point>,
}

impl Groups {
    pub fn new(adder: Box<dyn Adder>) -> Self {
        Self { adder, pairs: Vec::new(), current: Vec::new(), next: Vec::new() }
    }

    pub fn decode(&self, point: &Point) -> G1Affine {
        self.adder.decode(point)
    }

    /// The sum of each group of `points`, none of which is the identity where an entry names it.
    pub fn sum(&mut self, points: &[Point], groups: Buckets) -> Vec<Point> {
        let Buckets { mut offsets, entries } = groups;
        // Entries of a level; none if they are all points of `current` in order.
        let mut entries = Some(entries);
        let mut first = true;
        loop {
            let source = if first { points } else { &self.current };
            let entry = |i: u32| entries.as_ref().map_or(i << 1, |entries| entries[i as usize]);
            self.pairs.clear();
            let mut halved = Vec::with_capacity(offsets.len());
            halved.push(0);
            let mut to = 0;
            let mut widest = 0;
            let total: u32 = offsets.windows(2).map(|ends| (ends[1] - ends[0]).div_ceil(2)).sum();
            if self.next.len() < total as usize {
                self.next.resize(total as usize, Point::IDENTITY);
            }
            for ends in offsets.windows(2) {
                let (mut i, end) = (ends[0], ends[1]);
                widest = widest.max((end - i).div_ceil(2));
                while i + 1 < end {
                    self.pairs.push(Pair { a: entry(i), b: entry(i + 1), to });
                    i += 2;
                    to += 1;
                }
                if i < end {
                    let (index, negative) = (entry(i) >> 1, entry(i) & 1 == 1);
                    let point = source[index as usize];
                    self.next[to as usize] = if negative { self.adder.negate(&point) } else { point };
                    to += 1;
                }
                halved.push(to);
            }
            let identities = self.adder.add(source, &self.pairs, &mut self.next);
            std::mem::swap(&mut self.current, &mut self.next);
            offsets = halved;
            entries = None;
            first = false;
            if identities {
                let rest = without_identities(&self.current, &offsets);
                offsets = rest.offsets;
                entries = Some(rest.entries);
            }
            if widest <= 1 {
                let place = |i: u32| entries.as_ref().map_or(i, |entries| entries[i as usize] >> 1);
                let sum = |ends: &[u32]| match ends[0] < ends[1] {
                    true => self.current[place(ends[0]) as usize],
                    false => Point::IDENTITY,
                };
                return offsets.windows(2).map(sum).collect();
            }
        }
    }

    /// From arrays of `size` points one after the other, arrays half as long: `out[i] = in[2i] + in[2i+1]`, but out[0] is the
    /// identity: its weight is zero.
    pub fn halve(&mut self, points: &[Point], size: usize) -> Vec<Point> {
        let half = size / 2;
        let mut out = vec![Point::IDENTITY; points.len() / 2];
        self.pairs.clear();
        for (to, pair) in points.chunks(2).enumerate().filter(|(to, _)| to % half != 0) {
            match (pair[0].is_identity(), pair[1].is_identity()) {
                (true, _) => out[to] = pair[1],
                (_, true) => out[to] = pair[0],
                _ => self.pairs.push(Pair { a: (to as u32) << 2, b: (to as u32) << 2 | 2, to: to as u32 }),
            }
        }
        self.adder.add(points, &self.pairs, &mut out);
        out
    }
}

/// The same groups, less the points that are the identity.
fn without_identities(points: &[Point], offsets: &[u32]) -> Buckets {
    let mut rest = Buckets::default();
    for ends in offsets.windows(2) {
        rest.push((ends[0] as usize..ends[1] as usize).filter(|i| !points[*i].is_identity()));
    }
    rest
}
