//! Generated articles, identical for the program and for Hugo and in every run.
//!
//! Lengths are distributed as those of real articles (log-normal, median 1,200 words). Every article has headings,
//! lists, quotes, sometimes a table, and links to earlier ones.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

const MEDIAN_WORDS: f64 = 1_200.0;
const SPREAD: f64 = 0.5;
const SHORTEST: f64 = 300.0;
const LONGEST: f64 = 6_000.0;
const TOPICS: [&str; 5] = ["attachment", "conflict", "couples", "starting-therapy", "trust"];

const NOUNS: &str = "evening kitchen letter window garden bridge river morning table question answer silence promise \
    habit story shoulder breath voice pause door street winter harbour lantern orchard meadow pocket basket compass \
    thread needle ladder candle mirror blanket station platform corridor staircase balcony courtyard valley island \
    mountain forest clearing pathway crossing corner market bakery workshop library notebook envelope calendar \
    weekend holiday birthday visitor neighbour cousin teacher gardener baker carpenter musician painter sailor \
    blossom cellar chimney cottage cradle cupboard curtain drawer engine feather fence ferry fountain gallery garment \
    gateway glacier granary hallway hammer harvest hedge horizon hillside jacket journey kettle lagoon lantern-light \
    linen locket luggage meadowland melody mill monument mooring nightfall oatmeal outline oven paddle parcel pasture \
    pebble pencil pillow plaza pottery quarry quilt rafter railing reservoir ribbon rooftop saddle satchel sawmill \
    shoreline signal sketch snowfall spindle spring stable stairwell steeple summer sundial tablecloth tailor terrace \
    thicket timber towpath trellis tunnel twilight veranda vessel viaduct village vineyard wagon waterfall wharf \
    windmill woodland yard yarn";
const VERBS: &str = "notice carry follow answer gather repair listen wander linger return begin finish borrow offer \
    accept decline remember forget imagine describe compare collect arrange balance measure soften loosen steady \
    lighten welcome invite explain translate rehearse repeat protect question observe discover uncover shelter \
    admire anchor assemble await awaken bargain beckon blend brighten calm celebrate chart clarify comfort compose \
    confirm connect consider consult cradle cultivate decorate delay deliver embrace encourage enter escape examine \
    exchange explore fasten gaze greet harvest hesitate honour hurry illustrate improve include inherit inspect join";
const MANNERS: &str = "slowly gently rarely often plainly quietly warmly firmly lightly freely openly partly nearly \
    hardly seldom early late together apart indoors outdoors alone aloud again";
const KINDS: &str = "small quiet early bright narrow steady patient ordinary careful distant familiar unfinished \
    gentle sudden heavy hollow tidy crowded empty borrowed shared hidden open wooden golden silver wintry mild";

/// A generated article.
struct Article {
    slug: String,
    title: String,
    description: String,
    topics: [&'static str; 2],
    day: String,
    body: String,
}

/// A random number generator with the same sequence on every machine (xorshift64*).
struct Random {
    state: u64,
    /// Offset of this article into each list of words, so that articles differ in their subject.
    offset: usize,
}

impl Random {
    fn new(seed: usize) -> Self {
        let state = 0x9E37_79B9_7F4A_7C15 ^ (seed as u64 + 1).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mut random = Self { state, offset: 0 };
        for _ in 0..8 {
            random.next();
        }
        random.offset = random.below(1_000);
        random
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("less than a usize")
    }

    /// From 0 to 1.
    fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 21).expect("32 bits are left")) / f64::from(u32::MAX)
    }

    /// A word of a list; some are more frequent than others, as in a language, depending on the article.
    fn word<'w>(&mut self, words: &'w str) -> &'w str {
        let all: Vec<&str> = words.split_whitespace().collect();
        let index = self.below(all.len()).min(self.below(all.len()));
        all[(index + self.offset) % all.len()]
    }
}

fn clause(random: &mut Random) -> String {
    let (kind, subject, verb) = (random.word(KINDS), random.word(NOUNS), random.word(VERBS));
    let (other, object, manner) = (random.word(KINDS), random.word(NOUNS), random.word(MANNERS));
    match random.below(3) {
        0 => format!("the {kind} {subject} may {verb} the {object} {manner}"),
        1 => format!("you can {verb} a {other} {object} and the {subject} {manner}"),
        _ => format!("some {verb} {manner} before the {subject} of a {kind} {object}"),
    }
}

fn sentence(random: &mut Random) -> String {
    let mut text = clause(random);
    if random.below(3) == 0 {
        text = format!("{text}, while {}", clause(random));
    }
    if random.below(12) == 0 {
        text = format!("{text}, and *{}* stays", random.word(NOUNS));
    }
    text[..1].to_uppercase() + &text[1..] + "."
}

fn sentences(random: &mut Random, count: usize) -> String {
    (0..count).map(|_| sentence(random)).collect::<Vec<_>>().join(" ")
}

fn block(random: &mut Random, number: usize) -> String {
    match random.below(12) {
        0 => (0..4).map(|_| format!("- {}", sentence(random))).collect::<Vec<_>>().join("\n"),
        1 => format!("> {}", sentences(random, 2)),
        2 => {
            let rows: Vec<String> =
                (0..3).map(|_| format!("| {} | {} |", random.word(NOUNS), clause(random))).collect();
            format!("| What | Then |\n| --- | --- |\n{}", rows.join("\n"))
        }
        3 if number > 0 => {
            let earlier = slug(random.below(number));
            format!("{} There is more in [an earlier article](/articles/{earlier}).", sentence(random))
        }
        _ => {
            let count = 3 + random.below(5);
            sentences(random, count)
        }
    }
}

fn slug(number: usize) -> String {
    let mut random = Random::new(number);
    format!("{}-{}-{number:05}", random.word(KINDS), random.word(NOUNS))
}

/// Words of an article: the logarithm is nearly normal (a sum of twelve even shares).
fn length(random: &mut Random) -> usize {
    let normal = (0..12).map(|_| random.fraction()).sum::<f64>() - 6.0;
    let words = (MEDIAN_WORDS * (SPREAD * normal).exp()).clamp(SHORTEST, LONGEST);
    // Never negative, never above LONGEST.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped above")]
    let words = words as usize;
    words
}

fn article(number: usize) -> Article {
    let mut random = Random::new(number);
    let words = length(&mut random);
    let title = format!("When the {} {} meets {number:05}", random.word(KINDS), random.word(NOUNS));
    let mut description = sentence(&mut random);
    while description.len() < 80 {
        description = format!("{description} {}", sentence(&mut random));
    }
    description.truncate(150);
    let mut body = String::new();
    let (mut written, mut count) = (0, 0);
    while written < words {
        let text = if count % 5 == 1 { format!("## {}", clause(&mut random)) } else { block(&mut random, number) };
        written += text.split_whitespace().count();
        count += 1;
        let _ = write!(body, "{text}\n\n");
    }
    let first = random.below(TOPICS.len());
    let day = format!("20{:02}-{:02}-{:02}", 10 + number % 15, 1 + number / 15 % 12, 1 + number / 180 % 28);
    let topics = [TOPICS[first], TOPICS[(first + 1 + random.below(TOPICS.len() - 1)) % TOPICS.len()]];
    Article { slug: slug(number), title, description: description.replace('*', ""), topics, day, body }
}

/// Writes the shipped content and `count` generated articles; returns the file of the first of them and its path.
pub fn for_program(folder: &Path, count: usize) -> (PathBuf, String) {
    copy(Path::new("content"), folder);
    for number in 0..count {
        let Article { slug, title, description, topics, day, body } = article(number);
        let takeaways = format!("\n[[takeaways]]\nlead = \"{title}\"\ntext = \"{description}\"\n").repeat(3);
        let front = format!(
            "+++\ntitle = \"{title}\"\ndescription = \"{description}\"\npublished = {day}\ntopics = {topics:?}\n{takeaways}+++\n\n"
        );
        put(&folder.join("articles").join(format!("{slug}.md")), &(front + &body));
    }
    let first = slug(0);
    (folder.join("articles").join(format!("{first}.md")), format!("/articles/{first}"))
}

/// Writes the same articles as a site for Hugo: a page each, a list, a home page, a sitemap.
pub fn for_hugo(folder: &Path, count: usize) {
    for number in 0..count {
        let Article { slug, title, description, topics, day, body } = article(number);
        let front = format!(
            "+++\ntitle = \"{title}\"\ndescription = \"{description}\"\ndate = {day}\ntags = {topics:?}\n+++\n\n"
        );
        put(&folder.join("content/articles").join(format!("{slug}.md")), &(front + &body));
    }
    for (file, text) in [
        ("config.toml", include_str!("hugo/config.toml")),
        ("layouts/_default/single.html", include_str!("hugo/single.html")),
        ("layouts/_default/list.html", include_str!("hugo/list.html")),
        ("layouts/index.html", include_str!("hugo/list.html")),
    ] {
        put(&folder.join(file), text);
    }
}

fn put(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().expect("files lie in folders")).expect("the folder can be made");
    fs::write(file, text).expect("the file can be written");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder can be made");
    for entry in fs::read_dir(from).expect("the content is there") {
        let entry = entry.expect("they can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("they can be copied");
        }
    }
}
