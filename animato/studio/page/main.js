// Start: navigation, views, connection.

import { h, replace } from './dom.js';
import { listen, onConnection } from './events.js';
import { icon } from './icons.js';
import { refreshAll, watch } from './state.js';
import { startTour } from './components/tour.js';
import { count } from './words.js';
import * as about from './views/about.js';
import * as animate from './views/animate.js';
import * as check from './views/check.js';
import * as edit from './views/edit.js';
import * as head from './views/head.js';
import * as jobs from './views/jobs.js';
import * as live from './views/live.js';
import * as results from './views/results.js';

const VIEWS = { head, edit, animate, jobs, results, check, live, about };
const FIRST = 'head';
const SECOND_ROW = new Set(['check', 'live', 'about']); // behind "More" on a phone

const main = document.getElementById('main');
const built = new Map();
let current = null;

function buildNavigation() {
  const links = Object.entries(VIEWS).map(([name, view]) =>
    h('a', { href: `#/${name}`, class: SECOND_ROW.has(name) ? 'second' : '', 'data-view': name }, icon(name), h('span', {}, view.title)),
  );
  const nav = document.getElementById('nav');
  const more = h('button', { type: 'button', class: 'more', 'aria-expanded': 'false' }, icon('more'), h('span', {}, 'More'));
  const setOpen = (open) => {
    nav.classList.toggle('open', open);
    more.setAttribute('aria-expanded', String(open));
  };
  more.addEventListener('click', () => setOpen(!nav.classList.contains('open')));
  nav.addEventListener('click', (event) => event.target.closest('a') && setOpen(false));
  nav.addEventListener('keydown', (event) => event.key === 'Escape' && setOpen(false));
  replace(nav, ...links, more);
}

/** Show the view that the address names; `#/edit?head=ID` passes parameters. */
function route() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const name = path in VIEWS ? path : FIRST;
  const parameters = Object.fromEntries(new URLSearchParams(query));
  if (!built.has(name)) {
    const section = h('section', { class: `view view-${name}`, 'aria-labelledby': `title-${name}`, hidden: true });
    section.append(h('h1', { id: `title-${name}`, tabIndex: -1 }, VIEWS[name].title));
    main.append(section);
    built.set(name, section);
    VIEWS[name].build(section);
  }
  const moved = current !== null && current !== name;
  if (moved) {
    built.get(current).hidden = true;
    VIEWS[current].leave?.();
  }
  current = name;
  built.get(name).hidden = false;
  for (const link of document.querySelectorAll('#nav a')) {
    if (link.dataset.view === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${VIEWS[name].title} · animato studio`;
  VIEWS[name].enter?.(parameters);
  if (moved) {
    scrollTo(0, 0);
    document.getElementById(`title-${name}`).focus({ preventScroll: true });
  }
}

function showConnection(online) {
  const banner = document.getElementById('offline');
  banner.hidden = online;
  banner.textContent = online
    ? ''
    : 'The studio does not answer. Start `animato studio` again: this page goes on by itself, and nothing you entered is lost.';
  document.documentElement.dataset.online = String(online);
}

function showQueue(jobs) {
  const busy = jobs.filter((job) => job.state === 'running' || job.state === 'queued').length;
  const queue = document.getElementById('queue');
  queue.hidden = busy === 0;
  queue.textContent = busy ? `${count(busy, 'job')} in progress` : '';
  document.querySelector('#nav a[data-view="jobs"]').dataset.badge = busy || '';
}

async function start() {
  buildNavigation();
  addEventListener('hashchange', route);
  addEventListener('dragover', (event) => event.preventDefault()); // a file dropped beside a drop zone must not open
  addEventListener('drop', (event) => event.preventDefault());
  route();
  watch('jobs', showQueue);
  onConnection(showConnection);
  document.documentElement.dataset.ready = String(Math.round(performance.now())); // milliseconds, for tests
  await refreshAll();
  listen();
  startTour();
}

start();
