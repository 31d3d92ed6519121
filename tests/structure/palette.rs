//! The palette, computed: every color lies inside sRGB, every pair has its contrast, and the documented values are
//! true. OKLCH to sRGB after CSS Color 4 (10.1, 18); contrast after WCAG 2.2.

use std::{collections::BTreeMap, fs};

/// Linear red, green, blue.
type Rgb = [f64; 3];

/// Light and dark value of every semantic color.
fn semantic_colors() -> BTreeMap<String, [Rgb; 2]> {
    let tokens = fs::read_to_string("static/css/tokens.css").unwrap();
    let lines =
        || tokens.lines().filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(": "));
    let palette: BTreeMap<&str, Rgb> =
        lines().filter_map(|(name, value)| Some((name, of_oklch(value.strip_prefix("oklch(")?)))).collect();
    let color = |name: &str| palette[name.trim().trim_start_matches("var(--").trim_end_matches(')')];
    let scheme = |value: &str| {
        let (light, dark) = value.strip_prefix("light-dark(")?.strip_suffix(')')?.split_once(',')?;
        Some([color(light), color(dark)])
    };
    let found: BTreeMap<_, _> = lines().filter_map(|(name, value)| Some((name.to_owned(), scheme(value)?))).collect();
    assert!(found.len() > 10, "tokens.css defines semantic colors");
    // The fallbacks for browsers without light-dark() are the light values.
    for (name, value) in lines().filter(|(name, value)| found.contains_key(*name) && value.starts_with("var(")) {
        let same = matches!(name, "rule" | "edge" | "ink-soft") && value == "var(--ink)";
        assert!(same || hex(color(value)) == hex(found[name][0]), "--{name}: {value} is not the light value");
    }
    found
}

/// `43% 0.13 34)`: lightness, chroma, hue in degrees.
fn of_oklch(value: &str) -> Rgb {
    let numbers: Vec<f64> =
        value.split_whitespace().map(|number| number.trim_end_matches(['%', ')']).parse().unwrap()).collect();
    let (lightness, (sin, cos)) = (numbers[0] / 100.0, numbers[2].to_radians().sin_cos());
    let (a, b) = (numbers[1] * cos, numbers[1] * sin);
    let cones = [
        lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b,
        lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b,
        lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b,
    ]
    .map(|cone| cone * cone * cone);
    [
        [4.076_741_662_1, -3.307_711_591_3, 0.230_969_929_2],
        [-1.268_438_004_6, 2.609_757_401_1, -0.341_319_396_5],
        [-0.004_196_086_3, -0.703_418_614_7, 1.707_614_701_0],
    ]
    .map(|row: [f64; 3]| row.iter().zip(cones).map(|(part, cone)| part * cone).sum())
}

fn contrast(one: Rgb, other: Rgb) -> f64 {
    let luminance = |color: Rgb| 0.2126 * color[0] + 0.7152 * color[1] + 0.0722 * color[2];
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// `#f6f7f0`.
fn hex(color: Rgb) -> String {
    let encode = |part: f64| if part <= 0.003_130_8 { 12.92 * part } else { 1.055 * part.powf(1.0 / 2.4) - 0.055 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
    let byte = |part: &f64| (encode(*part) * 255.0).round().clamp(0.0, 255.0) as u8;
    let bytes: Vec<String> = color.iter().map(|part| format!("{:02x}", byte(part))).collect();
    format!("#{}", bytes.concat())
}

fn figures(one: [Rgb; 2], other: [Rgb; 2]) -> String {
    format!("{:.1} / {:.1}", contrast(one[0], other[0]), contrast(one[1], other[1]))
}

fn documentation() -> String {
    fs::read_to_string("templates/components/README.md").unwrap()
}

#[test]
fn every_color_lies_inside_srgb() {
    for (name, schemes) in semantic_colors() {
        for part in schemes.as_flattened() {
            assert!((-0.001..=1.001).contains(part), "--{name}: {schemes:?}");
        }
    }
}

#[test]
fn text_has_seven_to_one_and_edges_have_three_in_both_schemes() {
    let of = semantic_colors();
    let mut pairs = Vec::new();
    for ground in ["paper", "paper-tint"] {
        pairs.extend(["ink", "ink-soft", "accent", "alarm"].map(|text| (text, ground, 7.0)));
        pairs.push(("edge", ground, 3.0));
    }
    pairs.extend([("on-action", "action", 7.0), ("focus-far", "paper", 3.0)]);
    pairs.extend([("focus-far", "focus-near", 3.0), ("focus-near", "action", 3.0)]);
    for (one, other, least) in pairs {
        for (scheme, (a, b)) in ["light", "dark"].into_iter().zip(of[one].into_iter().zip(of[other])) {
            let found = contrast(a, b);
            assert!(found >= least, "{one} on {other} in the {scheme} scheme: {found:.2}");
        }
    }
}

#[test]
fn the_documented_colors_are_true() {
    let (of, documentation) = (semantic_colors(), documentation());
    for (name, [light, dark]) in &of {
        let row = documentation.lines().find(|line| line.starts_with('|') && line.contains(&format!("`--{name}`")));
        let row = row.unwrap_or_else(|| panic!("the documentation lacks --{name}"));
        assert!(row.contains(&hex(*light)) && row.contains(&hex(*dark)), "{row} is {} and {}", hex(*light), hex(*dark));
    }
    let [light, dark] = of["paper"].map(hex);
    let layout = fs::read_to_string("templates/layout.html").unwrap();
    assert!(layout.contains(&format!("content=\"{light}\" media=\"(prefers-color-scheme: light)\"")), "{light}");
    assert!(layout.contains(&format!("content=\"{dark}\" media=\"(prefers-color-scheme: dark)\"")), "{dark}");
    assert!(fs::read_to_string("static/root/manifest.webmanifest").unwrap().contains(&light), "{light}");
}

#[test]
fn the_documented_contrasts_are_true() {
    let (of, documentation) = (semantic_colors(), documentation());
    for name in ["ink", "ink-soft", "accent", "alarm", "edge"] {
        let [paper, tint] = ["paper", "paper-tint"].map(|ground| figures(of[name], of[ground]));
        let row = documentation.lines().find(|line| line.starts_with(&format!("| {name} "))).unwrap();
        assert!(row.ends_with(&format!("| {paper} | {tint} |")), "{row} is {paper} and {tint}");
    }
    for name in ["focus-far", "rule"] {
        let paper = figures(of[name], of["paper"]);
        assert!(documentation.contains(&format!("| {name} | {paper} |")), "{name} is {paper}");
    }
    for (one, other) in [("on-action", "action"), ("focus-far", "focus-near"), ("focus-near", "action")] {
        let expected = format!("{one} on {other} {}", figures(of[one], of[other]));
        assert!(documentation.contains(&expected), "{expected}");
    }
}
