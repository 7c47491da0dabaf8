//! The cookie's attributes, when it is set and when it is removed.

use crate::answer::REMOVAL;
use crate::bed::Home;
use serde_json::json;

/// All attributes at once.
pub const ALL: [&str; 9] = [
    "--name",
    "__Secure-sid",
    "--path",
    "/app",
    "--domain",
    "example.com",
    "--same-site",
    "none",
    "--partitioned",
];

const HOST: &str = "__Host-session";
const ROWS: [(&[&str], &str, &str); 9] = [
    (&[], HOST, "Path=/; Secure; HttpOnly; SameSite=Lax"),
    (&["--same-site", "none"], HOST, "Path=/; Secure; HttpOnly; SameSite=None"),
    (&["--same-site", "strict"], HOST, "Path=/; Secure; HttpOnly; SameSite=Strict"),
    (&["--partitioned"], HOST, "Path=/; Secure; HttpOnly; SameSite=Lax; Partitioned"),
    (&["--no-http-only"], HOST, "Path=/; Secure; SameSite=Lax"),
    (&["--priority", "low"], HOST, "Path=/; Secure; HttpOnly; SameSite=Lax; Priority=Low"),
    (&["--priority", "high"], HOST, "Path=/; Secure; HttpOnly; SameSite=Lax; Priority=High"),
    (&["--insecure"], "session", "Path=/; HttpOnly; SameSite=Lax"),
    (
        &ALL,
        "__Secure-sid",
        "Path=/app; Domain=example.com; Secure; HttpOnly; SameSite=None; Partitioned",
    ),
];

// Fails when an attribute is missing, is one too many, depends on the client, or is not repeated
// when the cookie is removed.
pub fn cookie_attributes_are_as_configured(home: Home) {
    for (options, name, attributes) in ROWS {
        let bed = home.bed(options);
        let set = bed
            .set(json!({"note": "a"}))
            .header(
                "User-Agent",
                "Mozilla/5.0 AppleWebKit/537.36 Chrome/81.0.4044.138 Safari/537.36",
            )
            .header("X-Forwarded-Proto", "http")
            .send();
        let pair = set.pair();
        assert!(pair.starts_with(&format!("{name}=")), "{pair}");
        assert_eq!(set.line(), format!("{pair}; Max-Age=86400; {attributes}"));
        let removed = bed.post("/destroy").cookie(&pair).after(1).send();
        assert_eq!(removed.line(), format!("{name}{REMOVAL}; {attributes}"));
    }
}
