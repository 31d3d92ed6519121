//! A title into lines of measured width, in the largest type that fits.
//!
//! Invariant: every word is kept, whole where it can be; every line is at most as wide, and all together at most as high,
//! as the room.
//!
//! Never: fonts; widths come from the caller.

use unicode_segmentation::UnicodeSegmentation as _;

/// Type in pixels: the largest, and the step to the next smaller one.
const LARGEST: f32 = 84.0;
const STEP: f32 = 0.96;
/// Base line to base line, in sizes.
const LEADING: f32 = 1.14;
/// A longer word is broken; nobody can say where, but it is better than type that nobody can read.
const LONGEST_WORD: usize = 32;

/// A title that is set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Set {
    pub lines: Vec<Line>,
    /// Type in pixels.
    pub size: f32,
}

/// A line of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub text: String,
    /// From the upper edge of the room to the base line, in pixels.
    pub base: f32,
}

/// A word, or a part of a long one.
struct Word<'a> {
    text: &'a str,
    /// At a size of one pixel, as is the space before it.
    width: f32,
    /// Stands at the word before without a space.
    glued: bool,
}

/// Sets `title` into a room of this width and height; `widths` measures texts at a size of one pixel.
pub(super) fn set(title: &str, room: (f32, f32), widths: impl Fn(&[&str]) -> Vec<f32>) -> Set {
    let words = words(title, &widths);
    let space = widths(&["n n"])[0] - widths(&["nn"])[0];
    let mut size = LARGEST;
    loop {
        let lines = lines(&words, space, room.0 / size);
        let widest = words.iter().map(|word| word.width * size).fold(0.0, f32::max);
        if widest <= room.0 && height(lines.len(), size) <= room.1 {
            return even(&words, space, room.0 / size, lines, size);
        }
        size *= STEP;
    }
}

fn words<'a>(title: &'a str, widths: &impl Fn(&[&str]) -> Vec<f32>) -> Vec<Word<'a>> {
    let mut parts = Vec::new();
    // A no-break space is no place to break.
    for word in title.split([' ', '\t', '\n']).filter(|word| !word.is_empty()) {
        let signs: Vec<(usize, &str)> = word.grapheme_indices(true).collect();
        for (at, part) in signs.chunks(LONGEST_WORD).enumerate() {
            let (first, last) = (part[0].0, part[part.len() - 1]);
            parts.push((&word[first..last.0 + last.1.len()], at > 0));
        }
    }
    let measured = widths(&parts.iter().map(|(text, _)| *text).collect::<Vec<_>>());
    parts.into_iter().zip(measured).map(|((text, glued), width)| Word { text, width, glued }).collect()
}

/// As many words on each line as it holds.
fn lines(words: &[Word<'_>], space: f32, width: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0.0;
    for word in words {
        let gap = if word.glued { 0.0 } else { space };
        match lines.last_mut() {
            Some(line) if used + gap + word.width <= width => {
                line.push_str(if word.glued { "" } else { " " });
                line.push_str(word.text);
                used += gap + word.width;
            }
            _ => {
                lines.push(word.text.to_owned());
                used = word.width;
            }
        }
    }
    lines
}

/// The same number of lines, as narrow as that allows: no lonely word at the end.
fn even(words: &[Word<'_>], space: f32, width: f32, mut lines: Vec<String>, size: f32) -> Set {
    let widest = words.iter().map(|word| word.width).fold(0.0, f32::max);
    let mut narrower = width;
    while lines.len() > 1 && narrower > widest {
        narrower = (narrower * 0.98).max(widest);
        let tried = self::lines(words, space, narrower);
        if tried.len() > lines.len() {
            break;
        }
        lines = tried;
    }
    let at = |(at, text): (usize, String)| Line { text, base: size * (1.0 + LEADING * index(at)) };
    Set { lines: lines.into_iter().enumerate().map(at).collect(), size }
}

/// From the upper edge to below the last line's descenders.
fn height(lines: usize, size: f32) -> f32 {
    size * (1.3 + LEADING * index(lines.saturating_sub(1)))
}

fn index(at: usize) -> f32 {
    f32::from(u16::try_from(at).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sign as wide as half its size.
    fn half(texts: &[&str]) -> Vec<f32> {
        texts.iter().map(|text| f32::from(u16::try_from(text.chars().count()).unwrap()) / 2.0).collect()
    }

    fn texts(set: &Set) -> Vec<&str> {
        set.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn a_short_title_is_large_and_on_one_line() {
        let set = set("Contact", (700.0, 300.0), half);
        assert_eq!((texts(&set), set.size), (vec!["Contact"], LARGEST));
    }

    #[test]
    fn lines_are_even_and_keep_every_word_in_order() {
        let set = set("one two three four five six seven", (700.0, 300.0), half);
        assert_eq!(texts(&set), ["one two three", "four five six", "seven"]);
    }

    #[test]
    fn nothing_is_lost_of_a_long_title_or_word() {
        let long = "word ".repeat(200) + &"x".repeat(500);
        let set = set(&long, (700.0, 300.0), half);
        let without_spaces = |text: &str| text.replace(' ', "");
        assert_eq!(without_spaces(&texts(&set).concat()), without_spaces(&long));
        for line in &set.lines {
            assert!(half(&[line.text.as_str()])[0] * set.size <= 700.5, "{}", line.text);
        }
        assert!(set.lines.last().unwrap().base <= 300.0);
    }

    #[test]
    fn a_no_break_space_keeps_its_words_together() {
        assert_eq!(texts(&set("Palo\u{a0}Alto", (300.0, 300.0), half)).len(), 1);
        assert!(set("", (300.0, 300.0), half).lines.is_empty());
    }
}
