//! Lays out the title of a card: words into lines, in the largest type that fits.
//!
//! Invariant: every word is kept whole; no line is wider, and all lines together are not higher, than the space.
//!
//! Never: fonts; widths come from the caller.

/// Type size in pixels: the largest, and the factor to the next smaller one.
const LARGEST: f32 = 84.0;
const STEP: f32 = 0.96;
/// Base line to base line, in type sizes.
const LEADING: f32 = 1.14;

/// A title in lines.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub lines: Vec<Line>,
    /// Type size in pixels.
    pub size: f32,
}

/// A line of a title.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub text: String,
    /// From the upper edge of the space to the base line, in pixels.
    pub baseline: f32,
}

/// Lays out `title` in this width and height; `measure` returns the width of a text at a type size of one pixel.
pub(super) fn lay_out(title: &str, (width, height): (f32, f32), measure: impl Fn(&str) -> f32) -> Layout {
    // A line is never broken at a no-break space.
    let words = title.split([' ', '\t', '\n']).filter(|word| !word.is_empty());
    let words: Vec<(&str, f32)> = words.map(|word| (word, measure(word))).collect();
    let space = measure("n n") - measure("nn");
    let widest = words.iter().map(|(_, width)| *width).fold(0.0, f32::max);
    let mut size = LARGEST;
    let mut lines = wrap(&words, space, width / size);
    // 1.3: a line with its ascenders and descenders.
    while widest * size > width || size * (0.3 + baseline(lines.len().saturating_sub(1))) > height {
        size *= STEP;
        lines = wrap(&words, space, width / size);
    }
    // The same number of lines, as narrow as that allows, so that no single word is left on the last line.
    let mut narrower = width / size;
    while lines.len() > 1 && narrower > widest {
        narrower = (narrower * 0.98).max(widest);
        let tried = wrap(&words, space, narrower);
        if tried.len() > lines.len() {
            break;
        }
        lines = tried;
    }
    let line = |(index, text): (usize, String)| Line { text, baseline: size * baseline(index) };
    Layout { lines: lines.into_iter().enumerate().map(line).collect(), size }
}

/// Fills each line with as many words as fit.
fn wrap(words: &[(&str, f32)], space: f32, width: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0.0;
    for (word, own) in words {
        used += space + own;
        match lines.last_mut() {
            Some(line) if used <= width => line.extend([" ", word]),
            _ => {
                lines.push((*word).to_owned());
                used = *own;
            }
        }
    }
    lines
}

/// Distance of a base line from the upper edge, in type sizes.
fn baseline(index: usize) -> f32 {
    1.0 + LEADING * f32::from(u16::try_from(index).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every character as wide as half its size.
    fn half(text: &str) -> f32 {
        f32::from(u16::try_from(text.chars().count()).unwrap()) / 2.0
    }

    fn texts(layout: &Layout) -> Vec<&str> {
        layout.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn a_short_title_is_large_and_on_one_line() {
        let layout = lay_out("Contact", (700.0, 300.0), half);
        assert_eq!((texts(&layout), layout.size), (vec!["Contact"], LARGEST));
    }

    #[test]
    fn lines_are_even_and_keep_every_word_in_order() {
        let layout = lay_out("one two three four five six seven", (700.0, 300.0), half);
        assert_eq!(texts(&layout), ["one two three", "four five six", "seven"]);
    }

    #[test]
    fn nothing_is_lost_of_a_long_title_or_word() {
        let long = "word ".repeat(200) + &"x".repeat(500);
        let layout = lay_out(&long, (700.0, 300.0), half);
        assert_eq!(texts(&layout).join(" "), long);
        for line in &layout.lines {
            assert!(half(&line.text) * layout.size <= 700.5, "{}", line.text);
        }
        assert!(layout.lines.last().unwrap().baseline <= 300.0);
    }

    #[test]
    fn a_no_break_space_keeps_its_words_together() {
        assert_eq!(texts(&lay_out("Palo\u{a0}Alto", (300.0, 300.0), half)).len(), 1);
        assert!(lay_out("", (300.0, 300.0), half).lines.is_empty());
    }
}
