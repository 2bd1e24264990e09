//! Answers that `openssl ts` gave as an authority: an elliptic one whose certificate was good for a day, an RSA one with parts of a second, and
//! one whose certificate comes from an intermediate that names no use.

use leaver_evidence::time_stamp::{Roots, StampError, answers, request, verify};

const DATA: &[u8] = b"a manifest\n";
const EC: &[u8] = include_bytes!("../stamps/ec.tsr");
const RSA: &[u8] = include_bytes!("../stamps/rsa.tsr");

const CHAIN: &[u8] = include_bytes!("../stamps/chain.tsr");

fn chain() -> Roots {
    Roots::parse(include_str!("../stamps/chain-root.pem")).unwrap()
}

fn ec() -> Roots {
    Roots::parse(include_str!("../stamps/ec-root.pem")).unwrap()
}

fn rsa() -> Roots {
    Roots::parse(include_str!("../stamps/rsa-root.pem")).unwrap()
}

#[test]
fn a_stamp_tells_when_the_data_was_there_long_after_its_certificate_ran_out() {
    for (answer, roots) in [(EC, ec()), (RSA, rsa()), (CHAIN, chain())] {
        let at = verify(answer, DATA, &roots).unwrap();
        assert_eq!(at.strftime("%Y-%m-%d").to_string(), "2026-11-29");
    }
}

#[test]
fn a_stamp_of_other_data_of_another_authority_or_of_another_request_proves_nothing() {
    assert_eq!(verify(EC, b"another manifest\n", &ec()), Err(StampError::OtherData));
    assert!(matches!(verify(EC, DATA, &rsa()), Err(StampError::Untrusted(_))));
    assert!(matches!(verify(RSA, DATA, &ec()), Err(StampError::Untrusted(_))));
    assert_eq!(answers(EC, DATA, 1, &ec()), Err(StampError::OtherRequest));
    assert!(matches!(verify(b"\x30\x05\x30\x03\x02\x01\x02", DATA, &ec()), Err(StampError::Refused(2))));
    assert_eq!(Roots::parse("no certificate"), Err(StampError::NoRoots));
}

/// Whichever bit falls over, the stamp says nothing else; what it says itself is signed.
#[test]
fn no_altered_stamp_tells_another_time() {
    let roots = ec();
    let told = verify(EC, DATA, &roots).unwrap();
    let mut good = 0;
    for place in 0..EC.len() {
        let mut bent = EC.to_vec();
        bent[place] ^= 0x01;
        if let Ok(at) = verify(&bent, DATA, &roots) {
            assert_eq!(at, told, "byte {place}");
            good += 1;
        }
    }
    assert!(good < EC.len() / 4, "{good} bytes of {} may be anything", EC.len());
    for short in 0..EC.len() {
        assert!(verify(&EC[..short], DATA, &roots).is_err(), "{short} bytes");
    }
}

/// The request as RFC 3161 section 2.4.1 lays it down, written out by hand.
#[test]
fn a_request_is_what_the_standard_says() {
    let asked = request(DATA, 0x0102_0304_0506_0708).unwrap();
    let mut expected = vec![0x30, 0x43, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09];
    expected.extend([0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20]);
    let digest = leaver_evidence::canonical::digest(DATA);
    let bytes = (0..64).step_by(2).map(|at| u8::from_str_radix(&digest[at..at + 2], 16).unwrap());
    expected.extend(bytes);
    expected.extend([0x02, 0x08, 1, 2, 3, 4, 5, 6, 7, 8, 0x01, 0x01, 0xff]);
    assert_eq!(asked, expected);
}
