//! Makes text that a visitor typed safe to show: invisible characters become visible, and none changes the direction of
//! a line.
//!
//! Invariant: the result has no control character but the requested newlines, and no bidirectional control. Letters of
//! every script, emoji and their joiners stay as they are.

use std::fmt::Write as _;

/// One line: newlines become spaces.
pub(crate) fn line(text: &str) -> String {
    visible(&text.split(['\r', '\n']).filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join(" "))
}

/// Several lines, as typed.
pub(crate) fn lines(text: &str) -> Vec<String> {
    text.replace("\r\n", "\n").split(['\n', '\r', '\u{2028}', '\u{2029}']).map(visible).collect()
}

fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '\t' => out.push(' '),
            _ if is_hidden(c) => {
                let _ = write!(out, "[U+{:04X}]", u32::from(c));
            }
            _ => out.push(c),
        }
        out
    })
}

/// Controls, bidirectional controls, and characters without width that hide or split words. Joiners (U+200C, U+200D) stay:
/// Persian and emoji need them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_and_direction_characters_are_shown_and_other_text_is_unchanged() {
        let cases = [
            ("Ann", "Ann"),
            ("Ann\r\nBcc: x@example.org", "Ann Bcc: x@example.org"),
            ("Ann\u{202e}nnA", "Ann[U+202E]nnA"),
            ("A\0n\u{1b}[31mn", "A[U+0000]n[U+001B][31mn"),
            ("zero\u{200b}width\u{feff}", "zero[U+200B]width[U+FEFF]"),
            ("a\tb", "a b"),
            ("مريم", "مريم"),
            ("می‌خواهم", "می‌خواهم"),
            ("👩‍👩‍👧", "👩‍👩‍👧"),
            ("tag\u{e0041}", "tag[U+E0041]"),
        ];
        for (typed, expected) in cases {
            assert_eq!(line(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn every_kind_of_line_break_is_kept() {
        assert_eq!(lines("a\r\nb\rc\n\nd\u{2028}e"), ["a", "b", "c", "", "d", "e"]);
    }
}
