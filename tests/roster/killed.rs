//! A check that is killed at any moment: the next one finds whole tables.

use std::process::Stdio;
use std::thread;
use std::time::Instant;

use rusqlite::Connection;

use super::insurer::Insurer;

/// Rows of `roster_check` and of its runs that contradict each other, in words.
fn contradictions(db: &Connection) -> Vec<String> {
    let sql = "
        select 'ends before it begins: ' || subject from roster_check where last_day < first_day
        union all
        select 'over on a day before its last: ' || subject from roster_check where closed_on < last_day
        union all
        select 'ended by half: ' || subject from roster_check where (last_day is null) <> (closed_on is null)
        union all
        select 'open twice: ' || subject from roster_check where last_day is null group by kind, subject having count(*) > 1
        union all
        select 'began on a day without a check: ' || subject from roster_check c
          where not exists (select 1 from roster_check_run r where r.outcome = 'done' and r.day = c.first_day)
        union all
        select 'ended on a day without a check: ' || subject from roster_check c where last_day is not null
          and not exists (select 1 from roster_check_run r where r.outcome = 'done' and r.day = c.last_day)
        union all
        select 'counted ' || still_open || ' but open are ' || (select count(*) from roster_check where last_day is null)
          from roster_check_run where outcome = 'done' and id = (select max(id) from roster_check_run where outcome = 'done')
          and still_open <> (select count(*) from roster_check where last_day is null)";
    let mut statement = db.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_check_that_is_killed_leaves_rows_whose_days_agree_and_the_next_one_ends_as_if_it_had_not_been()
{
    let insurer = Insurer::new(300);
    let strangers = |round: usize| {
        // Half of them are new in each round, the other half are over.
        let ids: Vec<String> = (round * 400..round * 400 + 800).map(|n| format!("s{n}")).collect();
        insurer.server.change(|enterprise| {
            enterprise.members.retain(|(id, _)| !id.starts_with('s'));
            enterprise.members.extend(ids.iter().map(|id| (id.clone(), vec![2])));
        });
    };
    strangers(0);
    let began = Instant::now();
    insurer.reconcile(&["--accept-smaller"]);
    let mut whole = began.elapsed();
    let db = Connection::open(insurer.data().join("wecom.db")).unwrap();
    let mut killed = 0;
    for round in 1..=12 {
        // Yesterday's check, so that days differ.
        db.execute_batch(
            "update roster_check set first_day = date(first_day, '-1 day'), last_day = date(last_day, '-1 day'),
               closed_on = date(closed_on, '-1 day');
             update roster_check_run set day = date(day, '-1 day');",
        )
        .unwrap();
        strangers(round);
        let mut command = insurer.command("en", &["wecom", "reconcile", "t", "--accept-smaller"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Moments from the start to the end of a check.
        thread::sleep(whole.mul_f64(round as f64 / 10.0));
        let _ended_already = child.kill();
        match child.wait().unwrap().success() {
            // The first check took longer than this one: the next ones are killed earlier.
            true => whole = whole.mul_f64(0.6),
            false => killed += 1,
        }
        let check: String = db.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok", "round {round}");
        assert_eq!(contradictions(&db), Vec::<String>::new(), "round {round}");
    }
    assert!(killed > 3, "only {killed} checks were killed before their end");
    let document = insurer.reconcile(&["--accept-smaller"]);
    assert_eq!(document["open"], 800);
    assert_eq!(contradictions(&db), Vec::<String>::new());
    let first: String = db
        .query_row(
            "select min(subject) || ' ' || max(subject) from roster_check where last_day is null",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(first, "s4800 s5599");
}
