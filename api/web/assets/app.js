// Keeps a page up to date, sends reports without leaving it, and adds the
// reader's own time. Every page works without it.
(function () {
  'use strict';
  var lang = document.documentElement.lang;
  var parts = document.querySelectorAll('[data-live][id]');
  var raw = {}; // what the server sent of each part, before times were added
  var tag = '', busy = false, again = false, lastAsked = 0, timer = 0, source = null;

  // Times: "14:05 UTC" becomes "14:05 UTC (21:05 GMT+7)". Those without a zone are in tables that name it.
  function addOwnTimes(root) {
    if (!window.Intl || !new Date().getTimezoneOffset()) return;
    var today = new Date().toDateString();
    root.querySelectorAll('time[datetime]').forEach(function (el) {
      var at = new Date(el.getAttribute('datetime'));
      if (isNaN(at) || !/ UTC$/.test(el.textContent)) return;
      var how = { hour: '2-digit', minute: '2-digit', hour12: false, timeZoneName: 'short' };
      if (at.toDateString() !== today) { how.day = 'numeric'; how.month = 'short'; }
      el.textContent += ' (' + new Intl.DateTimeFormat(lang === 'en' ? 'en-GB' : lang, how).format(at) + ')';
    });
  }

  function parse(text) { return new DOMParser().parseFromString(text, 'text/html'); }

  // Replaces what has changed, and keeps the focus and what is unfolded.
  function take(fresh) {
    var said = document.querySelector('#hero h1');
    var before = said && said.textContent;
    parts.forEach(function (part) {
      var now = fresh.getElementById(part.id);
      if (!now || now.outerHTML === raw[part.id]) return;
      raw[part.id] = now.outerHTML;
      var at = document.activeElement, place = -1;
      if (part.contains(at)) place = Array.prototype.indexOf.call(part.querySelectorAll('a,button,input,summary'), at);
      var open = Array.prototype.map.call(part.querySelectorAll('details'), function (d) { return d.open; });
      part.className = now.className;
      part.innerHTML = now.innerHTML;
      part.querySelectorAll('details').forEach(function (d, i) { d.open = open[i] || false; });
      addOwnTimes(part);
      if (place >= 0) {
        var target = part.querySelectorAll('a,button,input,summary')[place];
        if (target) target.focus({ preventScroll: true });
      }
    });
    document.title = fresh.title;
    said = document.querySelector('#hero h1');
    if (said && said.textContent !== before) announce(said.textContent);
  }

  function announce(text) {
    var live = document.getElementById('live');
    if (live) live.textContent = text;
  }

  // Asks for the page again; an answer that has not changed costs little.
  function refresh() {
    if (busy) { again = true; return; }
    busy = true;
    lastAsked = Date.now();
    fetch(location.href, { cache: 'no-cache', credentials: 'same-origin' }).then(function (answer) {
      var newTag = answer.headers.get('ETag');
      if (!answer.ok || newTag && newTag === tag) return;
      tag = newTag;
      return answer.text().then(function (text) { take(parse(text)); });
    }).catch(function () { /* the next time */ }).then(function () {
      busy = false;
      if (again) { again = false; soon(1000); }
    });
  }

  // Many readers hear of a change at once; they do not all ask at once.
  function soon(within) {
    clearTimeout(timer);
    timer = setTimeout(refresh, Math.max(0, lastAsked + 2000 - Date.now()) + Math.random() * within);
  }

  function listen() {
    if (source || !window.EventSource) return;
    var where = document.querySelector('[data-stream]');
    source = new EventSource('/v1/stream' + (where ? where.getAttribute('data-stream') : ''));
    ['outage', 'reset', 'status'].forEach(function (kind) {
      source.addEventListener(kind, function () { soon(1500); });
    });
    // One that breaks comes back by itself; one that is refused does not, and then asking now and then is left.
    source.onerror = function () { if (source && source.readyState === 2) source = null; };
  }

  function watch() {
    if (!parts.length || !window.fetch || !window.DOMParser) return;
    parts.forEach(function (part) { raw[part.id] = part.outerHTML; });
    listen();
    // Counts move without an event. Where there is no stream this is all there is.
    setInterval(function () {
      if (!document.hidden && Date.now() - lastAsked > (source ? 25000 : 10000)) refresh();
    }, 5000);
    document.addEventListener('visibilitychange', function () {
      if (document.hidden) { if (source) source.close(); source = null; } else { listen(); soon(0); }
    });
  }

  function pairs(form) {
    var values = new URLSearchParams();
    new FormData(form).forEach(function (value, name) { if (typeof value === 'string') values.set(name, value); });
    return values;
  }

  function wait(ms) { return new Promise(function (done) { setTimeout(done, ms); }); }

  function page(answer) { return answer.text().then(parse); }

  // A report takes the same two steps as without a script: the form with its stamp, and the answer.
  function send(form) {
    var chosen = pairs(form), to = form.getAttribute('action');
    var same = { credentials: 'same-origin', referrerPolicy: 'same-origin' };
    return fetch(to + '?' + chosen, Object.assign({ cache: 'no-store' }, same)).then(page).then(function (opened) {
      var theirs = opened.querySelector('form[method=post]');
      if (!theirs) throw new Error('no form');
      var body = pairs(theirs);
      chosen.forEach(function (value, name) { body.set(name, value); });
      return wait(400).then(function () {
        return fetch(to, Object.assign({ method: 'POST', body: body }, same));
      });
    }).then(page).then(function (answer) {
      var outcome = answer.getElementById('outcome');
      if (!outcome) throw new Error('no answer');
      return outcome;
    });
  }

  function show(outcome) {
    var said = document.getElementById('said');
    var box = document.createElement('div');
    box.className = outcome.className;
    outcome.querySelectorAll('h1,p:not(.actions)').forEach(function (from) {
      var line = document.createElement(from.tagName === 'H1' ? 'h3' : 'p');
      line.textContent = from.textContent;
      box.appendChild(line);
    });
    said.textContent = '';
    said.appendChild(box);
    box.scrollIntoView({ block: 'nearest' });
  }

  document.querySelectorAll('form[data-report]').forEach(function (form) {
    if (!window.fetch || !window.DOMParser || !window.URLSearchParams || !document.getElementById('said')) return;
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      var button = form.querySelector('button'); // not disabled, which would take the focus away
      if (button.getAttribute('aria-disabled')) return;
      button.setAttribute('aria-disabled', 'true');
      send(form).then(function (outcome) {
        show(outcome);
        button.removeAttribute('aria-disabled');
        setTimeout(refresh, 1100);
        setTimeout(refresh, 3500); // should the first come too soon
      }).catch(function () {
        form.submit(); // the long way
      });
    });
  });

  watch();
  addOwnTimes(document);
})();
