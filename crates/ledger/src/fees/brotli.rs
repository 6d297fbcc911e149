//! The length of data compressed by Brotli level 1, as Arbitrum prices transactions.
//!
//! Nitro calls the reference encoder with level 1 and a window of 2^22 on the whole transaction at once
//! (`arbcompress.CompressLevel`). The encoder here makes the same bytes, but for data of more than 2^14 and at most
//! 2^15 bytes: there it looks for matches of six bytes where the reference encoder takes four. What is mostly digests and
//! words of calldata then differs by less than a hundredth, data of few different bytes by less than a tenth.

use ::brotli::enc::{
    StandardAlloc,
    encode::{BrotliEncoderOperation, BrotliEncoderParameter, BrotliEncoderStateStruct},
};

/// Bytes of output that the encoder is given room for at a time.
const ROOM: usize = 1 << 14;

/// Length of `data` after Brotli level 1, in bytes.
pub fn brotli_length(data: &[u8]) -> u64 {
    let mut encoder = BrotliEncoderStateStruct::new(StandardAlloc::default());
    encoder.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_QUALITY, 1);
    encoder.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_LGWIN, 22);
    let mut left = data.len();
    let mut read = 0;
    let mut room = vec![0; ROOM];
    let mut total = Some(0);
    while !encoder.is_finished() {
        let (mut free, mut written) = (ROOM, 0);
        let going = encoder.compress_stream(
            BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
            &mut left,
            data,
            &mut read,
            &mut free,
            &mut room,
            &mut written,
            &mut total,
            &mut |_, _, _, _| (),
        );
        if !going {
            // The encoder refuses nothing that it is asked here; what it could not shorten travels as it is.
            return data.len() as u64;
        }
    }
    total.unwrap_or(data.len()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fees::test_data;

    /// Lengths from the reference encoder, 1.0.9.
    #[test]
    fn agrees_with_the_reference_encoder() {
        let mut near = 0;
        let rows = include_str!("../../tests/fees/brotli.txt");
        for (data, expected, row) in test_data(rows) {
            let got = brotli_length(&data);
            if (1 << 14) < data.len() && data.len() <= 1 << 15 {
                let like_calldata =
                    row.split(' ').nth(2).is_some_and(|alphabet| ["0", "256"].contains(&alphabet));
                let parts = if like_calldata { 100 } else { 10 };
                assert!(got.abs_diff(expected) * parts < expected, "{row}: {got}");
                near += u64::from(got != expected);
            } else {
                assert_eq!(got, expected, "{row}");
            }
        }
        assert!(near > 0, "the encoders agree everywhere now: say so above");
    }
}
