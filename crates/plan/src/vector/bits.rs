//! Cells at their width: signed integers of so many bits one after the other, the lowest bit first.

/// Bytes that so many cells of this width take.
pub(super) fn bytes(cells: usize, bits: u8) -> usize {
    (cells * usize::from(bits)).div_ceil(8)
}

/// Appends cells in two's complement; the bits behind the last one are zero.
pub(super) fn write(cells: &[i32], bits: u8, out: &mut Vec<u8>) {
    let mask = (1u64 << bits) - 1;
    let (mut held, mut count) = (0u64, 0u32);
    for &cell in cells {
        held |= (i64::from(cell).cast_unsigned() & mask) << count;
        count += u32::from(bits);
        while count >= 8 {
            out.push(held as u8);
            held >>= 8;
            count -= 8;
        }
    }
    if count > 0 {
        out.push(held as u8);
    }
}

/// The cells of as many bytes as [`bytes`] says; none if a bit behind the last one is set.
pub(super) fn read(source: &[u8], cells: usize, bits: u8) -> Option<Vec<i32>> {
    let (mask, sign) = ((1u64 << bits) - 1, 1i64 << (bits - 1));
    let (mut held, mut count) = (0u64, 0u32);
    let mut source = source.iter();
    let mut out = Vec::with_capacity(cells);
    for _ in 0..cells {
        while count < u32::from(bits) {
            held |= u64::from(*source.next()?) << count;
            count += 8;
        }
        let cell = (held & mask).cast_signed();
        out.push(((cell ^ sign) - sign) as i32);
        held >>= bits;
        count -= u32::from(bits);
    }
    (held == 0 && source.next().is_none()).then_some(out)
}
