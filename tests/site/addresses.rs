//! The commands about published addresses, and redirects from old addresses.

use crate::support::{clinic::Clinic, content_folder::ContentFolder};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn run(content_folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relationship-clinic"));
    let data = content_folder.join("var");
    let Output { status, stdout, stderr } = command
        .args(arguments)
        .env("CLINIC_CONTENT", content_folder)
        .env("CLINIC_DATA", data)
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    (status.code().expect("the program exits with a code"), text)
}

#[test]
fn check_lists_new_addresses_records_them_and_fails_when_one_is_missing() {
    let content = ContentFolder::copied();
    let (code, text) = run(content.folder(), &["check"]);
    assert_eq!(code, 0, "{text}");
    let old = content.folder().join("articles/choosing-a-therapist");
    let new = content.folder().join("articles/finding-a-therapist");
    fs::create_dir(&new).expect("a folder can be made");
    for name in ["hero.svg", "index.md"] {
        fs::copy(old.join(name), new.join(name)).expect("the file can be copied");
    }
    let (code, text) = run(content.folder(), &["check"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("/articles/finding-a-therapist") && text.contains("check --record"), "{text}");
    let published = || fs::read_to_string(content.file("addresses.txt")).expect("the list is there");
    assert!(!published().contains("finding-a-therapist"), "only `--record` writes");
    let (code, text) = run(content.folder(), &["check", "--record"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(run(content.folder(), &["check"]).0, 0);
    assert!(published().ends_with("/articles/finding-a-therapist\n"), "{}", published());
    fs::rename(&new, content.folder().join("articles/how-to-find-a-therapist")).expect("the file can be renamed");
    let (code, text) = run(content.folder(), &["check"]);
    assert_eq!(code, 1, "{text}");
    for part in [
        "addresses.txt",
        "would answer 404",
        "aliases = [\"/articles/finding-a-therapist\"]",
        "how-to-find-a-therapist/index.md",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    assert_eq!(run(content.folder(), &["check", "--record"]).0, 1, "recording does not bring a missing address back");
}

#[test]
fn import_urls_reports_each_address_of_another_system() {
    let content = ContentFolder::copied();
    let file = content.folder().join("old.xml");
    fs::write(
        &file,
        "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><url><loc>https://old.example/post/choosing-a-therapist</loc></url>\
         <url><loc>https://old.example/</loc></url><url><loc>https://old.example/blog-posts/trust-after-a-betrayal</loc></url>\
         <url><loc>https://old.example/xyz</loc></url></urlset>",
    )
    .expect("the content file can be written");
    let (code, text) = run(content.folder(), &["import", "urls", file.to_str().expect("the path is UTF-8")]);
    assert_eq!(code, 1, "two would be lost: {text}");
    for line in [
        "200 /\n",
        "308 /post/choosing-a-therapist -> /articles/choosing-a-therapist\n",
        "404 /blog-posts/trust-after-a-betrayal: write `/blog-posts/trust-after-a-betrayal -> /articles/trust-after-betrayal`\n",
        "404 /xyz: write",
        "2 would be lost",
    ] {
        assert!(text.contains(line), "{line} is missing in:\n{text}");
    }
}

#[test]
fn old_addresses_of_every_article_redirect_to_it_and_unknown_ones_are_missing() {
    let clinic = Clinic::start();
    let published = fs::read_to_string("content/addresses.txt").expect("the list is shipped");
    let slugs: Vec<&str> =
        published.lines().filter_map(|line| line.strip_prefix("/articles/")?.split(' ').next()).collect();
    assert!(slugs.len() >= 9, "{slugs:?}");
    for slug in slugs {
        for old in ["post", "blog", "blog-posts"] {
            let answer = clinic.get(&format!("/{old}/{slug}?from=old"));
            assert_eq!(answer.is(308).header("location"), format!("/articles/{slug}?from=old"));
        }
    }
    for (path, to) in
        [("/post", "/articles"), ("/blog/", "/articles"), ("/Blog-Posts", "/articles"), ("/Contact/", "/contact")]
    {
        assert_eq!(clinic.get(path).is(308).header("location"), to, "{path}");
    }
    for path in ["/post/unknown", "/blog-posts/unknown/", "/health/live/", "/Health/Live"] {
        clinic.get(path).is(404);
    }
    clinic.get_with("/health/live", &[("host", "elsewhere.example")]).is(200);
}

#[test]
fn other_public_hosts_are_redirected_except_for_health_checks() {
    let clinic = Clinic::with(&[("CLINIC_BASE_URL", "https://www.clinic.example")]);
    let answer = clinic.get_with("/Post/choosing-a-therapist/?a=b", &[("host", "clinic.example")]);
    assert_eq!(answer.is(308).header("location"), "https://www.clinic.example/articles/choosing-a-therapist?a=b");
    clinic.get_with("/", &[("host", "www.clinic.example")]).is(200);
    clinic.get_with("/health/ready", &[("host", "clinic.example")]).is(200);
    clinic.get("/").is(200);
}
