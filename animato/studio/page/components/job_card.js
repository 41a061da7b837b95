// A job: what it is, how far it is, and what can be done about it.

import { post, remove } from '../api.js';
import { h } from '../dom.js';
import { drop, find, put } from '../state.js';
import { ago, STATES, timeLeft } from '../words.js';
import { button, linkButton } from './buttons.js';
import { problemNote, Slot } from './problem.js';

const ACTIVE = new Set(['queued', 'running']);

export const isActive = (job) => ACTIVE.has(job?.state);

/** Return the name of a job. */
export function jobTitle(job) {
  const head = find('heads', job.head)?.name ?? 'Deleted head';
  const driver = find('drivers', job.driver)?.name ?? job.driver;
  return `${head}, ${driver}`;
}

/** Progress bar with the share and the time left in words. */
export function jobProgress(job) {
  const percent = Math.round(job.progress * 100);
  const bar = h('progress', { max: 1, 'aria-label': `Progress of ${jobTitle(job)}` });
  if (job.state === 'running' && job.progress > 0) bar.value = job.progress;
  else if (job.state !== 'running') bar.value = job.progress;
  const words = job.state === 'queued' ? 'Waiting for its turn' : job.progress > 0 ? [`${percent} %`, timeLeft(job.seconds_left)].filter(Boolean).join(', ') : 'Preparing';
  return h('div', { class: 'progress' }, bar, h('span', { class: 'muted' }, words));
}

const jobAge = (job) => `${job.kind === 'preview' ? 'Preview' : 'Video'}, ${ago(job.created)}`;

/** @param {object} job @param {{removable?: boolean}} options */
export function jobCard(job, { removable = true } = {}) {
  const slot = new Slot();
  const attempt = (run) => async () => {
    slot.clear();
    try {
      await run();
    } catch (problem) {
      slot.show(problem);
    }
  };
  const cancel = attempt(async () => put('jobs', await post(`/jobs/${job.id}/cancel`)));
  const retry = attempt(async () => put('jobs', await post(`/jobs/${job.id}/retry`)));
  const discard = attempt(async () => {
    await remove(`/jobs/${job.id}`);
    drop('jobs', job.id);
  });
  const actions = isActive(job)
    ? [button('Cancel', cancel, { 'data-action': 'cancel' })]
    : [
        job.result ? linkButton('Show the video', `#/results?id=${job.result}`, { symbol: 'results' }) : null,
        job.state === 'done' ? null : button('Try again', retry, { symbol: 'reset', 'data-action': 'retry' }),
        removable ? button('', discard, { kind: 'quiet', symbol: 'trash', label: `Remove ${jobTitle(job)} from the list` }) : null,
      ];
  return h(
    'article',
    { class: 'card job', 'data-job': job.id, 'data-state': job.state },
    h(
      'div',
      { class: 'row between' },
      h('div', {}, h('h3', {}, jobTitle(job)), h('p', { class: 'muted when' }, jobAge(job))),
      h('span', { class: `chip ${job.state}` }, STATES[job.state] ?? job.state),
    ),
    isActive(job) ? jobProgress(job) : null,
    job.error ? problemNote(job.error) : null,
    h('div', { class: 'row end' }, ...actions),
    slot.element,
  );
}

/**
 * Return a function that draws a job's card, and as long as only its progress changes draws that alone: a click whose
 * button is replaced between press and release would be lost.
 *
 * @param {(card: Element) => void} place puts a new card into the page.
 * @param {{removable?: boolean}} options
 */
export function jobCardKeeper(place, options = {}) {
  let card = null;
  let shown = '';
  return (job, ...names) => {
    const { progress, frames, seconds_left, ...rest } = job;
    const text = JSON.stringify([rest, names]);
    if (text !== shown || !card.isConnected) {
      card = jobCard(job, options);
      place(card);
    } else if (isActive(job)) {
      card.querySelector('.when').textContent = jobAge(job);
      card.querySelector('.progress').replaceWith(jobProgress(job));
    }
    shown = text;
  };
}
