//! A new catalog while clients send requests.

use crate::test_server::{TestServer, compressed, head, page, short_limits};
use axum::Router;
use http::{HeaderName, HeaderValue};
use relationship_clinic::{catalog::Catalog, web};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
};

fn edition(number: u32) -> Arc<Catalog> {
    let label = HeaderValue::from(number);
    let name = HeaderName::from_static("x-edition");
    let catalog = Catalog::builder(web::security(false))
        .resource("/", page(&format!("edition {number}")).header(name, label))
        .build();
    compressed(catalog)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_response_is_of_one_edition() {
    let server = Arc::new(TestServer::with(short_limits(), edition(0), Router::new()));
    let (done, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let clients: Vec<_> = ["br", "gzip", "identity"]
        .map(|coding| {
            let (server, done, answers) = (Arc::clone(&server), Arc::clone(&done), Arc::clone(&answers));
            tokio::spawn(async move {
                let mut client = server.connect().await;
                let mut last = 0;
                while !done.load(Relaxed) {
                    client.send(&head("GET", "/", &[&format!("Accept-Encoding: {coding}")])).await;
                    let answer = client.answer("GET").await;
                    let number: u32 = answer.header("x-edition").unwrap().parse().unwrap();
                    let text = answer.text();
                    assert_eq!(text.matches(&format!("<p>edition {number}</p>")).count(), 400, "{coding}");
                    assert!(number >= last, "{number} after {last}");
                    last = number;
                    answers.fetch_add(1, Relaxed);
                }
            })
        })
        .into_iter()
        .collect();
    let mut number = 0;
    while number < 100 || answers.load(Relaxed) < 300 {
        number += 1;
        server.catalog.store(edition(number));
        tokio::task::yield_now().await;
    }
    done.store(true, Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(server.get("/", &[]).await.header("x-edition"), Some(&*number.to_string()));
}
