//! report.html: what it holds, what it hides, and how a real browser shows it.

pub(crate) mod browser;
mod runs;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orgsnap::config::job;
use orgsnap::model::{GateReason, Language, Message, RuleMeta, RunReport, Verdict};
use orgsnap::report::html::{self, MAX_LISTED, Options, SAMPLES};
use orgsnap::report::mask::Names;
use orgsnap::rules::CATALOGUE;
use orgsnap::sample::{self, Charset, Defects};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::quiet;
use crate::report::{clean, published};
use browser::Browser;
use runs::eventful;

const MASKED: Options =
    Options { language: Language::Chinese, names: Names::Masked, raw_lines: true };

fn page(report: &RunReport, options: &Options) -> String {
    let metas: Vec<&RuleMeta> = CATALOGUE.iter().map(|rule| &rule.meta).collect();
    let mut page = Vec::new();
    html::write(report, &metas, options, &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

/// A page in a folder of its own.
fn written(report: &RunReport) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(html::FILE_NAME);
    fs::write(&path, page(report, &MASKED)).unwrap();
    (folder, path)
}

/// What stands between two texts, the first time.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

/// The list of all findings as the page's script gets it.
fn listing(page: &str) -> Value {
    let text = between(page, "<script type=\"application/json\" id=\"listing\">", "</script>");
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_page_names_no_address_and_loads_nothing() {
    for report in [eventful(1_000), published(), clean()] {
        let page = page(&report, &MASKED).to_lowercase();
        for outside in [
            "http://",
            "https://",
            "http:",
            "url(",
            "@import",
            " src=",
            "<link rel=\"style",
            "srcset",
        ] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}

#[test]
fn style_and_script_use_nothing_that_chrome_53_lacks() {
    let page = page(&clean(), &MASKED);
    let style = between(&page, "<style>", "</style>");
    for new in [
        ":has(",
        ":is(",
        ":where(",
        ":focus-visible",
        "gap:",
        "inset:",
        "clamp(",
        "grid",
        "aspect-ratio",
        "@layer",
    ] {
        assert!(!style.contains(new), "{new}");
    }
    let script = between(&page, "<script>", "</script>");
    for new in [
        "?.",
        "??",
        "async ",
        "await ",
        "**",
        "...",
        "replaceAll",
        "Object.entries",
        "padStart",
        ".flat",
        "replaceChildren",
        ".append(",
        ".includes(",
        "DecompressionStream",
        "localStorage",
    ] {
        assert!(!script.contains(new), "{new}");
    }
}

#[test]
fn the_policy_allows_the_own_style_and_script_by_hash_and_nothing_else() {
    let page = page(&eventful(100), &MASKED);
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"").replace("&#39;", "'");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for (kind, before, after) in
        [("style-src", "<style>", "</style>"), ("script-src", "<script>", "</script>")]
    {
        let hash = STANDARD.encode(Sha256::digest(between(&page, before, after).as_bytes()));
        assert!(policy.contains(&format!("{kind} 'sha256-{hash}'")), "{policy}");
    }
    // A policy with hashes forbids these.
    assert!(!page.contains(" style=\"") && !page.contains(" onclick="));
}

#[test]
fn the_page_answers_in_the_order_in_which_people_ask() {
    let page = page(&eventful(1_000), &MASKED);
    let places = [
        "verdict", "causes", "where", "recent", "rules", "all", "files", "not-run", "changes",
        "about",
    ]
    .map(|id| page.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}")));
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.find("class=\"tiles\"").unwrap() < places[1]);
    for said in [
        "✗ 未发布：2026-11-24 的快照",
        "当前快照仍为 2026-11-23",
        "the snapshot in use is still that of 2026-11-23",
        "缺少内勤人员文件",
        "河南缺 3,998 个团队",
        "60,015 名代理人、12 个机构",
        "60,015 处问题",
        "列出 20 处，共 200 处",
        "20 of 1,000,200 shown",
        "任务文件已关闭",
        "<mark>2024-02-30</mark>",
        "列出 20 处，共 145 处",
        // Of all, what is on the head office or a branch.
        "另有 940,000 处错误和警告不在图中",
        "2026-11-24 10:30:00 UTC+08:00 (Asia/Shanghai)",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("，照常发布<"), "nothing is published");
}

#[test]
fn the_first_reason_of_every_limit_is_shown_at_once() {
    let mut report = eventful(100);
    let reason = |limit, number: u64| GateReason {
        limit,
        message: Message::new(format!("理由 {number}"), format!("reason {number}")),
    };
    report.reasons = vec![
        reason("quarantined", 1),
        reason("quarantined", 2),
        reason("detached", 3),
        reason("quarantined", 4),
        reason("vanished", 5),
        reason("vanished-in-organ", 6),
    ];
    let text = page(&report, &MASKED);
    let shown = between(&text, "<ul class=\"reasons\">", "</ul>");
    let seen: Vec<u64> = (1..=6).filter(|n| shown.contains(&format!("理由 {n}"))).collect();
    assert_eq!(seen, [1, 3, 5, 6]);
    assert!(text.contains("其余 2 条理由"));
    report.reasons.truncate(2);
    assert!(!page(&report, &MASKED).contains("条理由"), "there is room for three");
}

#[test]
fn a_check_without_history_shows_findings_by_level_and_no_empty_sections() {
    let report = RunReport { organs: Vec::new(), recent: Vec::new(), mended: None, ..clean() };
    let page = page(&report, &Options { language: Language::English, ..MASKED });
    assert!(page.contains("<html lang=\"en\">"));
    assert!(page.contains("Warnings") && page.contains("All rules were run."));
    for absent in [
        "id=\"causes\"",
        "id=\"where\"",
        "id=\"recent\"",
        "id=\"changes\"",
        "id=\"filters\"",
        "id=\"listing\"",
    ] {
        assert!(!page.contains(absent), "{absent}");
    }
}

#[test]
fn the_list_holds_every_finding_of_the_run_with_the_message_it_had() {
    let report = eventful(1_000);
    let shown = Options { names: Names::Shown, ..MASKED };
    let listing = listing(&page(&report, &shown));
    assert_eq!(listing["code"].as_array().unwrap().len(), report.findings.len());
    let mut fill = 0;
    for (at, finding) in report.findings.iter().enumerate() {
        let form = &listing["forms"][listing["form"][at].as_u64().unwrap() as usize];
        let texts = [form[0].as_str().unwrap(), form[1].as_str().unwrap()];
        let gaps = texts.iter().flat_map(|text| text.split('\u{1}').skip(1));
        let gaps =
            gaps.map(|gap| gap.as_bytes()[0]).filter(|gap| *gap != b'k').map(|gap| gap - b'0');
        let number = gaps.max().map_or(0, |most| usize::from(most) + 1);
        let filled = texts.map(|text| {
            let mut parts = text.split('\u{1}');
            let mut message = parts.next().unwrap().to_owned();
            for part in parts {
                message += match part.as_bytes()[0] {
                    b'k' => finding.key.as_deref().unwrap(),
                    gap => listing["fills"][fill + usize::from(gap - b'0')].as_str().unwrap(),
                };
                message += &part[1..];
            }
            message
        });
        fill += number;
        assert_eq!(filled, [finding.message.zh.as_ref(), finding.message.en.as_ref()]);
    }
    assert_eq!(fill, listing["fills"].as_array().unwrap().len());
}

#[test]
fn a_page_of_more_findings_than_it_can_list_says_so() {
    let mut report = published();
    let one = report.findings[0].clone();
    report.findings = vec![one; MAX_LISTED + 20_000];
    report.totals = [("R201", 1_000_000)].into();
    let page = page(&report, &MASKED);
    assert_eq!(listing(&page)["code"].as_array().unwrap().len(), MAX_LISTED);
    assert!(page.contains("本页收录 100,000 处，共 1,000,000 处"));
    assert_eq!(page.matches("<td><code>temp_agent.txt:").count(), SAMPLES);
}

#[test]
fn without_raw_lines_no_delivered_line_is_on_the_page() {
    let page = page(&eventful(1_000), &Options { raw_lines: false, ..MASKED });
    assert!(!page.contains("郑州第七营销服务部一组") && !page.contains("<pre>"));
}

#[test]
fn names_in_messages_values_lines_and_mended_findings_are_masked() {
    let report = eventful(1_000);
    let masked = page(&report, &MASKED);
    for name in ["欧阳娜", "司马懿"] {
        assert!(!masked.contains(name), "{name}");
    }
    assert!(masked.contains("欧*"));
    let shown = page(&report, &Options { names: Names::Shown, ..MASKED });
    assert!(shown.contains("欧阳娜0") && shown.contains("司马懿"));
}

/// The names of people in the files of a sample: agents, staff, leaders.
fn names_of(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (file, column) in
        [("temp_agent.txt", 1), ("temp_principal.txt", 2), ("temp_organization.txt", 7)]
    {
        let text = fs::read(folder.join(file)).unwrap();
        let text = String::from_utf8_lossy(&text);
        let cells = text.lines().skip(1).filter_map(|line| line.split('|').nth(column));
        names.extend(cells.map(|name| name.trim().to_owned()));
    }
    // The planted trace of double decoding is no name; the rule that finds it shows it.
    names.retain(|name| {
        name.chars().count() > 1 && name.chars().all(char::is_alphabetic) && name != "锟斤拷"
    });
    names
}

#[test]
fn no_name_of_a_delivery_with_every_defect_is_on_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let options = sample::Options {
        agents: 2_000,
        charset: Charset::Utf8,
        defects: Defects::All,
        ..sample::Options::new("2024-11-23".parse().unwrap())
    };
    sample::write(&options, folder.path()).unwrap();
    let names = names_of(folder.path());
    assert!(names.len() > 1_000);
    // Cells in other columns than theirs, and names that a delimiter or a line break cuts.
    let agents = folder.path().join("temp_agent.txt");
    let text = fs::read(&agents).unwrap();
    let mut lines: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    for (at, line) in lines.iter_mut().enumerate().skip(1_000).take(100) {
        let Ok(text) = std::str::from_utf8(line) else { continue };
        let mut cells: Vec<&str> = text.split('|').collect();
        if cells.len() < 12 {
            continue;
        }
        match at % 5 {
            0 => cells.swap(1, 2),
            1 => cells.swap(0, 1),
            2 => cells.insert(1, "x"),
            3 => cells.swap(1, 11),
            _ => cells.swap(1, 7),
        }
        *line = cells.join("|").into_bytes();
    }
    fs::write(&agents, lines.join(&b'\n')).unwrap();
    let report = quiet::check(folder.path());
    let masked = page(&report, &MASKED);
    let left: Vec<&String> = names.iter().filter(|name| masked.contains(*name)).collect();
    assert_eq!(left, Vec::<&String>::new());
    let shown = page(&report, &Options { names: Names::Shown, ..MASKED });
    assert!(names.iter().filter(|name| shown.contains(*name)).count() > 50);
}

#[test]
fn the_page_of_a_real_run_leads_with_its_cause_and_has_all_sections() {
    let workspace = tempfile::tempdir().unwrap();
    let day = |day: u32| {
        let folder = workspace.path().join(day.to_string());
        let options = sample::Options {
            agents: 3_000,
            charset: Charset::Utf8,
            churn: 0.01,
            since: Some("2024-11-20".parse().unwrap()),
            ..sample::Options::new(format!("2024-11-{day}").parse().unwrap())
        };
        sample::write(&options, &folder).unwrap();
        folder
    };
    let job =
        job::parse(Path::new("job.toml"), "tenant = 't'\nname = '示例人寿'", &|_| None).unwrap();
    let data = workspace.path().join("data");
    for number in [21, 22] {
        let date = format!("2024-11-{number}");
        assert_eq!(
            quiet::import(&job, &data, (&day(number), &date), false).verdict,
            Verdict::Published
        );
    }
    // The file of the teams ends in the middle.
    let cut = day(23);
    let names = names_of(&cut);
    let teams = cut.join("temp_base_node.txt");
    let bytes = fs::read(&teams).unwrap();
    fs::write(&teams, &bytes[..bytes.len() / 2]).unwrap();
    let report = quiet::import(&job, &data, (&cut, "2024-11-23"), false);
    assert_eq!(report.verdict, Verdict::Refused);
    let page = page(&report, &MASKED);
    for id in ["causes", "where", "recent", "rules", "files", "not-run"] {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert!(page.contains("当前快照仍为 2024-11-22"));
    assert!(between(&page, "id=\"causes\"", "</li>").contains("temp_base_node.txt"));
    let left: Vec<&String> = names.iter().filter(|name| page.contains(*name)).collect();
    assert_eq!(left, Vec::<&String>::new());
    let Some(mut browser) = Browser::start("the page of a real run") else { return };
    let path = workspace.path().join(html::FILE_NAME);
    fs::write(&path, page).unwrap();
    browser.open(&path, 1_280, "light");
    browser.picture("real");
    browser.open(&path, 390, "dark");
    browser.picture("real-narrow");
}

#[test]
fn a_browser_opens_the_page_with_no_request_and_no_complaint_in_both_languages() {
    let Some(mut browser) = Browser::start("the page in a browser") else { return };
    let (_folder, path) = written(&eventful(1_000));
    browser.open(&path, 1_280, "light");
    let told = |events: &[Value], method: &str| {
        events.iter().filter(|event| event["method"] == method).cloned().collect::<Vec<_>>()
    };
    let requests = told(&browser.events, "Network.requestWillBeSent");
    let urls: Vec<&Value> =
        requests.iter().map(|event| &event["params"]["request"]["url"]).collect();
    assert_eq!(urls, [&json!(format!("file://{}", path.display()))]);
    for complaint in ["Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"] {
        assert_eq!(told(&browser.events, complaint), Vec::<Value>::new());
    }
    let seen = "document.getElementById('verdict').innerText";
    assert_eq!(browser.eval(seen), "✗ 未发布：2026-11-24 的快照");
    browser.picture("wide");
    browser.eval("document.querySelector('[data-language=en]').click()");
    assert_eq!(browser.eval(seen), "✗ not published: the snapshot of 2026-11-24");
    assert_eq!(browser.eval("document.documentElement.lang"), "en");
    assert_eq!(browser.eval("document.title"), "示例人寿 (00010001) 2026-11-24 - Delivery report");
    assert_eq!(
        browser.eval("/[\\u4e00-\\u9fff]/.test(document.getElementById('count').innerText)"),
        false
    );
    assert_eq!(browser.eval("document.querySelector('#filter-level option').textContent"), "all");
    let (_nothing, clean) = written(&clean());
    browser.open(&clean, 1_280, "light");
    assert_eq!(told(&browser.events, "Runtime.exceptionThrown"), Vec::<Value>::new());
    browser.eval("document.querySelector('[data-language=en]').click()");
    assert_eq!(browser.eval("document.title"), "2026-11-24 - Delivery report");
    browser.open(&path, 1_280, "dark");
    browser
        .eval("document.querySelectorAll('details').forEach((d, at) => { d.open = at % 3 == 0 })");
    browser.picture("dark");
}

#[test]
fn filters_search_and_pages_find_what_they_should() {
    let Some(mut browser) = Browser::start("filters of the page") else { return };
    let (_folder, path) = written(&eventful(1_000));
    browser.open(&path, 1_280, "light");
    let count = "document.getElementById('count').innerText";
    let rows = "document.querySelectorAll('#rows tr').length";
    let first = "document.querySelector('#rows tr').innerText";
    assert_eq!(browser.eval(count), "符合条件 1,000 处，收录 1,000 处");
    let worst = browser.eval(first);
    assert!(
        worst.as_str().is_some_and(|row| row.starts_with("R201") && row.contains("新出现")),
        "{worst}"
    );
    assert_eq!(browser.eval(rows), 50);
    browser.eval("document.getElementById('next').click()");
    assert_eq!(browser.eval("document.getElementById('page').innerText"), "第 2 / 20 页");
    let choose = |id: &str, text: &str| {
        format!(
            "(() => {{ const s = document.getElementById('{id}'); \
             s.value = [...s.options].find(o => o.textContent.startsWith('{text}')).value; \
             s.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        )
    };
    for (id, text, expected) in [
        ("filter-code", "V203", 200),
        ("filter-level", "警告", 0),
        ("filter-code", "全部", 400),
        ("filter-state", "新出现", 134),
        ("filter-state", "持续", 266),
        ("filter-cause", "推荐人", 266 - 133),
        ("filter-feed", "temp_organization", 0),
    ] {
        browser.eval(&choose(id, text));
        let shown = browser.eval(count);
        assert!(
            shown.as_str().unwrap().starts_with(&format!("符合条件 {expected} 处")),
            "{id} {text}: {shown}"
        );
    }
    browser.eval("document.querySelector('#filters [type=reset]').click()");
    browser.until("document.getElementById('count').innerText.startsWith('符合条件 1,000 处')");
    let search = |text: &str| {
        format!(
            "(() => {{ const i = document.getElementById('filter-text'); i.value = '{text}'; \
             i.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"
        )
    };
    // A key, a value, words of the message, a place.
    for (text, expected) in
        [("860100000693", 5), ("2024-02-99", 2), ("应为日期", 200), ("temp_agent.txt:7", 0)]
    {
        browser.eval(&search(text));
        let wanted = if expected == 0 {
            "document.querySelectorAll('#rows tr').length === 0".to_owned()
        } else {
            format!("{count}.startsWith('符合条件 {expected} 处')")
        };
        if text == "temp_agent.txt:7" {
            browser.until(&format!("{first}.includes('temp_agent.txt:7')"));
        } else {
            browser.until(&wanted);
        }
    }
    browser.eval("document.querySelector('[data-code=X409]').click()");
    browser.until(&format!("{count}.startsWith('符合条件 200 处')"));
    browser.eval("document.querySelector('[data-cause=\"1\"]').click()");
    browser.until(&format!("{count}.startsWith('符合条件 200 处') && {first}.startsWith('N501')"));
    let message = browser.eval(first);
    assert!(message.as_str().unwrap().contains("leaderName 为“欧*”，而 leaderId"), "{message}");
}

#[test]
fn a_narrow_page_scrolls_down_only_and_shows_the_causes_on_its_first_screen() {
    let Some(mut browser) = Browser::start("the page on a phone") else { return };
    let (_folder, path) = written(&eventful(1_000));
    browser.open(&path, 390, "light");
    browser.picture("narrow");
    assert!(
        browser.eval("document.getElementById('causes').getBoundingClientRect().top").as_f64()
            < Some(700.0)
    );
    browser.eval("document.querySelectorAll('details').forEach(d => { d.open = true })");
    for language in ["zh-CN", "en"] {
        browser.eval(&format!("document.querySelector('[data-language={language}]').click()"));
        assert_eq!(browser.eval("document.documentElement.scrollWidth"), 390);
        let small = "[...document.querySelectorAll('button, select, input, summary, td a')].filter(e => e.offsetHeight && e.offsetHeight < 44).length";
        assert_eq!(browser.eval(small), 0);
    }
    browser.picture("narrow-open");
}

#[test]
fn printing_opens_what_is_folded_and_closes_it_again() {
    let Some(mut browser) = Browser::start("the printed page") else { return };
    let (_folder, path) = written(&eventful(1_000));
    browser.open(&path, 1_280, "dark");
    let open = "document.querySelectorAll('details[open]').length";
    let all = browser
        .eval("document.querySelectorAll('details:not(.unprinted):not(.summary-printed)').length");
    assert_eq!(browser.eval(open), 0);
    browser.eval("window.opened = 0; window.addEventListener('beforeprint', () => { window.opened = document.querySelectorAll('details[open]').length })");
    browser.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    let printed = "Math.max(...[...document.querySelectorAll('details')].map(d => { d.open = true; \
        const n = [...d.querySelectorAll('.samples tbody tr')].filter(r => r.offsetHeight).length; d.open = false; return n }))";
    assert_eq!(browser.eval(printed), 5);
    assert_ne!(browser.eval("document.querySelector('.printed').offsetHeight"), 0);
    assert_eq!(browser.eval("document.querySelector('.about').offsetHeight"), 0);
    browser.call("Emulation.setEmulatedMedia", json!({ "media": "" }));
    let pdf = browser.pdf();
    assert!(pdf.starts_with(b"%PDF") && pdf.len() > 20_000);
    assert_eq!(browser.eval("window.opened"), all);
    assert_eq!(browser.eval(open), 0);
    if let Some(folder) = std::env::var_os("ORGSNAP_SCREENSHOTS") {
        fs::write(Path::new(&folder).join("printed.pdf"), pdf).unwrap();
    }
}

/// Texts whose contrast with what is behind them is below 4.5, in the page as it is.
const FAINT: &str = "(() => {
  const parse = text => { const m = text.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) {
      if (e.tagName === 'svg' && e.querySelector(':scope > rect')) return parse(getComputedStyle(e.querySelector(':scope > rect')).fill);
      const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0) return c; }
    return [255, 255, 255, 1]; };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || !e.getClientRects().length || /SCRIPT|STYLE|TITLE|OPTION/i.test(e.tagName)) continue;
    const style = getComputedStyle(e);
    const ink = light(parse(e.namespaceURI.endsWith('svg') ? style.fill : style.color).slice(0, 3));
    const paper = light(behind(e).slice(0, 3));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (ratio < 4.5) found.push(e.tagName + '.' + (e.getAttribute('class') || '') + ' ' + e.textContent.slice(0, 20) + ' ' + ratio.toFixed(2));
  }
  return [...new Set(found)].slice(0, 20);
})()";

#[test]
fn texts_stand_out_and_what_has_the_focus_is_outlined_in_light_and_dark() {
    let Some(mut browser) = Browser::start("contrast of the page") else { return };
    let (_folder, path) = written(&eventful(1_000));
    for scheme in ["light", "dark"] {
        browser.open(&path, 1_280, scheme);
        browser.eval("document.querySelectorAll('details').forEach(d => { d.open = true })");
        assert_eq!(browser.eval(FAINT), json!([]), "{scheme}");
        browser.eval("document.querySelector('.served').style.color = '#888'");
        assert_eq!(browser.eval(&format!("{FAINT}.length")), 1, "the test finds what is faint");
        for element in ["button", "select", "input", "summary", "a"] {
            let outline = browser.eval(&format!(
                "(() => {{ const e = document.querySelector('main {element}'); e.focus(); \
                 return getComputedStyle(e).outlineWidth; }})()"
            ));
            assert_eq!(outline, "3px", "{element}");
        }
    }
}

#[test]
fn a_hundred_thousand_findings_stay_below_300_mb_in_the_browser() {
    let Some(mut browser) = Browser::start("a page of 100,000 findings") else { return };
    let report = eventful(100_000);
    let (_folder, path) = written(&report);
    drop(report);
    let size = fs::metadata(&path).unwrap().len();
    browser.open(&path, 1_280, "light");
    let painted = browser.eval("performance.getEntriesByType('paint').map(e => e.startTime).pop()");
    assert_eq!(
        browser.eval("document.getElementById('count').innerText"),
        "符合条件 100,000 处，收录 100,000 处"
    );
    browser.eval("document.getElementById('filter-text').value = '2024-02-99'");
    let filtered = browser.eval(
        "(() => { const begun = performance.now(); document.getElementById('filters').dispatchEvent(new Event('change')); \
         return performance.now() - begun; })()",
    );
    let memory = browser.renderer_memory();
    eprintln!(
        "100,000 findings: {size} bytes, first paint {painted} ms, search {filtered} ms, renderer {memory} bytes"
    );
    assert!(memory < 300_000_000, "{memory} bytes");
    assert!(size < 12_000_000, "{size} bytes");
}
