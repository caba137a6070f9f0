//! A job's `[format]` and `[codes]` put over the schema, so that parser and rules know one form only.

use std::collections::BTreeMap;

use crate::model::{Feed, Message};

use super::job::{ConfigError, Export, Job, Problem};
use super::schema::{Field, Kind, Schema};

impl Schema {
    /// This schema with what the job says of its insurer's export.
    ///
    /// # Errors
    /// The first setting that names a field or a forest that the schema lacks, or a code that its field does not allow.
    pub fn adapted(mut self, job: &Job) -> Result<Schema, ConfigError> {
        let Export { null, no_date, dates, skip_lines, comment, trailer, quotes, tops } =
            &job.format.export;
        for feed in &mut self.feeds {
            for field in &mut feed.fields {
                add(&mut field.no_value, null);
                if let Kind::Date(forms) = &mut field.kind {
                    add(&mut forms.no_date, no_date);
                    // The job's forms go before those of the schema.
                    forms.patterns.splice(0..0, dates.iter().cloned());
                }
            }
            let dialect = &mut feed.dialect;
            dialect.skip_lines = skip_lines.unwrap_or(dialect.skip_lines);
            dialect.quotes = quotes.unwrap_or(dialect.quotes);
            dialect.comment = comment.clone().or(dialect.comment.take());
            dialect.trailer = trailer.clone().or(dialect.trailer.take());
        }
        for (name, words) in tops {
            let Some(forest) = self.forests.iter_mut().find(|forest| forest.name == *name) else {
                let known: Vec<&str> = self.forests.iter().map(|f| f.name.as_str()).collect();
                let why = Message::new(
                    format!("没有名为 \"{name}\" 的树；可用的：{}", known.join("、")),
                    format!("no forest is named \"{name}\"; there are {}", known.join(", ")),
                );
                return Err(unfit(job, words.line, "format.tops", name, why));
            };
            add(&mut forest.top_markers.texts, &words.texts);
            forest.top_markers.own_key |= words.own_key;
        }
        // The words of one feed's field go over those of every field of the name.
        let (special, general): (Vec<_>, Vec<_>) =
            job.codes.iter().partition(|(name, _)| name.contains('.'));
        for (name, words) in general.into_iter().chain(special) {
            let fail = |why| unfit(job, words.line, "codes", name, why);
            let mut known = 0;
            for field in self.named(name) {
                known += 1;
                set_codes(field, &words.words).map_err(fail)?;
            }
            if known == 0 {
                return Err(fail(Message::new(
                    format!("结构中没有字段 \"{name}\"；请写字段名，如 gender 或 \"agent.gender\""),
                    format!(
                        "the schema has no field \"{name}\"; write its name, such as gender or \"agent.gender\""
                    ),
                )));
            }
        }
        self.reject_words_without_value(job)?;
        Ok(self)
    }

    /// A word cannot both stand for a code and mean: no value.
    fn reject_words_without_value(&self, job: &Job) -> Result<(), ConfigError> {
        for feed in &self.feeds {
            for field in &feed.fields {
                let Some(word) = field.word_without_value() else { continue };
                let own = format!("{}.{}", feed.feed, field.name);
                let codes = [&own, &field.name];
                let codes = codes.into_iter().find_map(|name| Some((name, job.codes.get(name)?)));
                let why = Message::new(
                    format!("\"{word}\" 既是 {own} 的代码，又表示没有值（null）；请只留一处"),
                    format!(
                        "\"{word}\" is a code of {own} and also means no value (null); take one of them out"
                    ),
                );
                return Err(match codes.filter(|(_, words)| words.words.contains_key(word)) {
                    Some((name, words)) => unfit(job, words.line, "codes", name, why),
                    None => ConfigError { line: None, ..unfit(job, 0, "format", "null", why) },
                });
            }
        }
        Ok(())
    }

    /// The fields of a name, in every feed that has it, or of `feed.field`.
    fn named<'s>(&'s mut self, name: &str) -> impl Iterator<Item = &'s mut Field> {
        let (feed, name) = match name.split_once('.') {
            Some((feed, field)) => (Some(Feed::from_name(feed)), field.to_owned()),
            None => (None, name.to_owned()),
        };
        let feeds = self.feeds.iter_mut();
        let feeds = feeds.filter(move |f| feed.is_none_or(|feed| feed == Some(f.feed)));
        feeds.flat_map(|feed| &mut feed.fields).filter(move |field| field.name == name)
    }
}

fn set_codes(field: &mut Field, words: &BTreeMap<String, i64>) -> Result<(), Message> {
    if field.kind != Kind::Integer {
        let name = &field.name;
        return Err(Message::new(
            format!("{name} 不是整数字段，没有代码可对应；请删除"),
            format!("{name} holds no integers, so words cannot stand for its codes; take it out"),
        ));
    }
    for (word, code) in words {
        if !field.allowed.is_empty() && !field.allowed.iter().any(|(value, _)| value == code) {
            let list = |text: fn(&Message) -> &str| {
                let one = |(value, title): &(i64, Message)| format!("{value} {}", text(title));
                field.allowed.iter().map(one).collect::<Vec<_>>().join(", ")
            };
            return Err(Message::new(
                format!("\"{word}\" 对应的代码 {code} 不在约定之中：{}", list(|m| &m.zh)),
                format!("\"{word}\" stands for {code}, which is none of {}", list(|m| &m.en)),
            ));
        }
        field.codes.insert(word.clone(), *code);
    }
    Ok(())
}

fn add(texts: &mut Vec<String>, more: &[String]) {
    for text in more {
        if !texts.contains(text) {
            texts.push(text.clone());
        }
    }
}

fn unfit(job: &Job, line: usize, section: &str, key: &str, why: Message) -> ConfigError {
    ConfigError {
        file: job.path.clone(),
        line: Some(line),
        column: None,
        section: section.to_owned(),
        key: Some(key.to_owned()),
        problem: Box::new(Problem::Unfit(why)),
        expected: None,
    }
}
