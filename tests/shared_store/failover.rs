//! A primary that is killed while others publish to it, and its standby that takes over.

use super::server::{Server, wait_for};
use super::{FOLDER, PUBLISHED, Place, number};

/// The runs that a worker has said are published.
fn acknowledged(output: &str) -> Vec<String> {
    let run = |line: &str| Some(line.split(" run=").nth(1)?.trim().to_owned());
    output.lines().filter(|line| line.starts_with("RESULT published")).filter_map(run).collect()
}

#[test]
fn a_killed_primary_costs_no_acknowledged_publication_and_workers_go_on_by_themselves() {
    const TENANTS: i64 = 16;
    let Some(mut primary) = Server::start("a killed primary") else { return };
    let standby = primary.standby();
    let mut client = primary.client();
    let place = Place::new(&[&primary, &standby]);
    for n in 1..=TENANTS {
        place.job(&format!("t{n:02}"), FOLDER);
    }
    place.begin_schedules(&mut client);
    let mut one = place.start("one", "2");
    let mut two = place.start("two", "2");
    wait_for("some publications", || number(&mut client, PUBLISHED) >= 4);
    drop(client);
    primary.kill();
    standby.promote();
    // They find the new primary without being started again.
    let mut client = standby.client();
    let before = number(&mut client, PUBLISHED);
    one.child.wait().unwrap();
    two.child.wait().unwrap();
    assert!(number(&mut client, PUBLISHED) > before, "{}{}", one.output(), two.output());
    let mut told = acknowledged(&(one.output() + &two.output()));
    wait_for("all publications", || {
        let run = place.run("three");
        told.extend(acknowledged(&String::from_utf8(run.stdout).unwrap()));
        number(&mut client, PUBLISHED) == TENANTS
    });
    let sql = "select count(*) from orgsnap_data.run where verdict = 'published' and id = any($1)";
    let found: i64 = client.query_one(sql, &[&told]).unwrap().get(0);
    assert!(!told.is_empty());
    assert_eq!(found, i64::try_from(told.len()).unwrap(), "{told:?}");
    let tenants =
        "select count(distinct tenant_id) from orgsnap_data.run where verdict = 'published'";
    assert_eq!(number(&mut client, tenants), TENANTS);
    eprintln!("{} acknowledged publications of {TENANTS}, 0 lost", told.len());
}
