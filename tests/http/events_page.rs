//! Rule 32: what `docs/events.md` says of each event is what is emitted.

use session::store::MemoryStore;
use session::{Event, Session, SessionBuilder, SessionLayer, TypedSession, days, hours};
use session_tests::{Fault, Line, NAME, Shelf, Site, Traced, request, site, stored_site};
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("../../docs/events.md");

#[derive(Session)]
#[session(valid = whole)]
struct Visit {
    #[session(valid = few)]
    views: u64,
    #[session(rotate)]
    user: Option<String>,
    note: String,
}

fn few(views: &u64) -> bool {
    *views < 1000
}

fn whole(visit: &Visit) -> bool {
    visit.note != "refused"
}

#[derive(Session)]
#[session(schema = "Visit")]
struct Newer {
    views: String,
}

type Handle = TypedSession<Visit>;

fn visit(views: u64) -> Visit {
    Visit { views, user: None, note: String::new() }
}

/// The cells of the rows of the table that begins with this header, without their marks.
fn table(header: &str) -> Vec<Vec<String>> {
    let rows = PAGE.lines().skip_while(|line| !line.starts_with(header)).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    })
    .collect()
}

fn set(cell: &str) -> BTreeSet<String> {
    cell.split(", ").filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Every event, in cookies and in stores.
async fn everything_happens() {
    let cookies: Site<Visit> = site(|b| b.log_values(true));
    let (stored, shelf): (_, Shelf) = stored_site::<Visit, _>(|b| b.log_values(true));
    let create = async |mut s: Handle| s.views = 1;
    let read = async |_: Handle| {};
    let grow = async |mut s: Handle| s.views += 1;
    for site in [&cookies, &stored] {
        site.run("", create).await;
        site.run(&site.cookie(visit(1)), grow).await;
        site.run(&site.cookie(visit(1)), async |mut s: Handle| s.rotate()).await;
        site.run(&site.cookie(visit(1)), async |mut s: Handle| s.destroy()).await;
        site.run(&site.cookie(visit(1000)), read).await;
        site.run(&site.cookie(Visit { note: "refused".to_owned(), ..visit(1) }), read).await;
        site.run(&format!("{NAME}=x"), read).await;
        site.run(&format!("{}; {}", site.cookie(visit(1)), site.cookie(visit(2))), read).await;
        let two = async |mut a: Handle, mut b: Handle| (a.views, b.views) = (5, 6);
        site.run("", two).await;
        let cookie = site.cookie(visit(1));
        site.clock.advance(hours(13));
        site.run(&cookie, read).await;
        site.clock.advance(days(1));
        site.clock.advance(session::seconds(5));
        site.run(&cookie, read).await;
        let kept = async |s: Handle| axum::Extension(std::sync::Arc::new(std::sync::Mutex::new(s)));
        let app = site.app(kept);
        let response = tower::ServiceExt::oneshot(app, request("")).await.expect("an answer");
        type Kept = std::sync::Arc<std::sync::Mutex<Handle>>;
        response.extensions().get::<Kept>().expect("kept").lock().expect("sane").views = 9;
    }
    let long = async |mut s: Handle| s.note = "x".repeat(5000);
    cookies.run("", long).await;
    let cookie = stored.cookie(visit(1));
    let newer = SessionLayer::<Newer>::stored(shelf.clone()).log_values(true);
    stored.beside(newer).run(&cookie, async |_: TypedSession<Newer>| {}).await;
    let (other, first) = (stored.layer.clone(), cookie.clone());
    shelf.before("update", move |_| {
        let headers = request(&first).headers().clone();
        session_tests::at_once(async move {
            let mut session = other.open(&headers).await.expect("a session");
            session.note = "theirs".to_owned();
            session.commit().await.expect("first");
        });
    });
    stored.run(&cookie, grow).await;
    let rows = shelf.rows();
    let forgetful = shelf.clone();
    shelf.before("update", move |_| rows.iter().for_each(|(key, _)| forgetful.forget(key)));
    stored.run(&cookie, grow).await;
    stored.run(&cookie, read).await;
    shelf.fail(Fault::Down);
    stored.run(&cookie, read).await;

    let small = MemoryStore::builder().max_rows(1).build();
    let builder: SessionBuilder<Visit, _> = SessionLayer::stored(small);
    let small = stored.beside(builder);
    for _ in 0..3 {
        small.run("", create).await;
    }
}

// Fails when an event, its level, target or a field of it is not as the page says, or the page says more
// than there is.
#[tokio::test]
async fn rule_32_the_page_is_what_is_emitted() {
    let log = Traced::default();
    let guard = session_tests::hear(log.clone());
    everything_happens().await;
    drop(guard);
    let mut seen: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    let lines = log.take();
    let events = lines.iter().filter_map(|line| Some((line.field("event")?, line)));
    for (event, line) in events {
        let Line { level, target, fields, .. } = line;
        assert_eq!(*target, "session", "{event}");
        assert_eq!(line.field("session"), Some("Visit"), "{event}");
        let (levels, further) = seen.entry(event.to_owned()).or_default();
        levels.insert(level.to_string());
        let names = fields.iter().map(|(name, _)| (*name).to_owned());
        further.extend(names.filter(|name| name != "event" && name != "session"));
    }
    let page = table("| event | level |");
    let page = page.into_iter().map(|row| (row[0].clone(), (set(&row[1]), set(&row[3]))));
    let page: BTreeMap<_, _> = page.collect();
    assert_eq!(seen, page, "left: what was emitted, right: the page");
    let names: BTreeSet<_> = Event::NAMES.iter().map(ToString::to_string).collect();
    assert_eq!(names, page.into_keys().collect(), "Event::NAMES");
}

// Fails when a field, or a reason, is not explained, or one is that there is not.
#[test]
fn rule_32_the_page_explains_every_field() {
    let used: BTreeSet<String> =
        table("| event | level |").iter().flat_map(|row| set(&row[3])).collect();
    let fields = table("| field | type |");
    let explained: BTreeSet<String> = fields.iter().flat_map(|row| set(&row[0])).collect();
    let always = ["event", "session"].map(str::to_owned);
    assert_eq!(explained, used.into_iter().chain(always).collect());
    use session::InvalidReason::{Forged, FromTheFuture, Refused, UnknownKey};
    let reasons = fields.iter().find(|row| row[0] == "reason").expect("explained");
    let reasons = set(&reasons[2].replace(" or ", ", "));
    let names = [Forged, UnknownKey, FromTheFuture, Refused { field: None }].map(|why| why.name());
    assert_eq!(reasons, names.into_iter().map(str::to_owned).collect());
}
