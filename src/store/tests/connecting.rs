//! Connections to a server: encrypted, with a password that no message tells.

use super::fixture::*;
use super::importing::*;
use super::server::{PASSWORD, Server};
use crate::model::Feed;
use crate::store::{Store, StoreError};

#[test]
fn a_connection_is_encrypted_and_the_certificate_checked_unless_the_url_says_otherwise() {
    let Some(server) = Server::start_secured(
        "a_connection_is_encrypted_and_the_certificate_checked_unless_the_url_says_otherwise",
    ) else {
        return;
    };
    let open = |password: &str, query: &str| {
        let url = format!(
            "postgresql://orgsnap:{password}@127.0.0.1:{}/postgres?hash_partitions=2{query}",
            server.port
        );
        Store::open_server(&url, "one", &schema())
    };
    let trusted = format!("&sslrootcert={}", server.certificate().display());
    let mut store = open(PASSWORD, &trusted).unwrap();
    import_as(&mut store, &schema(), "run-1", day(1), &delivery("A1|a|1|||8601")).unwrap();
    let is_encrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    assert_eq!(store.server().0.value::<bool>(is_encrypted, &[]).unwrap(), Some(true));
    let mut plain = open(PASSWORD, "&sslmode=disable").unwrap();
    assert_eq!(plain.server().0.value::<bool>(is_encrypted, &[]).unwrap(), Some(false));
    // Nobody has vouched for it.
    let untrusted = open(PASSWORD, "").unwrap_err();
    assert!(matches!(untrusted, StoreError::ServerUnreachable { .. }), "{untrusted:?}");
    let wrong = open("wr0ng-0ne", &trusted).unwrap_err();
    assert!(matches!(wrong, StoreError::ServerLogin { .. }), "{wrong:?}");
    for text in [format!("{untrusted:?} {untrusted}"), format!("{wrong:?} {wrong} {store:?}")] {
        assert!(!text.contains(PASSWORD) && !text.contains("wr0ng-0ne"), "{text}");
    }
}

#[test]
fn a_server_without_tls_is_refused_unless_the_url_says_otherwise() {
    let Some(server) =
        Server::start("a_server_without_tls_is_refused_unless_the_url_says_otherwise")
    else {
        return;
    };
    let refused =
        Store::open_server(&server.url().replace("sslmode=disable&", ""), "one", &schema());
    assert!(matches!(refused, Err(StoreError::ServerUnreachable { .. })), "{refused:?}");
    server.open("one");
}

#[test]
fn of_several_hosts_the_one_that_answers_is_taken() {
    let Some(server) = Server::start("of_several_hosts_the_one_that_answers_is_taken") else {
        return;
    };
    // Nobody listens on the first.
    let url = server.url().replace("127.0.0.1:", "127.0.0.1:1,127.0.0.1:");
    Store::open_server(&url, "one", &schema()).unwrap();
}

#[test]
fn a_schema_that_does_not_fit_those_of_other_tenants_is_refused_and_new_columns_are_added() {
    let Some(server) = Server::start(
        "a_schema_that_does_not_fit_those_of_other_tenants_is_refused_and_new_columns_are_added",
    ) else {
        return;
    };
    server.open("one");
    let mut other = schema();
    let nodes = &mut other.feeds[Feed::Node].fields;
    let mut field = nodes[1].clone();
    (field.name, field.column) = ("extra".to_owned(), "extra".to_owned());
    nodes.push(field);
    let mut store = Store::open_server(&server.url(), "two", &other).unwrap();
    let has = "select count(*) from information_schema.columns where column_name = 'extra'";
    let count: Option<i64> = store.server().0.value(has, &[]).unwrap();
    assert!(count.is_some_and(|count| count > 1));
    other.feeds[Feed::Node].fields[2].kind = crate::config::schema::Kind::Integer;
    let refused = Store::open_server(&server.url(), "three", &other);
    assert!(matches!(refused, Err(StoreError::Column { .. })), "{refused:?}");
    import_as(&mut server.open("one"), &schema(), "run-1", day(1), &delivery("A1|a|1")).unwrap();
}
