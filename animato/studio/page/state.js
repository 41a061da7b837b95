// What the page knows: lists that mirror the server, and forms that survive a reload.

import { get } from './api.js';

const PATHS = {
  status: '/status',
  heads: '/heads',
  drivers: '/drivers',
  jobs: '/jobs',
  results: '/results',
  expressions: '/expressions',
  controls: '/controls',
  consent: '/consent',
};

const values = { status: null, heads: [], drivers: [], jobs: [], results: [], expressions: [], controls: [], consent: [] };
const listeners = new Map(Object.keys(PATHS).map((name) => [name, new Set()]));
const loaded = new Set();

/** Return a list, or the status. */
export const list = (name) => values[name];

/** Whether a list has arrived from the server. */
export const isLoaded = (name) => loaded.has(name);

/** Return an item of a list by its id, or undefined. */
export const find = (name, id) => values[name].find((item) => item.id === id);

/** Call a function now and whenever a list changes; returns what stops it. */
export function watch(name, listener) {
  listeners.get(name).add(listener);
  listener(values[name]);
  return () => listeners.get(name).delete(listener);
}

function tell(name) {
  for (const listener of listeners.get(name)) listener(values[name]);
}

/** Read a list from the server. */
export async function refresh(name) {
  values[name] = await get(PATHS[name]);
  loaded.add(name);
  tell(name);
  return values[name];
}

/** Read all lists; one that cannot be read leaves the others. */
export async function refreshAll() {
  const problems = [];
  await Promise.all(Object.keys(PATHS).map((name) => refresh(name).catch((problem) => problems.push(problem))));
  return problems;
}

/** Put an item into a list: in place if it is there, else first. */
export function put(name, item) {
  const index = values[name].findIndex((other) => other.id === item.id);
  values[name] = index < 0 ? [item, ...values[name]] : values[name].with(index, item);
  tell(name);
}

/** Take an item out of a list. */
export function drop(name, id) {
  values[name] = values[name].filter((item) => item.id !== id);
  tell(name);
}

/**
 * State of a form, written to the session's storage at every change and so kept over a reload.
 *
 * @template T
 * @param {string} key
 * @param {T} initial plain JSON types
 */
export function kept(key, initial) {
  const name = `animato.${key}`;
  let value = structuredClone(initial);
  try {
    value = { ...value, ...JSON.parse(sessionStorage.getItem(name) ?? '{}') };
  } catch {
    sessionStorage.removeItem(name);
  }
  const watching = new Set();
  const write = () => {
    sessionStorage.setItem(name, JSON.stringify(value));
    for (const listener of watching) listener(value);
  };
  return {
    get: () => value,
    /** Change some fields. */
    set(changes) {
      value = { ...value, ...changes };
      write();
    },
    reset() {
      value = structuredClone(initial);
      write();
    },
    watch(listener) {
      watching.add(listener);
      listener(value);
    },
  };
}
