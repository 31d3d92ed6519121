//! What more articles cost: the start, compression in the background, memory, and one change; compared to Hugo's build.

use super::{
    corpus,
    figures::Figures,
    goals::{Goal, Goals},
    http_client,
    hugo::{self, Build},
    program::{On, Program},
};
use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Repetitions of a change, and of the start and build of small sites.
const REPETITIONS: usize = 5;
/// Larger sites are started and built once: they take long, and long runs vary little.
const ONCE_FROM: usize = 10_000;

/// The cost of one size, without and with a cache.
#[derive(Default)]
struct Cost {
    first: Figures,
    first_cpu: Figures,
    compressed: f64,
    rest_mib: f64,
    again: Figures,
    again_cpu: Figures,
    again_mib: f64,
    change: Figures,
}

/// Measures 10, 100, 1,000 ... articles, up to a bound.
pub fn measure(folder: &Path, upto: usize, goals: &mut Goals) {
    println!(
        "\nArticles of 1,200 words (median) in addition to the shipped ones; both processors; medians [min..max]\n"
    );
    println!(
        "| articles | first response, s | CPU till then, s | all compressed, s | MiB at rest | first response from the cache, s | CPU till then, s | a change is served after, s | Hugo's build, s | Hugo's CPU, s | Hugo's peak, MiB |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for count in [10, 100, 1_000, 10_000].into_iter().filter(|count| *count <= upto) {
        let folder = folder.join(format!("growth-{count}"));
        let times = if count < ONCE_FROM { REPETITIONS } else { 1 };
        let cost = measure_program(&folder, count, times);
        let builds = hugo::builds(&folder, count, times);
        report(count, &cost, &builds, goals);
        let _ = fs::remove_dir_all(folder);
    }
}

fn measure_program(folder: &Path, count: usize, times: usize) -> Cost {
    let content = folder.join("content");
    let (file, path) = corpus::for_program(&content, count);
    let mut cost = Cost::default();
    for time in 0..times {
        let (data, last) = (folder.join(format!("data-{time}")), time + 1 == times);
        let mut program = Program::start(&content, &data, On::All);
        let first = program.first_response(&path);
        cost.first.push(first.as_secs_f64());
        cost.first_cpu.push(program.process.cpu().as_secs_f64());
        if last {
            cost.compressed = program.compressed().as_secs_f64();
            cost.rest_mib = mib(&program);
            drop(program);
            from_the_cache(&mut cost, &content, &data, (&file, &path), times);
        }
    }
    cost
}

/// Starts again with everything compressed in the disk cache, then changes one article.
fn from_the_cache(cost: &mut Cost, content: &Path, data: &Path, article: (&Path, &str), times: usize) {
    for time in 0..times {
        let mut program = Program::start(content, data, On::All);
        cost.again.push(program.first_response(article.1).as_secs_f64());
        cost.again_cpu.push(program.process.cpu().as_secs_f64());
        if time + 1 == times {
            thread::sleep(Duration::from_secs(1));
            cost.again_mib = mib(&program);
            changes(cost, &program, article);
        }
    }
}

/// Saves the article and requests it until the change is served.
fn changes(cost: &mut Cost, program: &Program, (file, path): (&Path, &str)) {
    let text = fs::read_to_string(file).expect("the article is there");
    for time in 0..REPETITIONS {
        let mark = format!("Saved, number {time}.");
        let begun = Instant::now();
        fs::write(file, format!("{text}\n{mark}\n")).expect("it can be saved");
        http_client::until(program.address, path, &[], |response| {
            String::from_utf8_lossy(&response.body).contains(&mark)
        });
        cost.change.push(begun.elapsed().as_secs_f64());
    }
    fs::write(file, text).expect("it can be saved");
}

fn mib(program: &Program) -> f64 {
    // Far below the 52 bits that are exact.
    #[expect(clippy::cast_precision_loss, reason = "memory of a machine")]
    let kib = program.process.resident_kib() as f64;
    kib / 1024.0
}

fn report(count: usize, cost: &Cost, builds: &[Build], goals: &mut Goals) {
    let (wall, cpu): (Figures, Figures) = builds.iter().map(|b| (b.wall.as_secs_f64(), b.cpu.as_secs_f64())).unzip();
    let peak = builds.iter().map(|build| build.peak_kib / 1024).max().unwrap_or_default();
    println!(
        "| {count} | {:.3} | {:.2} | {:.1} | {:.0}, from the cache {:.0} | {:.3} | {:.2} | {:.2} | {wall:.2} | {cpu:.2} | {peak} |",
        cost.first,
        cost.first_cpu,
        cost.compressed,
        cost.rest_mib,
        cost.again_mib,
        cost.again,
        cost.again_cpu,
        cost.change,
    );
    match count {
        10 => goals.record(Goal::MemoryOfTen, &Figures::one(cost.again_mib)),
        1_000 => {
            goals.record(Goal::MemoryOfThousand, &Figures::one(cost.again_mib));
            goals.record(Goal::BuildToHugo, &cost.again_cpu.to(&cpu));
            goals.record(Goal::StartToHugo, &cost.first_cpu.to(&cpu));
            goals.record(Goal::CachedStartToHugo, &cost.again.to(&wall));
            goals.record(Goal::Change, &cost.change);
        }
        _ => {}
    }
}
