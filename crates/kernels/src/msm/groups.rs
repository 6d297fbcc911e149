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
    level: Level,
    current: Vec<Point>,
    next: Vec<Point>,
    /// Whether the identity is among the results of the last level.
    identities: bool,
}

/// What one level of all trees has to do.
#[derive(Default)]
struct Level {
    pairs: Vec<Pair>,
    /// Entries left over, and where they go.
    copies: Vec<(u32, u32)>,
    /// Where each group lies among the results.
    offsets: Vec<u32>,
    /// The largest group of the results.
    widest: u32,
}

impl Level {
    /// Pairs up the entries of each group; results lie group by group.
    fn plan(&mut self, offsets: &[u32], entry: impl Fn(u32) -> u32) {
        self.pairs.clear();
        self.copies.clear();
        self.offsets.clear();
        self.widest = 0;
        let mut to = 0;
        self.offsets.push(0);
        for ends in offsets.windows(2) {
            let (start, len) = (ends[0], ends[1] - ends[0]);
            let pairs = (0..len / 2).map(|k| {
                let i = start + 2 * k;
                Pair { a: entry(i), b: entry(i + 1), to: to + k }
            });
            self.pairs.extend(pairs);
            to += len / 2;
            if len % 2 == 1 {
                self.copies.push((entry(ends[1] - 1), to));
                to += 1;
            }
            self.widest = self.widest.max(len.div_ceil(2));
            self.offsets.push(to);
        }
    }
}

impl Groups {
    pub fn new(adder: Box<dyn Adder>) -> Self {
        Self { adder, level: Level::default(), current: Vec::new(), next: Vec::new(), identities: false }
    }

    pub fn decode(&self, point: &Point) -> G1Affine {
        self.adder.decode(point)
    }

    /// The sum of each group of `points`, none of which is the identity where an entry names it.
    pub fn sum(&mut self, points: &[Point], groups: &Buckets) -> Vec<Point> {
        self.level.plan(&groups.offsets, |i| groups.entries[i as usize]);
        self.add(Some(points));
        loop {
            // Sums lie one after the other, unless some are to be left out.
            let rest = self.identities.then(|| without_identities(&self.current, &self.level.offsets));
            if self.level.widest <= 1 {
                let offsets = rest.as_ref().map_or(&self.level.offsets, |rest| &rest.offsets);
                let place = |i: u32| rest.as_ref().map_or(i, |rest| rest.entries[i as usize] >> 1);
                let sum = |ends: &[u32]| match ends[0] < ends[1] {
                    true => self.current[place(ends[0]) as usize],
                    false => Point::IDENTITY,
                };
                return offsets.windows(2).map(sum).collect();
            }
            match rest {
                Some(rest) => self.level.plan(&rest.offsets, |i| rest.entries[i as usize]),
                None => {
                    let offsets = std::mem::take(&mut self.level.offsets);
                    self.level.plan(&offsets, |i| i << 1);
                }
            }
            self.add(None);
        }
    }

    /// Carries a level out, from `points` or from the results of the level before.
    fn add(&mut self, points: Option<&[Point]>) {
        let points = points.unwrap_or(&self.current);
        let len = self.level.offsets.last().copied().unwrap_or_default() as usize;
        if self.next.len() < len {
            // Nothing of what is there is needed.
            self.next = vec![Point::IDENTITY; len];
        }
        for (entry, to) in &self.level.copies {
            let point = &points[(entry >> 1) as usize];
            self.next[*to as usize] = if entry & 1 == 1 { self.adder.negate(point) } else { *point };
        }
        self.identities = self.adder.add(points, &self.level.pairs, &mut self.next);
        std::mem::swap(&mut self.current, &mut self.next);
    }

    /// From arrays of `size` points one after the other, arrays half as long: `out[i] = in[2i] + in[2i+1]`, but out[0] is the
    /// identity: its weight is zero.
    pub fn halve(&mut self, points: &[Point], out: &mut [Point], size: usize) {
        self.level.pairs.clear();
        for (to, pair) in points.chunks(2).enumerate() {
            out[to] = match (pair[0].is_identity(), pair[1].is_identity()) {
                _ if to % (size / 2) == 0 => Point::IDENTITY,
                (true, _) => pair[1],
                (_, true) => pair[0],
                _ => {
                    self.level.pairs.push(Pair {
                        a: (to as u32) << 2,
                        b: (to as u32) << 2 | 2,
                        to: to as u32,
                    });
                    continue;
                }
            };
        }
        self.adder.add(points, &self.level.pairs, out);
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
