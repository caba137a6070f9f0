//! The tables that are made from the schemas of the tenants: their columns are those of all schemas together. Besides, the
//! views of readers, named as the tables of a file.

use crate::config::schema::{FeedSchema, Kind, Schema};
use crate::model::{Feed, Message, PerFeed};
use crate::store::derived_columns::event_table;
use crate::store::error::StoreError;
use crate::store::feed_table::{FeedTable, is_snapshot_column};
use crate::store::identifier::quoted;
use crate::store::postgres::session::Session;
use crate::store::postgres::tables::{self, TABLES, TEXT, Table, VIEWS, table};
use crate::store::tree_layout::{tree_columns, tree_table};

/// The columns that the tables of a feed have beside those of the schemas, in their order.
const OWN: &str = "valid_from date not null, valid_to date not null default 'infinity', carried_since date, \
                   content_hash bigint not null";

/// The tenant of a reader: that of its setting `orgsnap.tenant`.
const TENANT: &str =
    "(select id from orgsnap_data.tenant where slug = current_setting('orgsnap.tenant', true))";

/// The id of a tenant; none if there is no such tenant, or no tables at all.
pub(super) fn known_tenant(session: &mut Session, slug: &str) -> Result<Option<i32>, StoreError> {
    let known = format!("select to_regclass('{TABLES}.tenant') is not null");
    if session.value::<bool>(&known, &[])? != Some(true) {
        return Ok(None);
    }
    session.value(&format!("select id from {TABLES}.tenant where slug = $1"), &[&slug])
}

/// The id of a tenant, which is made if it is new.
pub(super) fn tenant(session: &mut Session, slug: &str) -> Result<i32, StoreError> {
    let find = format!("select id from {TABLES}.tenant where slug = $1");
    if let Some(id) = session.value(&find, &[&slug])? {
        return Ok(id);
    }
    let insert = format!("insert into {TABLES}.tenant (slug) values ($1) on conflict do nothing");
    session.execute(&insert, &[&slug])?;
    let id = session.value(&find, &[&slug])?;
    id.ok_or_else(|| StoreError::Server {
        server: session.label().to_owned(),
        reason: format!("the tenant {slug} cannot be written"),
    })
}

fn column_type(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => TEXT,
        Kind::Integer => "bigint",
        Kind::Date(_) => "date",
    }
}

/// What PostgreSQL calls the type of a column.
fn shown_type(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Integer => "bigint",
        Kind::Date(_) => "date",
    }
}

/// The columns of a table with their types, in order; none if it is not there.
pub(super) fn columns(
    session: &mut Session,
    name: &str,
) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "select attname::text, format_type(atttypid, null) from pg_attribute \
               where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum";
    let rows = session.query(sql, &[&table(name)])?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Makes what is missing for a tenant: tables, columns, the list of its forests, the views.
///
/// # Errors
/// [`StoreError::Column`] for a schema that cannot be stored beside those of the other tenants; any fault of the server.
pub(super) fn prepare(
    session: &mut Session,
    tenant: i32,
    schema: &Schema,
) -> Result<PerFeed<FeedTable>, StoreError> {
    let mut attempt = 1;
    loop {
        match try_prepare(session, tenant, schema) {
            // Two that make the same table at once: one of them fails, whatever "if not exists" says.
            Err(StoreError::Server { .. } | StoreError::Locked { .. })
                if attempt < tables::ATTEMPTS =>
            {
                session.batch("rollback")?;
                attempt += 1;
            }
            done => return done,
        }
    }
}

fn try_prepare(
    session: &mut Session,
    tenant: i32,
    schema: &Schema,
) -> Result<PerFeed<FeedTable>, StoreError> {
    let partitions = tables::partitions(session)?;
    let mut is_changed = false;
    session.batch("begin")?;
    let mut feeds: PerFeed<Option<FeedTable>> = PerFeed::default();
    for feed in &schema.feeds {
        feeds[feed.feed] = Some(prepare_feed(session, feed, partitions, &mut is_changed)?);
    }
    for forest in &schema.forests {
        let name = tree_table(&forest.name);
        if columns(session, &name)?.is_empty() {
            let list = tree_columns(forest).iter().map(|(name, kind)| {
                let kind = kind.replace(" primary key", "");
                let kind = match kind.strip_prefix("text") {
                    Some(rest) => format!("{TEXT}{rest}"),
                    None => kind.replace("integer", "bigint"),
                };
                format!("{name} {kind}")
            });
            let columns = list.collect::<Vec<_>>().join(", ");
            let of = Table { name: &name, columns: &columns, key: "id", is_large: true };
            session.batch(&tables::create(&of, partitions))?;
            is_changed = true;
        }
    }
    prepare_derived(session, partitions, &mut is_changed)?;
    write_forests(session, tenant, schema)?;
    if is_changed {
        make_views(session, schema)?;
    }
    session.batch("commit")?;
    PerFeed::try_from_fn(|feed| {
        let missing = || StoreError::Misuse(format!("the schema has no feed {feed}"));
        feeds[feed].take().ok_or_else(missing)
    })
}

fn prepare_feed(
    session: &mut Session,
    feed: &FeedSchema,
    partitions: u32,
    is_changed: &mut bool,
) -> Result<FeedTable, StoreError> {
    let name = feed.feed.name();
    let refused = |column: &str, why: Message| StoreError::Column {
        feed: feed.feed,
        column: column.to_owned(),
        why,
    };
    for field in &feed.fields {
        if is_snapshot_column(&field.column) || field.column.eq_ignore_ascii_case("tenant_id") {
            let why = Message::fixed("由 orgsnap 自己添加", "is one that orgsnap adds itself");
            return Err(refused(&field.column, why));
        }
    }
    let key = &feed.key_field().column;
    let stored = columns(session, name)?;
    if stored.is_empty() {
        let list: Vec<String> = feed
            .fields
            .iter()
            .enumerate()
            .map(|(at, field)| {
                let null = if at == feed.key { " not null" } else { "" };
                format!("{} {}{null}", quoted(&field.column), column_type(&field.kind))
            })
            .collect();
        let (columns, quoted_key) = (format!("{OWN}, {}", list.join(", ")), quoted(key));
        let of = Table {
            name,
            columns: &columns,
            key: &format!("{quoted_key}, valid_from"),
            is_large: true,
        };
        session.batch(&tables::create(&of, partitions))?;
        // What holds on the newest date is read by key; what has ended, by its end.
        session.batch(&format!(
            "create unique index {name}_open on {table} (tenant_id, {quoted_key}) where valid_to = 'infinity'; \
             create index {name}_ended on {table} (tenant_id, valid_to, valid_from) where valid_to <> 'infinity'",
            table = table(name),
        ))?;
        *is_changed = true;
        return Ok(FeedTable::new(feed, &[]));
    }
    let is_key = "select exists (select 1 from pg_index i join pg_attribute a on a.attrelid = i.indrelid \
                  and a.attnum = i.indkey[1] where i.indrelid = to_regclass($1) and i.indisprimary \
                  and a.attname = $2)";
    if session.value::<bool>(is_key, &[&table(name), key])? != Some(true) {
        let why =
            Message::fixed("不是其他租户所用的主键列", "is not the key that other tenants have");
        return Err(refused(key, why));
    }
    for field in &feed.fields {
        match stored.iter().find(|(column, _)| *column == field.column) {
            Some((_, kind)) if kind == shown_type(&field.kind) => {}
            Some(_) => {
                let why = Message::fixed(
                    "的类型与其他租户的不同",
                    "has another type than that of other tenants",
                );
                return Err(refused(&field.column, why));
            }
            None => {
                session.batch(&format!(
                    "alter table {} add column if not exists {} {}",
                    table(name),
                    quoted(&field.column),
                    column_type(&field.kind)
                ))?;
                *is_changed = true;
            }
        }
    }
    let content: Vec<String> = stored
        .into_iter()
        .map(|(column, _)| column)
        .filter(|column| column != "tenant_id" && !is_snapshot_column(column))
        .collect();
    Ok(FeedTable::new(feed, &content))
}

fn prepare_derived(
    session: &mut Session,
    partitions: u32,
    is_changed: &mut bool,
) -> Result<(), StoreError> {
    for (name, place) in Feed::ALL.into_iter().filter_map(event_table) {
        if columns(session, name)?.is_empty() {
            let columns = format!(
                "business_date date not null, id {TEXT} not null, kind text not null, from_value text, \
                 to_value text, organ_id text, {place} text"
            );
            let of =
                Table { name, columns: &columns, key: "business_date, kind, id", is_large: true };
            session.batch(&tables::create(&of, partitions))?;
            session.batch(&format!("create index {name}_id on {} (tenant_id, id)", table(name)))?;
            *is_changed = true;
        }
    }
    if columns(session, "headcount")?.is_empty() {
        // Codes are texts, whatever a tenant's schema says: it is one table for all of them.
        let columns = format!(
            "organ_id {TEXT} not null, business_date date not null, channel {TEXT} not null, \
             agent_status {TEXT} not null, agents bigint not null, agents_below bigint not null"
        );
        let of = Table {
            name: "headcount",
            columns: &columns,
            key: "business_date, organ_id, channel, agent_status",
            is_large: true,
        };
        session.batch(&tables::create(&of, partitions))?;
        *is_changed = true;
    }
    Ok(())
}

fn write_forests(session: &mut Session, tenant: i32, schema: &Schema) -> Result<(), StoreError> {
    for forest in &schema.forests {
        let feed = schema.feed(forest.feed);
        let parent = feed.position(&forest.parent).and_then(|at| feed.fields.get(at));
        let parent = parent.map_or(&forest.parent, |field| &field.column);
        let name_column = schema.name_field(forest.feed).map(|field| &field.column);
        let (zh, en) = (&*forest.title.zh, &*forest.title.en);
        session.execute(
            &format!(
                "insert into {TABLES}.forest \
                 (tenant_id, name, title_zh, title_en, feed, key_column, parent_column, name_column) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, name) do update set \
                 title_zh = excluded.title_zh, title_en = excluded.title_en, feed = excluded.feed, \
                 key_column = excluded.key_column, parent_column = excluded.parent_column, \
                 name_column = excluded.name_column \
                 where (forest.title_zh, forest.title_en, forest.feed, forest.key_column, forest.parent_column) \
                 is distinct from (excluded.title_zh, excluded.title_en, excluded.feed, excluded.key_column, \
                 excluded.parent_column)"
            ),
            &[
                &tenant,
                &forest.name,
                &zh,
                &en,
                &forest.feed.name(),
                &feed.key_field().column,
                parent,
                &name_column,
            ],
        )?;
    }
    Ok(())
}

/// Makes the views of readers anew. New columns come last, so no view loses one.
fn make_views(session: &mut Session, schema: &Schema) -> Result<(), StoreError> {
    let view = |name: &str, select: &str, from: &str, of: &str| {
        format!(
            "create or replace view {VIEWS}.{} as select {select} from {} t \
             where tenant_id = {TENANT}{of};",
            quoted(name),
            table(from)
        )
    };
    for feed in Feed::ALL {
        let name = feed.name();
        let content: Vec<String> = columns(session, name)?
            .into_iter()
            .map(|(column, _)| column)
            .filter(|column| column != "tenant_id" && !is_snapshot_column(column))
            .map(|column| quoted(&column))
            .collect();
        let content = content.join(", ");
        let open = " and valid_to = 'infinity'";
        let own = "valid_from, carried_since, content_hash";
        let with_end =
            "valid_from, nullif(valid_to, 'infinity') as valid_to, carried_since, content_hash";
        let of_history = format!("valid_from, valid_to, carried_since, content_hash, {content}");
        session.batch(&view(name, &format!("{own}, {content}"), name, open))?;
        let history = format!("{name}_history");
        session.batch(&view(&history, &of_history, name, " and valid_to <> 'infinity'"))?;
        let version = format!("{name}_version");
        session.batch(&view(&version, &format!("{with_end}, {content}"), name, ""))?;
    }
    let trees = schema.forests.iter().map(|forest| tree_table(&forest.name));
    let events = Feed::ALL.into_iter().filter_map(event_table).map(|(name, _)| name.to_owned());
    let others = tables::names().map(str::to_owned).chain(["headcount".to_owned()]);
    for name in trees.chain(events).chain(others) {
        let all = columns(session, &name)?;
        let list = all.iter().filter(|(column, _)| column != "tenant_id");
        let list: Vec<String> = list.map(|(column, _)| quoted(column)).collect();
        session.batch(&view(&name, &list.join(", "), &name, ""))?;
    }
    Ok(())
}
