use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn raw(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn unpack(coding: Coding, packed: &[u8], size: usize, max: usize) -> Result<Vec<u8>, Halt> {
    let mut inflate = Inflate::new(coding, max);
    for piece in packed.chunks(size.max(1)) {
        inflate.push(piece)?;
    }
    inflate.end()?;
    Ok(inflate.out())
}

proptest! {
    #[test]
    fn whatever_is_packed_comes_out_whatever_the_pieces(text: Vec<u8>, size in 1_usize..40) {
        for (coding, packed) in
            [(Coding::Gzip, gzip(&text)), (Coding::Deflate, zlib(&text)), (Coding::Deflate, raw(&text))]
        {
            prop_assert_eq!(unpack(coding, &packed, size, usize::MAX).unwrap(), text.clone());
        }
    }

    /// Neither noise nor a bit that fell over makes more come out than the limit, or anything panic.
    #[test]
    fn noise_stays_within_its_bounds(noise: Vec<u8>, at: usize, bit in 0_u8..8) {
        let mut broken = gzip(&noise);
        let at = at % broken.len();
        broken[at] ^= 1 << bit;
        for data in [noise.as_slice(), &broken] {
            for coding in [Coding::Gzip, Coding::Deflate] {
                if let Ok(out) = unpack(coding, data, 7, 10) {
                    prop_assert!(out.len() <= 10);
                }
            }
        }
    }
}

#[test]
fn what_ends_early_or_goes_on_is_damaged() {
    let text = b"what has an end must have come to it".repeat(20);
    for (coding, packed) in
        [(Coding::Gzip, gzip(&text)), (Coding::Deflate, zlib(&text)), (Coding::Deflate, raw(&text))]
    {
        for end in 1..packed.len() {
            let cut = unpack(coding, &packed[..end], 16, usize::MAX);
            assert_eq!(cut, Err(Halt::Bad(Packed::Damaged)), "{coding:?} {end}");
        }
        let longer = [packed.as_slice(), b"more"].concat();
        assert_eq!(unpack(coding, &longer, 16, usize::MAX), Err(Halt::Bad(Packed::Damaged)));
        assert_eq!(unpack(coding, &[], 16, usize::MAX), Ok(Vec::new()));
    }
}

#[test]
fn the_limit_holds_to_the_byte() {
    let text = vec![b'x'; 1000];
    for (coding, packed) in [(Coding::Gzip, gzip(&text)), (Coding::Deflate, zlib(&text))] {
        assert_eq!(unpack(coding, &packed, 64, 1000).map(|out| out.len()), Ok(1000));
        let mut inflate = Inflate::new(coding, 999);
        let halted = packed
            .chunks(64)
            .try_for_each(|piece| inflate.push(piece))
            .and_then(|()| inflate.end());
        assert_eq!(halted, Err(Halt::Full));
        assert_eq!(inflate.out().len(), 999);
    }
}

// RES-02
#[test]
fn a_bomb_is_stopped_soon_after_its_first_mebibyte() {
    let packed = gzip(&vec![0; 64 << 20]);
    assert!(packed.len() < 100 << 10);
    let mut inflate = Inflate::new(Coding::Gzip, usize::MAX);
    let halted = packed.chunks(512).try_for_each(|piece| inflate.push(piece));
    assert_eq!(halted, Err(Halt::Bad(Packed::Ratio)));
    assert!(inflate.out().len() < 2 << 20);
}

#[test]
fn a_mebibyte_may_come_out_of_anything() {
    let packed = gzip(&vec![0; 1 << 20]);
    assert_eq!(unpack(Coding::Gzip, &packed, 512, usize::MAX).map(|out| out.len()), Ok(1 << 20));
}

#[test]
fn only_one_coding_that_was_offered_is_known() {
    let coding = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, http::HeaderValue::from_static(value));
        }
        Coding::of(&headers)
    };
    assert_eq!(coding(&["gzip"]), Some(Coding::Gzip));
    assert_eq!(coding(&[" X-GZIP "]), Some(Coding::Gzip));
    assert_eq!(coding(&["deflate"]), Some(Coding::Deflate));
    for other in [&["br"] as &[_], &["gzip, gzip"], &["gzip", "deflate"], &["identity"], &[""], &[]]
    {
        assert_eq!(coding(other), None, "{other:?}");
    }
}
