//! Against a server of the tests' own, that answers as it is told.

mod server;

use super::*;
use crate::Millis;
use server::{Answer, Server, say, value};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use tokio::sync::Notify;

fn key(first: u8) -> RowKey {
    let mut bytes = [7; 32];
    bytes[0] = first;
    RowKey::from_bytes(bytes)
}

fn record(revision: u64) -> Record {
    let at = Millis::from_ms(1_700_000_000_000);
    Record {
        revision: Revision::from_number(revision),
        times: Times::new(at, 60_000, at.plus(60_000)),
        body: b"\r\nEND\r\n\0\xff".to_vec(),
    }
}

fn lease() -> Lease {
    let now = Millis::from_ms(1_700_000_000_000);
    Lease { now, keep: Duration::from_secs(60), may_shorten: false }
}

#[tokio::test]
async fn a_value_is_the_bytes_that_were_stored() {
    let mut server = Server::start(|asked| match asked.1.split(' ').next() {
        Some("add") => say("STORED\r\n"),
        Some("gets") => Answer::Say(value(asked, &record(1).to_bytes(), 5)),
        _ => Answer::Nothing,
    })
    .await;
    let store = server.store().await;
    assert_eq!(store.create(&key(1), &record(1), lease()).await.expect("made"), Created::Created);
    let (_, line, stored) = server.asked.recv().await.expect("asked");
    assert_eq!(line, format!("add session:{} 0 61 {}", key(1), stored.len()));
    assert_eq!(stored, record(1).to_bytes());
    assert_eq!(store.load(&key(1)).await.expect("loaded"), Loaded::Record(record(1)));
}

#[tokio::test]
async fn a_change_after_a_load_is_one_command() {
    let mut server = Server::start(|asked| match asked.1.split(' ').next() {
        Some("gets") => Answer::Say(value(asked, &record(1).to_bytes(), 5)),
        Some("cas") => say("STORED\r\n"),
        _ => Answer::Nothing,
    })
    .await;
    let store = server.store().await;
    store.load(&key(1)).await.expect("loaded");
    let first = Revision::FIRST;
    let updated = store.update(&key(1), first, &record(2), lease()).await.expect("asked");
    assert_eq!(updated, Updated::Applied);
    assert_eq!(server.next().await.1, "gets");
    let (_, line, stored) = server.asked.recv().await.expect("asked");
    assert_eq!(line, format!("cas session:{} 0 61 {} 5", key(1), stored.len()));
    assert_eq!(stored, record(2).to_bytes());

    // Another one must read: the version from the load is used up.
    store.update(&key(1), first, &record(2), lease()).await.expect("asked");
    assert_eq!([server.next().await.1, server.next().await.1], ["gets", "cas"]);

    store.load(&key(1)).await.expect("loaded");
    store.delete(&key(1), Duration::ZERO).await.expect("asked");
    assert_eq!(server.next().await.1, "gets");
    let (_, line, stored) = server.asked.recv().await.expect("asked");
    assert_eq!(line, format!("cas session:{} 0 -1 1 5", key(1)), "not remembered: over at once");
    assert_eq!(stored, [ENDED]);
}

#[tokio::test]
async fn what_is_known_from_a_load_decides_nothing_but_a_swap() {
    // The row has moved on since the load.
    let loads = AtomicUsize::new(0);
    let mut server = Server::start(move |asked| match asked.1.split(' ').next() {
        Some("gets") if loads.fetch_add(1, Ordering::Relaxed) == 0 => {
            Answer::Say(value(asked, &record(1).to_bytes(), 5))
        }
        Some("gets") => Answer::Say(value(asked, &record(2).to_bytes(), 6)),
        Some("cas") => say("EXISTS\r\n"),
        _ => Answer::Nothing,
    })
    .await;
    let store = server.store().await;
    store.load(&key(1)).await.expect("loaded");
    let updated = store.update(&key(1), Revision::FIRST, &record(2), lease()).await;
    assert_eq!(updated.expect("asked"), Updated::Conflict(Some(record(2))));
    let words = [server.next().await.1, server.next().await.1, server.next().await.1];
    assert_eq!(words, ["gets", "cas", "gets"]);

    // A revision that is not the known one is looked up before it is a conflict.
    store.load(&key(1)).await.expect("loaded");
    let updated = store.update(&key(1), Revision::FIRST, &record(2), lease()).await;
    assert_eq!(updated.expect("asked"), Updated::Conflict(Some(record(2))));
    assert_eq!([server.next().await.1, server.next().await.1], ["gets", "gets"]);
}

#[tokio::test]
async fn a_row_that_is_gone_at_the_swap_is_not_made_again() {
    let server = Server::start(|asked| match asked.1.split(' ').next() {
        Some("gets") => Answer::Say(value(asked, &record(1).to_bytes(), 5)),
        Some("cas") => say("NOT_FOUND\r\n"),
        _ => Answer::Nothing,
    })
    .await;
    let store = server.store().await;
    let updated = store.update(&key(1), Revision::FIRST, &record(2), lease()).await;
    assert_eq!(updated.expect("asked"), Updated::Ended);
    let later = Times::new(lease().now, 60_000, lease().now.plus(90_000));
    let touched = store.touch(&key(1), Revision::FIRST, later, lease()).await;
    assert_eq!(touched.expect("asked"), Touched::Nothing);
    let deleted = store.delete(&key(1), Duration::from_secs(60)).await;
    assert_eq!(deleted.expect("asked"), Deleted::Gone);
}

#[tokio::test]
async fn times_that_an_update_keeps_are_kept_by_memcached_too() {
    let far = Times::new(lease().now, 600_000, lease().now.plus(600_000));
    let mut server = Server::start(move |asked| match asked.1.split(' ').next() {
        Some("gets") => {
            Answer::Say(value(asked, &Record { times: far, ..record(1) }.to_bytes(), 5))
        }
        Some("cas") => say("STORED\r\n"),
        _ => Answer::Nothing,
    })
    .await;
    let store = server.store().await;
    for (may_shorten, seconds, times) in [(false, 601, far), (true, 61, record(2).times)] {
        let lease = Lease { may_shorten, ..lease() };
        store.update(&key(1), Revision::FIRST, &record(2), lease).await.expect("asked");
        server.next().await;
        let (_, line, stored) = server.asked.recv().await.expect("asked");
        assert_eq!(line.split(' ').nth(3), Some(seconds.to_string().as_str()), "{line}");
        assert_eq!(Record::from_bytes(stored).expect("ours").times, times);
    }
}

#[tokio::test]
async fn the_reply_to_a_dropped_call_reaches_nobody() {
    let told = Arc::new(Notify::new());
    let tell = Arc::clone(&told);
    let mut server = Server::start(move |asked| {
        if !asked.1.starts_with("gets ") {
            Answer::Nothing
        } else if asked.1.ends_with(&key(1).to_string()) {
            Answer::SayAfter(Arc::clone(&told), value(asked, &record(1).to_bytes(), 5))
        } else {
            Answer::Say(value(asked, &record(2).to_bytes(), 6))
        }
    })
    .await;
    let store = server.store().await;
    let dropped = key(1);
    tokio::select! {
        loaded = store.load(&dropped) => panic!("was not answered: {loaded:?}"),
        asked = server.next() => assert_eq!(asked, (1, "gets".to_owned())),
    }
    tell.notify_one();
    assert_eq!(store.load(&key(2)).await.expect("loaded"), Loaded::Record(record(2)));
    assert_eq!(server.next().await.0, 2, "over a new connection");
}

#[tokio::test]
async fn a_slow_server_is_a_timeout_and_its_connections_are_closed() {
    let mut server = Server::start(|asked| match asked.1.as_str() {
        line if line.ends_with(&key(2).to_string()) => say("END\r\n"),
        _ => Answer::Nothing,
    })
    .await;
    let builder = MemcachedStore::builder(server.url.clone()).timeout(Duration::from_millis(100));
    let store = builder.connect().await.expect("connects");
    let other = key(2);
    let both = tokio::join!(store.load(&other), store.load(&other));
    both.0.and(both.1).expect("loaded");
    assert_eq!([server.next().await.0, server.next().await.0], [1, 2]);

    let error = store.load(&key(1)).await.expect_err("no answer");
    assert_eq!(error.kind(), StoreErrorKind::Timeout);
    server.next().await;
    assert_eq!(store.load(&other).await.expect("loaded"), Loaded::Nothing);
    assert_eq!(
        server.next().await.0,
        3,
        "neither over that connection nor over the other idle one"
    );
}

#[tokio::test]
async fn a_reply_of_another_key_is_an_error_and_the_connection_is_closed() {
    let mut server = Server::start(|asked| match asked.1.as_str() {
        line if line.ends_with(&key(2).to_string()) => say("END\r\n"),
        "version" | "stats settings" => Answer::Nothing,
        // Nothing comes after it, so that the connection looks well.
        _ => say(&format!("VALUE session:{} 0 100 5\r\n", key(3))),
    })
    .await;
    let store = server.store().await;
    let error = store.load(&key(1)).await.expect_err("not its own");
    assert_eq!(error.kind(), StoreErrorKind::MixedUp);
    assert_eq!(store.load(&key(2)).await.expect("loaded"), Loaded::Nothing);
    assert_eq!([server.next().await.0, server.next().await.0], [1, 2]);
}

#[tokio::test]
async fn more_than_the_reply_closes_the_connection() {
    let mut server = Server::start(|asked| match asked.1.as_str() {
        "version" | "stats settings" => Answer::Nothing,
        _ => say("END\r\nEND\r\n"),
    })
    .await;
    let store = server.store().await;
    for connection in [1, 2, 3] {
        assert_eq!(store.load(&key(1)).await.expect("loaded"), Loaded::Nothing);
        assert_eq!(server.next().await.0, connection);
    }
}

#[tokio::test]
async fn a_server_that_was_started_again_is_read_from_at_once() {
    let server = Server::start(|asked| match asked.1.as_str() {
        "version" | "stats settings" => Answer::Nothing,
        _ => Answer::SayAndClose(b"END\r\n".to_vec()),
    })
    .await;
    let store = server.store().await;
    for _ in 0..20 {
        assert_eq!(store.load(&key(1)).await.expect("loaded"), Loaded::Nothing);
    }
}

#[tokio::test]
async fn only_a_read_is_tried_again_when_an_idle_connection_turns_out_closed() {
    let mut server = Server::start(|asked| match (asked.0, asked.1.as_str()) {
        (_, "version" | "stats settings") => Answer::Nothing,
        (1 | 2, _) => Answer::SayAndClose(Vec::new()),
        _ => say("END\r\n"),
    })
    .await;
    // The first connection is idle after this. It is closed without a word when it is used.
    let store = server.store().await;
    let error = store.create(&key(1), &record(1), lease()).await.expect_err("no answer");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(server.next().await, (1, "add".to_owned()));
    assert!(server.asked.is_empty(), "it may have been stored");

    // A new connection that is closed is the server's fault, and an error.
    let error = store.load(&key(1)).await.expect_err("no answer");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(server.next().await, (2, "gets".to_owned()));

    let mut server = Server::start(|asked| match (asked.0, asked.1.as_str()) {
        (_, "version" | "stats settings") => Answer::Nothing,
        (1, _) => Answer::SayAndClose(Vec::new()),
        _ => say("END\r\n"),
    })
    .await;
    let store = server.store().await;
    assert_eq!(store.load(&key(1)).await.expect("loaded"), Loaded::Nothing);
    assert_eq!([server.next().await.0, server.next().await.0], [1, 2]);
}

#[tokio::test]
async fn there_are_no_more_connections_than_allowed() {
    let told = Arc::new(Notify::new());
    let tell = Arc::clone(&told);
    let mut server = Server::start(move |asked| match asked.1.as_str() {
        "version" | "stats settings" => Answer::Nothing,
        _ => Answer::SayAfter(Arc::clone(&told), b"END\r\n".to_vec()),
    })
    .await;
    let builder = MemcachedStore::builder(server.url.clone()).max_connections(1);
    let store = builder.timeout(Duration::from_secs(60)).connect().await.expect("connects");
    let (first, second) = (key(1), key(2));
    let mut first = Box::pin(store.load(&first));
    let mut second = Box::pin(store.load(&second));
    tokio::select! {
        biased;
        _ = &mut first => panic!("was not answered"),
        _ = &mut second => panic!("was not answered"),
        asked = server.next() => assert_eq!(asked.0, 1),
    }
    tell.notify_one();
    assert_eq!(first.await.expect("loaded"), Loaded::Nothing);
    tell.notify_one();
    assert_eq!(second.await.expect("loaded"), Loaded::Nothing);
    assert_eq!(server.next().await.0, 1, "over the same connection");
}

#[tokio::test]
async fn foreign_values_are_corrupt_and_never_written_over() {
    let mut server = Server::start(|asked| match asked.1.split(' ').next() {
        Some("gets") => Answer::Say(value(asked, b"{\"user\":1}", 5)),
        Some("cas" | "add") => say("STORED\r\n"),
        _ => Answer::Nothing,
    })
    .await;
    let store = server.store().await;
    let later = Times::new(lease().now, 60_000, lease().now.plus(90_000));
    let kinds = [
        store.load(&key(1)).await.map(drop),
        store.update(&key(1), Revision::FIRST, &record(2), lease()).await.map(drop),
        store.touch(&key(1), Revision::FIRST, later, lease()).await.map(drop),
        store.delete(&key(1), Duration::ZERO).await.map(drop),
    ]
    .map(|result| result.expect_err("foreign").kind());
    assert_eq!(kinds, [StoreErrorKind::Corrupt; 4]);
    for _ in kinds {
        assert_eq!(server.next().await.1, "gets");
    }
    assert!(server.asked.is_empty(), "nothing else was asked");
}

#[tokio::test]
async fn what_can_not_be_used_is_refused_when_connecting() {
    for (version, settings, expected) in [
        ("HTTP/1.1 400 Bad Request\r\n", "END\r\n", StoreErrorKind::Other),
        ("CLIENT_ERROR unauthenticated\r\n", "END\r\n", StoreErrorKind::Refused),
        ("VERSION 1.6.18\r\n", "STAT cas_enabled no\r\nEND\r\n", StoreErrorKind::Refused),
    ] {
        let server = Server::start(move |asked| match asked.1.as_str() {
            "version" => say(version),
            _ => say(settings),
        })
        .await;
        let error = MemcachedStore::connect(server.url.clone()).await.expect_err("refused");
        assert_eq!(error.kind(), expected, "{version:?}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("memcached://{}", nobody.local_addr().expect("bound"));
    drop(nobody);
    let error = MemcachedStore::connect(url).await.expect_err("nobody there");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn a_server_without_versions_is_noticed_at_the_latest_when_it_is_read() {
    let server = Server::start(|asked| match asked.1.split(' ').next() {
        Some("gets") => Answer::Say(value(asked, &record(1).to_bytes(), 0)),
        _ => Answer::Nothing,
    })
    .await;
    let error = server.store().await.load(&key(1)).await.expect_err("no version");
    assert_eq!(error.kind(), StoreErrorKind::Refused);
}

#[tokio::test]
async fn a_long_lifetime_goes_by_the_servers_clock() {
    let mut server = Server::start(|asked| match asked.1.split(' ').next() {
        Some("stats") if asked.1 == "stats" => say("STAT pid 1\r\nSTAT time 1000000000\r\nEND\r\n"),
        Some("add") => say("STORED\r\n"),
        _ => Answer::Nothing,
    })
    .await;
    let store = server.store().await;
    let lease = Lease { keep: Duration::from_secs(400 * 86_400), ..lease() };
    for asks in [2, 1] {
        store.create(&key(1), &record(1), lease).await.expect("made");
        if asks == 2 {
            assert_eq!(server.next().await.1, "stats");
        }
        let (_, line, _) = server.asked.recv().await.expect("asked");
        let exptime: u64 = line.split(' ').nth(3).expect("exptime").parse().expect("a number");
        // A second may have gone by between.
        assert!((1_034_563_600..1_034_563_700).contains(&exptime), "{line}");
    }
}
