//! References: what a visitor reads out on the telephone; and the randomness that they are drawn from.

/// No look-alikes (0 O, 1 I L, 2 Z, 5 S, 6 G, 8 B, U V), and no vowels, so that no word appears.
const SIGNS: [u8; 20] = *b"CDFHJKMNPRTVWXY34679";

pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

/// `N` random bytes in hexadecimal.
pub(super) fn random_hex<const N: usize>() -> String {
    data_encoding::HEXLOWER.encode(&random::<N>())
}

/// Eight random signs. Two equal ones within 90 days are possible, and the database refuses the second.
pub(super) fn draw() -> String {
    let mut reference = String::with_capacity(8);
    while reference.len() < 8 {
        // Bytes above the last whole multiple would favour the first signs.
        let signs = random::<16>().into_iter().filter(|byte| usize::from(*byte) < 256 / SIGNS.len() * SIGNS.len());
        let room = 8 - reference.len();
        reference.extend(signs.take(room).map(|byte| char::from(SIGNS[usize::from(byte) % SIGNS.len()])));
    }
    reference
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_reference_has_eight_signs_that_cannot_be_taken_for_one_another() {
        let references: HashSet<String> = (0..2000).map(|_| draw()).collect();
        assert!(references.len() > 1990, "references repeat: {}", references.len());
        for reference in references {
            assert_eq!(reference.len(), 8);
            assert!(reference.bytes().all(|sign| SIGNS.contains(&sign)), "{reference}");
        }
    }
}
