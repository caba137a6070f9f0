//! The fields of an event as a tree, whether they came as XML or as JSON.

use quick_xml::events::Event as Xml;
use quick_xml::reader::Reader;
use serde_json::{Map, Value};

use super::problem::ParseProblem;

/// Elements within elements; events have four levels.
const MAX_DEPTH: usize = 32;

/// Elements of one event. The largest known is a list of some hundred group members.
const MAX_ELEMENTS: usize = 50_000;

/// An element, with its text or its children.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// Its name; `Item` for an element of a JSON list.
    pub name: String,
    /// Its text, without the white space around it.
    pub text: String,
    /// The elements within it.
    pub children: Vec<Node>,
}

impl Node {
    /// Reads a document: XML if it begins with `<`, else JSON.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn parse(text: &str) -> Result<Node, ParseProblem> {
        if text.starts_with('<') { read_xml(text) } else { read_json(text) }
    }

    /// The first child of that name. Case is ignored, as senders write `UserID` and `UserId`.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name.eq_ignore_ascii_case(name))
    }

    /// The text of a child; none if there is no such child, empty if it is empty.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name).map(|child| child.text.as_str())
    }

    /// The text of a child that is not empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.text_of(name).filter(|text| !text.is_empty())
    }

    /// The items of a list, which comes as elements or as one text with commas.
    pub fn items(&self) -> Vec<&str> {
        let trimmed = |text: &'_ str| !text.is_empty();
        if self.children.is_empty() {
            self.text.split(',').map(str::trim).filter(|item| trimmed(item)).collect()
        } else {
            self.children
                .iter()
                .map(|item| item.text.as_str())
                .filter(|item| trimmed(item))
                .collect()
        }
    }

    /// The tree as JSON: a text, a list of objects where the children are called `Item`, or an object.
    pub fn to_json(&self) -> Value {
        if self.children.is_empty() {
            return Value::String(self.text.clone());
        }
        if self.children.iter().all(|child| child.name == "Item") {
            return Value::Array(self.children.iter().map(Node::to_json).collect());
        }
        let fields: Map<String, Value> =
            self.children.iter().map(|child| (child.name.clone(), child.to_json())).collect();
        Value::Object(fields)
    }
}

fn read_xml(text: &str) -> Result<Node, ParseProblem> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Node> = Vec::new();
    let mut root = None;
    let mut elements = 0;
    loop {
        match reader.read_event().map_err(|_| ParseProblem::NotReadable)? {
            Xml::Start(tag) => {
                elements += 1;
                if open.len() >= MAX_DEPTH || elements > MAX_ELEMENTS {
                    return Err(ParseProblem::TooLarge);
                }
                if root.is_some() {
                    return Err(ParseProblem::NotReadable);
                }
                let name = tag.local_name().as_ref().to_owned();
                open.push(Node { name, ..Node::default() });
            }
            Xml::Empty(tag) => {
                elements += 1;
                if elements > MAX_ELEMENTS {
                    return Err(ParseProblem::TooLarge);
                }
                let name = tag.local_name().as_ref().to_owned();
                close(Node { name, ..Node::default() }, &mut open, &mut root)?;
            }
            Xml::End(_) => {
                let node = open.pop().ok_or(ParseProblem::NotReadable)?;
                close(node, &mut open, &mut root)?;
            }
            Xml::Text(piece) => add(&piece, &mut open)?,
            Xml::CData(piece) => add(&piece, &mut open)?,
            Xml::GeneralRef(reference) => {
                let character = reference
                    .resolve_char_ref()
                    .map_err(|_| ParseProblem::NotReadable)?
                    .or_else(|| predefined(&reference))
                    .ok_or(ParseProblem::Doctype)?;
                add(character.encode_utf8(&mut [0; 4]), &mut open)?;
            }
            Xml::DocType(_) => return Err(ParseProblem::Doctype),
            Xml::Comment(_) | Xml::Decl(_) | Xml::PI(_) => {}
            Xml::Eof => break,
        }
    }
    if !open.is_empty() {
        return Err(ParseProblem::NotReadable);
    }
    root.ok_or(ParseProblem::NotReadable)
}

/// The five entities that XML itself has.
fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// Adds a piece of text to the innermost open element; outside of any there may only be white space.
fn add(piece: &str, open: &mut [Node]) -> Result<(), ParseProblem> {
    match open.last_mut() {
        Some(node) => node.text.push_str(piece),
        None if piece.trim().is_empty() => {}
        None => return Err(ParseProblem::NotReadable),
    }
    Ok(())
}

/// Puts a finished element into the one around it.
fn close(mut node: Node, open: &mut [Node], root: &mut Option<Node>) -> Result<(), ParseProblem> {
    let trimmed = node.text.trim();
    if trimmed.len() < node.text.len() {
        node.text = trimmed.to_owned();
    }
    match open.last_mut() {
        Some(parent) => parent.children.push(node),
        None if root.is_none() => *root = Some(node),
        None => return Err(ParseProblem::NotReadable),
    }
    Ok(())
}

fn read_json(text: &str) -> Result<Node, ParseProblem> {
    let value: Value = serde_json::from_str(text).map_err(|_| ParseProblem::NotReadable)?;
    // A document may hold its fields within one `xml`, as a converter of the XML form writes them.
    let value = match &value {
        Value::Object(fields) if fields.len() == 1 => fields.get("xml").unwrap_or(&value),
        other => other,
    };
    if !value.is_object() {
        return Err(ParseProblem::NotReadable);
    }
    let mut elements = 0;
    from_json(String::new(), value, 0, &mut elements)
}

/// The nesting is bounded twice: by `serde_json` and by [`MAX_DEPTH`].
fn from_json(
    name: String,
    value: &Value,
    depth: usize,
    elements: &mut usize,
) -> Result<Node, ParseProblem> {
    *elements += 1;
    if depth > MAX_DEPTH || *elements > MAX_ELEMENTS {
        return Err(ParseProblem::TooLarge);
    }
    let mut node = Node { name, ..Node::default() };
    match value {
        // Left out where it stands within something.
        Value::Null => {}
        Value::Bool(yes) => node.text = if *yes { "1" } else { "0" }.to_owned(),
        Value::Number(number) => node.text = number.to_string(),
        Value::String(text) => node.text = text.trim().to_owned(),
        Value::Array(items) => {
            for item in items.iter().filter(|item| !item.is_null()) {
                node.children.push(from_json("Item".to_owned(), item, depth + 1, elements)?);
            }
            // A list of plain values reads as the comma list that XML has in its place.
            if node.children.iter().all(|item| item.children.is_empty()) {
                let texts: Vec<&str> =
                    node.children.iter().map(|item| item.text.as_str()).collect();
                node.text = texts.join(",");
            }
        }
        Value::Object(fields) => {
            // A null says nothing of its field, where an empty text says that it is empty.
            for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                let field = from_json(name.clone(), value, depth + 1, elements)?;
                // XML repeats `Item`, where JSON has one of that name with a list.
                match value {
                    Value::Array(_) if name == "Item" => node.children.extend(field.children),
                    _ => node.children.push(field),
                }
            }
        }
    }
    Ok(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_and_json_give_the_same_fields() {
        let cases = [
            ("<xml><A>1</A></xml>", "A", Some("1")),
            ("<xml><A><![CDATA[ <b> ]]></A></xml>", "A", Some("<b>")),
            ("<xml><A>a&amp;b &#x4e2d;</A></xml>", "A", Some("a&b 中")),
            ("<xml><A>x<![CDATA[y]]>z</A></xml>", "A", Some("xyz")),
            ("<xml><A/></xml>", "A", Some("")),
            ("<xml><A></A></xml>", "A", Some("")),
            ("<xml></xml>", "A", None),
            ("<?xml version=\"1.0\"?><!-- c -->\n<xml><a>1</a></xml>\n", "A", Some("1")),
            ("{\"A\": \"1\"}", "A", Some("1")),
            ("{\"a\": 1}", "A", Some("1")),
            ("{\"A\": null}", "A", None),
            ("{\"A\": [1, null, 2]}", "A", Some("1,2")),
            ("{\"A\": {\"B\": null}}", "A", Some("")),
            ("{\"xml\": {\"A\": 2}}", "A", Some("2")),
            ("{\"A\": [1, 2]}", "A", Some("1,2")),
            ("{\"A\": []}", "A", Some("")),
            ("{}", "A", None),
        ];
        for (text, name, expected) in cases {
            let node = Node::parse(text).unwrap_or_else(|p| panic!("{text}: {p:?}"));
            assert_eq!(node.text_of(name), expected, "{text}");
        }
    }

    #[test]
    fn lists_come_in_several_forms() {
        let cases = [
            "<xml><L>a, b,,c</L></xml>",
            "<xml><L><Item>a</Item><Item>b</Item><Item><![CDATA[c]]></Item></L></xml>",
            "{\"L\": [\"a\", \"b\", \"c\"]}",
            "{\"L\": {\"Item\": [\"a\", \"b\", \"c\"]}}",
        ];
        for text in cases {
            let node = Node::parse(text).unwrap();
            assert_eq!(node.get("L").unwrap().items(), ["a", "b", "c"], "{text}");
        }
        assert!(Node::parse("<xml><L/></xml>").unwrap().get("L").unwrap().items().is_empty());
    }

    #[test]
    fn malformed_xml_and_json_give_errors() {
        let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
        let deep_json = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
        let many = format!("<xml>{}</xml>", "<a/>".repeat(60_000));
        let cases = [
            ("", ParseProblem::NotReadable),
            ("text", ParseProblem::NotReadable),
            ("[1]", ParseProblem::NotReadable),
            ("<xml><A></xml>", ParseProblem::NotReadable),
            ("<xml><A>1</A>", ParseProblem::NotReadable),
            ("<xml/><xml/>", ParseProblem::NotReadable),
            ("<xml/>trailing", ParseProblem::NotReadable),
            ("<!DOCTYPE xml [<!ENTITY a \"b\">]><xml>&a;</xml>", ParseProblem::Doctype),
            ("<xml>&nbsp;</xml>", ParseProblem::Doctype),
            ("<xml>&#xFFFFFFFF;</xml>", ParseProblem::NotReadable),
            (&deep, ParseProblem::TooLarge),
            (&deep_json, ParseProblem::TooLarge),
            (&many, ParseProblem::TooLarge),
        ];
        for (text, expected) in cases {
            let short: String = text.chars().take(60).collect();
            assert_eq!(Node::parse(text), Err(expected), "{short}");
        }
    }
}
