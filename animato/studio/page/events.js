// Server-sent events, and the page's way back after the studio was restarted.

import { API, get } from './api.js';
import { drop, find, put, refresh, refreshAll } from './state.js';

const RETRY_MS = 1200;

const connection = { online: true };
const listeners = new Set();

/** Call a function now and whenever the studio goes away or comes back. */
export function onConnection(listener) {
  listeners.add(listener);
  listener(connection.online);
}

function setOnline(online) {
  if (connection.online === online) return;
  connection.online = online;
  for (const listener of listeners) listener(online);
}

/** Listen to the studio for as long as the page is open. */
export function listen() {
  const source = new EventSource(`${API}/events`);
  source.addEventListener('job', (event) => takeJob(JSON.parse(event.data)));
  source.addEventListener('job-deleted', (event) => drop('jobs', JSON.parse(event.data).id));
  source.addEventListener('open', () => setOnline(true));
  source.addEventListener('error', () => {
    source.close();
    setOnline(false);
    setTimeout(comeBack, RETRY_MS);
  });
  addEventListener('pagehide', () => source.close(), { once: true });
}

async function comeBack() {
  try {
    await get('/status');
  } catch (problem) {
    if (problem.status === 401) await newToken();
    setTimeout(comeBack, RETRY_MS);
    return;
  }
  await refreshAll();
  listen();
}

/** The studio has another token now: load the page again if the browser's cookie is still good. Forms are kept. */
async function newToken() {
  const answer = await fetch('/', { redirect: 'manual' }).catch(() => null);
  if (answer?.ok) location.reload();
}

function takeJob(job) {
  const before = find('jobs', job.id);
  put('jobs', job);
  if (job.result && before?.result !== job.result) refresh('results').catch(() => {});
}
