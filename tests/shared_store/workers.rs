//! Workers that are killed, stopped, told to end, or find a date held by another.

use std::net::TcpListener;

use super::server::{Server, wait_for};
use super::{FOLDER, PUBLISHED, Place, claimed, number};

#[test]
fn of_three_workers_one_is_killed_and_one_stopped_and_every_delivery_is_published_once() {
    const TENANTS: i64 = 30;
    let Some(server) = Server::start("three workers over one store") else { return };
    let mut client = server.client();
    let place = Place::new(&[&server]);
    for n in 1..=TENANTS {
        place.job(&format!("t{n:02}"), FOLDER);
    }
    place.begin_schedules(&mut client);
    let mut killed = place.start("one", "1");
    let mut stopped = place.start("two", "1");
    let mut other = place.start("three", "1");

    let first = killed.stop_within_a_run(&mut client);
    killed.child.kill().unwrap();
    let second = stopped.stop_within_a_run(&mut client);
    assert_ne!(first, second);
    // As a timer would: each call runs what is due and ends.
    wait_for("all publications", || {
        let run = place.run("four");
        assert!(matches!(run.status.code(), Some(0 | 4 | 5)), "{run:?}");
        number(&mut client, PUBLISHED) == TENANTS
    });
    assert_eq!(claimed(&mut client, stopped.child.id()), None);
    let sql = "select epoch from orgsnap_data.run_claim join orgsnap_data.tenant on tenant.id = tenant_id \
               where slug = $1 and state = 'published'";
    for tenant in [&first, &second] {
        let epoch: i64 = client.query_one(sql, &[tenant]).unwrap().get(0);
        assert!(epoch >= 2, "{tenant}: {epoch}");
    }

    // The one that was stopped publishes nothing of what was taken over, and says so.
    stopped.signal("-CONT");
    assert_eq!(stopped.child.wait().unwrap().code(), Some(5), "{}", stopped.output());
    let line = format!("RESULT failed exit=5 tenant={second} ");
    assert!(stopped.output().contains(&line), "{}", stopped.output());
    other.child.wait().unwrap();
    assert_eq!(number(&mut client, PUBLISHED), TENANTS);
    let tenants =
        "select count(distinct tenant_id) from orgsnap_data.run where verdict = 'published'";
    assert_eq!(number(&mut client, tenants), TENANTS);
    let dates = "select count(*) from orgsnap_data.snapshot";
    assert_eq!(number(&mut client, dates), TENANTS);
    // The same delivery has given each tenant the same rows.
    let rows = "select count(distinct n) from (select count(*) as n from orgsnap_data.agent group by tenant_id) t";
    assert_eq!(number(&mut client, rows), 1);
    let again = place.run("four");
    assert_eq!((again.status.code(), again.stdout.len()), (Some(0), 0), "{again:?}");
}

#[test]
fn a_date_that_another_holds_is_left_to_it_until_its_lease_has_run_out() {
    let Some(server) = Server::start("a date that another holds") else { return };
    let mut client = server.client();
    let place = Place::new(&[&server]);
    place.job("held", FOLDER);
    place.begin_schedules(&mut client);
    let today = "select (state::jsonb ->> 'handled')::date from orgsnap_data.schedule_state";
    let hold = format!(
        "insert into orgsnap_data.run_claim select id, d::date, 'somebody', 1, now() + interval '1 hour', 'running' \
         from orgsnap_data.tenant, ({today}) s (d0), \
         generate_series(s.d0 - interval '2 days', s.d0 + interval '3 days', interval '1 day') d"
    );
    client.batch_execute(&hold).unwrap();
    let run = place.run("one");
    assert_eq!((run.status.code(), run.stdout.len()), (Some(0), 0), "{run:?}");
    let import = || place.command("one", &["import", "jobs/held.toml"]).output().unwrap();
    let refused = import();
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("somebody"), "{refused:?}");
    assert_eq!(number(&mut client, PUBLISHED), 0);

    client.batch_execute("update orgsnap_data.run_claim set lease_until = now()").unwrap();
    let imported = import();
    assert_eq!(imported.status.code(), Some(0), "{imported:?}");
    let epoch = "select max(epoch) from orgsnap_data.run_claim where state = 'published'";
    assert_eq!(number(&mut client, epoch), 2);
}

#[test]
fn a_worker_that_is_told_to_end_gives_its_run_back() {
    let Some(server) = Server::start("a worker that is told to end") else { return };
    let mut client = server.client();
    let place = Place::new(&[&server]);
    // A server that accepts and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    std::fs::write(place.path("secret"), "s").unwrap();
    let source = format!(
        "kind = \"ftp\"\nhost = \"127.0.0.1\"\nport = {}\nusername = \"u\"\npassword = {{ file = \"../secret\" }}\n\
         timeout = \"60s\"",
        mute.local_addr().unwrap().port()
    );
    place.job("waiting", &source);
    place.begin_schedules(&mut client);
    let mut worker = place.start("one", "1");
    wait_for("a claim", || claimed(&mut client, worker.child.id()).is_some());
    worker.signal("-TERM");
    assert_eq!(worker.child.wait().unwrap().code(), Some(4), "{}", worker.output());
    let waiting =
        "select count(*) from orgsnap_data.run_claim where state = 'waiting' and epoch = 1";
    assert_eq!(number(&mut client, waiting), 1);

    // Another takes it at once.
    let mut worker = place.start("two", "1");
    wait_for("a claim", || claimed(&mut client, worker.child.id()).is_some());
    let again = "select count(*) from orgsnap_data.run_claim where state = 'running' and epoch = 2";
    assert_eq!(number(&mut client, again), 1);
    worker.signal("-TERM");
    worker.child.wait().unwrap();
}
