// The script of the page: the switch of languages, the list of all findings, and what printing needs.
// ECMAScript 2015, because old desktop clients are Chrome 53.
(function () {
  'use strict';

  var PAGE = 50;
  var root = document.documentElement;
  var data = null;
  var matches = null;
  var page = 0;

  function by(id) { return document.getElementById(id); }
  function isEnglish() { return root.lang === 'en'; }
  function say(zh, en) { return isEnglish() ? en : zh; }
  function each(list, action) { Array.prototype.forEach.call(list, action); }
  function grouped(number) { return String(number).replace(/\B(?=(\d{3})+$)/g, ','); }

  // The columns are read when they are first asked for, so that they do not keep the page from being shown.
  function load() {
    if (data) { return; }
    data = JSON.parse(by('listing').textContent);
    by('listing').textContent = '';
    data.count = data.code.length;
    var numbers = ['code', 'level', 'feed', 'line', 'field', 'affected', 'cause', 'since', 'deliveries', 'form'];
    numbers.forEach(function (name) { data[name] = Int32Array.from(data[name]); });
    // Each form as its texts and gaps: a number, or -1 for the key.
    data.parts = data.forms.map(function (both) { return both.map(cut); });
    data.texts = data.forms.map(function (both) {
      return both.join('\n').replace(/\u0001./g, '').toLowerCase();
    });
    // Where the fills of each finding begin.
    data.first = new Int32Array(data.count + 1);
    for (var at = 0; at < data.count; at++) {
      data.first[at + 1] = data.first[at] + gaps(data.parts[data.form[at]]);
    }
    data.order = inOrder();
  }

  // Worst first, of each level what is new; then by rule and line.
  function inOrder() {
    var buckets = [];
    for (var at = 0; at < data.count; at++) {
      var rank = data.level[at] * 2 + (isNew(at) ? 1 : 0);
      (buckets[rank] = buckets[rank] || []).push(at);
    }
    return Int32Array.from([].concat.apply([], buckets.filter(Boolean).reverse()));
  }

  function isNew(at) { return data.since[at] >= 0 && data.deliveries[at] <= 1; }

  function cut(form) {
    var parts = form.split('\u0001');
    var cuts = [parts[0]];
    for (var at = 1; at < parts.length; at++) {
      cuts.push(parts[at][0] === 'k' ? -1 : parts[at].charCodeAt(0) - 48, parts[at].slice(1));
    }
    return cuts;
  }

  // Both languages draw on one list of fills.
  function gaps(both) {
    var most = -1;
    both.forEach(function (cuts) {
      for (var at = 1; at < cuts.length; at += 2) { most = Math.max(most, cuts[at]); }
    });
    return most + 1;
  }

  function message(at) {
    var cuts = data.parts[data.form[at]][isEnglish() ? 1 : 0];
    var text = cuts[0];
    for (var part = 1; part < cuts.length; part += 2) {
      var fill = cuts[part] < 0 ? data.keys[at] : data.fills[data.first[at] + cuts[part]];
      text += fill + cuts[part + 1];
    }
    return text;
  }

  function place(at) {
    var file = data.files[data.feed[at]];
    return data.line[at] < 0 ? file : file + ':' + data.line[at];
  }

  function levelName(level) {
    var zh = { off: '关闭', info: '提示', warning: '警告', error: '错误', fatal: '致命' };
    return say(zh[data.levels[level]], data.levels[level]);
  }

  function state(at) {
    if (data.since[at] < 0) { return ''; }
    if (isNew(at)) { return say('新出现', 'new'); }
    var date = data.dates[data.since[at]];
    return say('自 ' + date + ' 起', 'since ' + date);
  }

  function filter() {
    load();
    var code = Number(by('filter-code').value);
    var level = Number(by('filter-level').value);
    var feed = Number(by('filter-feed').value);
    var cause = Number(by('filter-cause').value);
    var wanted = by('filter-state').value;
    var text = by('filter-text').value.trim().toLowerCase();
    var inForm = data.texts.map(function (form) { return text !== '' && form.indexOf(text) >= 0; });
    var found = new Int32Array(data.count);
    var number = 0;
    for (var rank = 0; rank < data.count; rank++) {
      var at = data.order[rank];
      if (code >= 0 && data.code[at] !== code) { continue; }
      if (level >= 0 && data.level[at] !== level) { continue; }
      if (feed >= 0 && data.feed[at] !== feed) { continue; }
      if (cause >= 0 && data.cause[at] !== cause) { continue; }
      if (wanted === 'new' && !isNew(at)) { continue; }
      if (wanted === 'persisting' && data.deliveries[at] <= 1) { continue; }
      if (text !== '' && !inForm[data.form[at]] && !hasText(at, text)) { continue; }
      found[number++] = at;
    }
    matches = found.subarray(0, number);
    page = 0;
    draw();
  }

  function hasText(at, text) {
    if (data.keys[at].toLowerCase().indexOf(text) >= 0) { return true; }
    for (var fill = data.first[at]; fill < data.first[at + 1]; fill++) {
      if (data.fills[fill].toLowerCase().indexOf(text) >= 0) { return true; }
    }
    if (data.field[at] >= 0 && data.fields[data.field[at]].toLowerCase().indexOf(text) >= 0) { return true; }
    return place(at).toLowerCase().indexOf(text) >= 0;
  }

  function cell(row, text, isCode) {
    var cell = row.insertCell(-1);
    if (isCode) {
      var code = document.createElement('code');
      code.textContent = text;
      cell.appendChild(code);
    } else {
      cell.textContent = text;
    }
    return cell;
  }

  function draw() {
    if (!matches) { return; }
    var rows = by('rows');
    while (rows.firstChild) { rows.removeChild(rows.firstChild); }
    var first = page * PAGE;
    var last = Math.min(first + PAGE, matches.length);
    for (var shown = first; shown < last; shown++) {
      var at = matches[shown];
      var row = rows.insertRow(-1);
      var link = document.createElement('a');
      link.href = '#rule-' + data.codes[data.code[at]];
      link.textContent = data.codes[data.code[at]];
      cell(row, '', false).appendChild(link);
      cell(row, levelName(data.level[at]), false);
      var text = message(at);
      if (data.affected[at] > 1 && text.indexOf(String(data.affected[at])) < 0) {
        text += say('（涉及 ' + grouped(data.affected[at]) + ' 行）', ' (' + grouped(data.affected[at]) + ' rows concerned)');
      }
      cell(row, text, false);
      cell(row, place(at), true);
      cell(row, data.keys[at], true);
      cell(row, data.field[at] < 0 ? '' : data.fields[data.field[at]], true);
      cell(row, state(at), false);
    }
    var pages = Math.max(1, Math.ceil(matches.length / PAGE));
    by('page').textContent = say('第 ' + grouped(page + 1) + ' / ' + grouped(pages) + ' 页', 'page ' + grouped(page + 1) + ' of ' + grouped(pages));
    by('count').textContent = say('符合条件 ' + grouped(matches.length) + ' 处，收录 ' + grouped(data.count) + ' 处', grouped(matches.length) + ' of ' + grouped(data.count) + ' findings');
    by('previous').disabled = page === 0;
    by('next').disabled = page + 1 >= pages;
  }

  function choices(id, all, values) {
    var select = by(id);
    var chosen = select.value;
    while (select.firstChild) { select.removeChild(select.firstChild); }
    [['-1', all]].concat(values).forEach(function (value) {
      var option = document.createElement('option');
      option.value = value[0];
      option.textContent = value[1];
      select.appendChild(option);
    });
    select.value = chosen === '' ? '-1' : chosen;
  }

  function offer() {
    var numbered = function (texts) { return texts.map(function (text, at) { return [String(at), text]; }); };
    var occurs = function (column) {
      return function (value) { return data[column].indexOf(Number(value[0])) >= 0; };
    };
    choices('filter-code', say('全部', 'all'), numbered(data.codes));
    choices('filter-level', say('全部', 'all'), numbered(data.levels.map(function (name, at) { return levelName(at); })).filter(occurs('level')));
    choices('filter-feed', say('全部', 'all'), numbered(data.files).filter(occurs('feed')));
    choices('filter-state', say('全部', 'all'), [['new', say('新出现', 'new')], ['persisting', say('持续', 'persisting')]]);
    var causes = [];
    each(document.querySelectorAll('.cause'), function (cause) {
      var what = cause.querySelector('.what');
      var one = what.querySelector('span[lang="' + root.lang + '"]') || what;
      var number = cause.querySelector('[data-cause]').getAttribute('data-cause');
      causes.push([number, one.textContent.length > 40 ? one.textContent.slice(0, 40) + '\u2026' : one.textContent]);
    });
    choices('filter-cause', say('全部', 'all'), causes);
    by('filter-state').disabled = !data.dates.length;
    by('filter-cause').disabled = !causes.length;
  }

  function list(id, value) {
    load();
    by('filters').reset();
    by(id).value = value;
    filter();
    by('all').scrollIntoView();
    by('all').focus();
  }

  // The title of the window: whose delivery, its date, then what the page is.
  function setTitle() {
    var title = document.querySelector('title');
    var zh = title.getAttribute('data-zh');
    var en = title.getAttribute('data-en');
    document.title = document.title.replace(isEnglish() ? zh : en, say(zh, en));
  }

  function setLanguage(language) {
    root.lang = language;
    setTitle();
    each(document.querySelectorAll('[data-language]'), function (button) {
      button.setAttribute('aria-pressed', String(button.getAttribute('data-language') === language));
    });
    if (data) {
      offer();
      draw();
    }
  }

  function openRule() {
    var rule = location.hash.indexOf('#rule-') === 0 && by(location.hash.slice(1));
    if (rule) { rule.open = true; }
  }

  var opened = [];
  function beforePrint() {
    each(document.querySelectorAll('details:not(.unprinted):not(.summary-printed)'), function (details) {
      if (!details.open) {
        details.open = true;
        opened.push(details);
      }
    });
  }
  function afterPrint() {
    opened.forEach(function (details) { details.open = false; });
    opened = [];
  }

  function offerList() {
    by('filters').addEventListener('submit', function (event) { event.preventDefault(); filter(); });
    by('filters').addEventListener('reset', function () { setTimeout(filter, 0); });
    by('filters').addEventListener('change', filter);
    var waiting = 0;
    by('filter-text').addEventListener('input', function () {
      clearTimeout(waiting);
      waiting = setTimeout(filter, 150);
    });
    by('previous').addEventListener('click', function () { page -= 1; draw(); });
    by('next').addEventListener('click', function () { page += 1; draw(); });

    // After the first paint.
    setTimeout(function () {
      load();
      offer();
      filter();
    }, 50);
  }

  root.classList.add('scripted');
  setLanguage(root.lang);
  each(document.querySelectorAll('[data-language]'), function (button) {
    button.addEventListener('click', function () { setLanguage(button.getAttribute('data-language')); });
  });
  each(document.querySelectorAll('[data-cause]'), function (button) {
    button.addEventListener('click', function () { list('filter-cause', button.getAttribute('data-cause')); });
  });
  each(document.querySelectorAll('[data-code]'), function (button) {
    button.addEventListener('click', function () {
      load();
      list('filter-code', String(data.codes.indexOf(button.getAttribute('data-code'))));
    });
  });
  window.addEventListener('hashchange', openRule);
  openRule();
  window.addEventListener('beforeprint', beforePrint);
  window.addEventListener('afterprint', afterPrint);
  if (window.matchMedia && !('onbeforeprint' in window)) {
    window.matchMedia('print').addListener(function (print) { (print.matches ? beforePrint : afterPrint)(); });
  }

  // Where nothing was found there is nothing to filter.
  if (by('filters')) { offerList(); }
}());
