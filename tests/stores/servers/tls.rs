//! Servers that are talked to over TLS: who is trusted, and what is said when somebody is not.

use redis::{Client, IntoConnectionInfo, TlsCertificates};
use session::store::{
    MySqlStore, PostgresStore, RedisClusterStore, RedisStore, StoreError, StoreErrorKind,
};
use session::testing::conformance::Suite;
use session_tests::servers::{
    Authority, Certificate, MariaDb, Postgres, Redis, RedisCluster, Server, free_port, url,
};
use std::error::Error;

/// Where the servers are, as their certificates say it.
const HERE: &str = "IP:127.0.0.1";

/// Of this kind, and the whole chain names all of `hints`.
#[track_caller]
fn fails<T>(result: Result<T, StoreError>, kind: StoreErrorKind, hints: &[&str]) {
    let Err(error) = result else { panic!("it works") };
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    println!("{text}");
    assert_eq!(error.kind(), kind, "{text}");
    assert!(hints.iter().all(|hint| text.contains(hint)), "{hints:?} in: {text}");
}

#[track_caller]
fn refused<T>(result: Result<T, StoreError>, hints: &[&str]) {
    fails(result, StoreErrorKind::Refused, hints);
}

fn started<T>(start: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(start)
}

/// A Redis server that talks both, and its address for TLS.
fn redis_with(certificate: &Certificate) -> (Server, String) {
    let (file, key) = (certificate.file(), certificate.key());
    let start = |port: &str| {
        let mut options = vec!["--save", "", "--tls-port", port, "--tls-cert-file", &file];
        options.extend(["--tls-key-file", &key, "--tls-ca-cert-file", certificate.authority()]);
        options.extend(["--tls-auth-clients", "no"]);
        Redis::start(&options)
    };
    // A port that is free now may be somebody else's in a moment.
    for _ in 0..3 {
        let port = free_port().expect("a port").to_string();
        match start(&port) {
            Ok(server) => return (server, format!("rediss://127.0.0.1:{port}")),
            Err(trouble) => println!("{trouble}"),
        }
    }
    panic!("no Redis with TLS starts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_trusted_when_the_system_trusts_it() {
    let (common, stranger) = started(|| (Authority::common(), Authority::new().expect("openssl")));
    let certificate = started(|| common.issue(HERE, &[]).expect("openssl"));
    let (server, address) = started(|| redis_with(&certificate));
    let store = || RedisStore::connect(address.as_str());
    let (one, two) = (store().await.expect("Redis"), store().await.expect("Redis"));
    Suite::new(one, two).seed(5).tasks(300).run().await.assert();

    let hints = ["127.0.0.1", "by TLS", "is its certificate trusted"];
    let strange = started(|| stranger.issue(HERE, &[]).expect("openssl"));
    let (_strange, address) = started(|| redis_with(&strange));
    refused(RedisStore::connect(address.as_str()).await, &hints);
    let other = started(|| common.issue("DNS:redis.example", &[]).expect("openssl"));
    let (_other, address) = started(|| redis_with(&other));
    refused(RedisStore::connect(address.as_str()).await, &hints);
    // Each waits for the other to begin.
    let plain = server.url().replace("redis://", "rediss://");
    let hints = ["127.0.0.1", "by TLS", "did not answer in time"];
    fails(RedisStore::connect(plain.as_str()).await, StoreErrorKind::Timeout, &hints);
    let bare = address.replace("rediss://", "redis://");
    let hints = ["127.0.0.1", "does only one side speak TLS"];
    fails(RedisStore::connect(bare.as_str()).await, StoreErrorKind::Unavailable, &hints);
}

// As the docs of `RedisStore` tell it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_trusted_by_an_authority_of_the_users_own() {
    let own = started(|| Authority::new().expect("openssl"));
    let certificate = started(|| own.issue(HERE, &[]).expect("openssl"));
    let (_server, address) = started(|| redis_with(&certificate));
    let trusting = |authority: &Authority| {
        let root_cert = Some(std::fs::read(authority.certificate()).expect("a file"));
        let trusted = TlsCertificates { client_tls: None, root_cert };
        let address = address.as_str().into_connection_info().expect("an address");
        let client = Client::build_with_tls(address, trusted).expect("a client");
        RedisStore::connect(client.get_connection_info().clone())
    };
    let (one, two) = (trusting(&own).await.expect("Redis"), trusting(&own).await.expect("Redis"));
    Suite::new(one, two).seed(6).tasks(300).run().await.assert();
    refused(trusting(&Authority::common()).await, &["is its certificate trusted"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_cluster_is_trusted_when_the_system_trusts_it() {
    let cluster = started(|| {
        let certificate = Authority::common().issue(HERE, &[]).expect("openssl");
        RedisCluster::start_with_tls(certificate).expect("a cluster")
    });
    let urls = cluster.urls();
    assert!(urls.iter().all(|url| url.starts_with("rediss://")), "{urls:?}");
    let store = || RedisClusterStore::connect(urls.iter().map(String::as_str));
    let (one, two) = (store().await.expect("a cluster"), store().await.expect("a cluster"));
    Suite::new(one, two).seed(7).tasks(300).run().await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_verified_as_the_address_says() {
    let authority = started(|| Authority::new().expect("openssl"));
    let server = started(|| {
        let certificate = authority.issue(HERE, &["postgres", "nobody"]).expect("openssl");
        let (file, key) = (certificate.file(), certificate.key());
        let [file, key] = [format!("ssl_cert_file={file}"), format!("ssl_key_file={key}")];
        let server = Postgres::start(&["-c", "ssl=on", "-c", &file, "-c", &key]);
        server.expect("PostgreSQL")
    });
    let trusting = |authority: &Authority| {
        let file = authority.certificate();
        format!("{}?sslmode=verify-full&sslrootcert={file}", server.url())
    };
    let address = trusting(&authority);
    let store = || PostgresStore::connect(&address);
    let (one, two) = (store().await.expect("PostgreSQL"), store().await.expect("PostgreSQL"));
    one.migrate().await.expect("a table");
    Suite::new(one, two).seed(8).tasks(300).run().await.assert();

    let stranger = trusting(&Authority::common());
    refused(PostgresStore::connect(&stranger).await, &["no TLS with", "127.0.0.1", "sslrootcert"]);
    let plain = url("SESSION_TEST_POSTGRES") + "?sslmode=require";
    refused(PostgresStore::connect(&plain).await, &["no TLS with", "127.0.0.1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_is_verified_as_the_address_says() {
    let authority = started(|| Authority::new().expect("openssl"));
    let server = started(|| {
        let certificate = authority.issue(HERE, &["mysql", "nobody"]).expect("openssl");
        let (file, key) = (certificate.file(), certificate.key());
        let options = [format!("--ssl-cert={file}"), format!("--ssl-key={key}")];
        MariaDb::start(&options.each_ref().map(String::as_str)).expect("MariaDB")
    });
    let trusting = |authority: &Authority| {
        let file = authority.certificate();
        format!("{}?ssl-mode=VERIFY_IDENTITY&ssl-ca={file}", server.url())
    };
    let address = trusting(&authority);
    let store = || MySqlStore::connect(&address);
    let (one, two) = (store().await.expect("MariaDB"), store().await.expect("MariaDB"));
    one.migrate().await.expect("a table");
    Suite::new(one, two).seed(9).tasks(300).run().await.assert();

    let stranger = trusting(&Authority::common());
    refused(MySqlStore::connect(&stranger).await, &["no TLS with", "127.0.0.1", "ssl-ca"]);
    let plain = url("SESSION_TEST_MYSQL") + "?ssl-mode=REQUIRED";
    refused(MySqlStore::connect(&plain).await, &["no TLS with", "127.0.0.1"]);
}
