//! Enquiries stored per second, each synced to the disk before the response, and the time that one takes.
//!
//! Every POST is another enquiry from another address (in `X-Forwarded-For`), so that none is a duplicate or limited.

use super::{
    figures::Figures,
    goals::{Goal, Goals},
    load,
    program::{On, Program},
};
use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    time::Instant,
};

/// Concurrent clients.
const MANY: u32 = 64;
/// Syncs for one median.
const SYNCS: usize = 200;

/// Measures one client and many in turn, and for comparison a response that stores nothing and a sync alone.
pub fn measure(folder: &Path, rounds: usize, seconds: u32, goals: &mut Goals) {
    let mut program = Program::start(Path::new("content"), &folder.join("form"), On::One);
    program.first_response("/contact");
    program.compressed();
    let script = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::write(&file, text).expect("the script can be written");
        file
    };
    let enquiry = script("enquiry.lua", include_str!("enquiry.lua"));
    let empty = script("empty.lua", include_str!("empty.lua"));
    let (mut one, mut many, mut median, mut sum) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        let server = (&program.process, program.address);
        let alone = load::post(server, "/contact", &enquiry, 1, seconds);
        let nothing = load::post(server, "/health/live", &empty, 1, seconds);
        let concurrent = load::post(server, "/contact", &enquiry, MANY, seconds);
        one.push(alone.per_second);
        many.push(concurrent.per_second);
        median.push(alone.median_micros);
        sum.push(sync_micros(folder) + nothing.median_micros);
    }
    let figures = |list: Vec<f64>| list.into_iter().collect::<Figures>();
    let (one, many, median, sum) = (figures(one), figures(many), figures(median), figures(sum));
    println!("\nEnquiries stored per second: {one:.0} from one client, {many:.0} from {MANY}");
    println!("One takes {median:.0} µs; a sync of 4 KiB and a response that stores nothing take {sum:.0} µs");
    goals.record(Goal::Enquiries, &many.to(&one));
    goals.record(Goal::EnquiryMedian, &median.to(&sum));
}

/// The median time of 4 KiB more in a file on the same disk, synced.
fn sync_micros(folder: &Path) -> f64 {
    let mut file = File::create(folder.join("sync")).expect("the file can be made");
    let mut sync = || {
        let begun = Instant::now();
        file.write_all(&[1; 4096]).expect("the file can be written");
        file.sync_data().expect("the disk syncs");
        begun.elapsed().as_secs_f64() * 1e6
    };
    (0..SYNCS).map(|_| sync()).collect::<Figures>().median()
}
