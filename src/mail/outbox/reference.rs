//! References, which visitors read out on the telephone, and random bytes.

/// Without characters that look alike (0 O, 1 I L, 2 Z, 5 S, 6 G, 8 B, U V) and without vowels, so that no word appears.
const ALPHABET: [u8; 20] = *b"CDFHJKMNPRTVWXY34679";

pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

/// `N` random bytes in hexadecimal.
pub(super) fn random_hex<const N: usize>() -> String {
    data_encoding::HEXLOWER.encode(&random::<N>())
}

/// Eight random characters. A second equal one within 90 days is possible, and the database refuses it.
pub(super) fn new_reference() -> String {
    // The digits of a number so large that the remainder favors none of them noticeably (by less than 2^-29).
    let number = getrandom::u64().expect("the operating system gives randomness");
    (0..8)
        .map(|place| char::from(ALPHABET[usize::try_from(number / 20_u64.pow(place) % 20).expect("below 20")]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_reference_has_eight_characters_of_the_alphabet_and_does_not_repeat() {
        let references: HashSet<String> = (0..2000).map(|_| new_reference()).collect();
        assert!(references.len() > 1990, "references repeat: {}", references.len());
        for reference in references {
            assert_eq!(reference.len(), 8);
            assert!(reference.bytes().all(|byte| ALPHABET.contains(&byte)), "{reference}");
        }
    }
}
