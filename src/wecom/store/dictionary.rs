//! Fills `data_dictionary` and `documentation`: what the tables mean and how to query them, documented inside the
//! database.

use std::sync::LazyLock;

use rusqlite::Connection;

use crate::sqlite::dictionary::{self, Entry};

static ENTRIES: LazyLock<Vec<Entry>> =
    LazyLock::new(|| dictionary::entries_of(include_str!("data_dictionary.toml")));

fn entries(conn: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut entries = ENTRIES.clone();
    dictionary::complete(conn, &mut entries)?;
    Ok(entries)
}

/// One row of `documentation`.
type Document = (String, String, String, String);

/// Whether the stored texts are those of this program.
pub(super) fn is_current(conn: &Connection) -> rusqlite::Result<bool> {
    let documents: Vec<Document> = conn
        .prepare("select name, title_zh, title_en, sql from documentation order by 1")?
        .query_map([], |row| Document::try_from(row))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(dictionary::is_current(conn, &entries(conn)?)? && documents == wanted_documents())
}

/// Writes the texts.
pub(super) fn write(conn: &Connection) -> rusqlite::Result<()> {
    dictionary::replace(conn, &entries(conn)?)?;
    conn.execute("delete from documentation", [])?;
    let mut insert = conn.prepare(
        "insert into documentation (name, title_zh, title_en, sql) values (?1, ?2, ?3, ?4)",
    )?;
    for document in wanted_documents() {
        insert.execute(document)?;
    }
    Ok(())
}

fn wanted_documents() -> Vec<Document> {
    let mut documents: Vec<Document> = QUERIES
        .iter()
        .map(|query| {
            let [name, zh, en, sql] =
                [query.name, query.zh, query.en, query.sql].map(str::to_owned);
            (name, zh, en, sql)
        })
        .collect();
    documents.sort();
    documents
}

/// A view over both databases; SQLite lets only a temporary one reach across files.
struct JoinedView {
    name: &'static str,
    zh: &'static str,
    en: &'static str,
    sql: &'static str,
}

/// The queries that need `org.db` attached as `org`. A member's id is the agent's id.
const QUERIES: [JoinedView; 2] = [
    JoinedView {
        name: "departed_agent_still_member",
        zh: "已离职（或已不在数据文件中）但仍是企业微信成员的代理人",
        en: "agents who left (or are no longer delivered) but still are members",
        sql: include_str!("documentation/departed_agent_still_member.sql"),
    },
    JoinedView {
        name: "active_agent_without_account",
        zh: "在职但没有企业微信账号的代理人；member 只包含收到过事件的成员，启用回调之前已有的账号须先同步",
        en: "active agents without an account; member holds only those of whom an event came, so accounts older than \
             the callback are missing from it",
        sql: include_str!("documentation/active_agent_without_account.sql"),
    },
];
