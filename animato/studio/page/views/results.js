// Results: finished videos, with report and credentials.

import { contentUrl, remove } from '../api.js';
import { h, onChange, replace } from '../dom.js';
import { drop, watch } from '../state.js';
import { ago, bytes, seconds } from '../words.js';
import { button, confirmed, linkButton } from '../components/buttons.js';
import { credentialsLink } from '../components/credentials_link.js';
import { Slot } from '../components/problem.js';
import { runReport } from '../components/run_report.js';
import { checkResult } from './check.js';

export const title = 'Results';

let wanted = null;

function media(result) {
  const src = contentUrl('results', result.id);
  const element = result.media_type.startsWith('video/')
    ? h('video', { src, controls: true, preload: 'metadata', playsInline: true, 'aria-label': `Video: ${result.name}` })
    : h('img', { src, alt: result.name, loading: 'lazy' });
  const frame = h('div', { class: 'media' }, element);
  frame.style.setProperty('--aspect', `${result.width} / ${result.height}`);
  return frame;
}

function resultCard(result) {
  const slot = new Slot();
  const attempt = (run) => async () => {
    slot.clear();
    try {
      await run();
    } catch (problem) {
      slot.show(problem);
    }
  };
  const discard = attempt(async () => {
    if (!(await confirmed(`Delete ${result.name}?`, 'The video is deleted from this computer.', 'Delete'))) return;
    await remove(`/results/${result.id}`);
    drop('results', result.id);
  });
  const check = attempt(() => checkResult(result));
  const facts = [result.kind === 'preview' ? 'Preview' : result.kind === 'live' ? 'Live' : null, seconds(result.seconds), `${result.width} × ${result.height}`, bytes(result.bytes), ago(result.created)];
  return h(
    'article',
    { class: 'card stack result', 'data-result': result.id },
    media(result),
    h('div', {}, h('h2', {}, result.name), h('p', { class: 'muted' }, facts.filter(Boolean).join(' · '))),
    h(
      'div',
      { class: 'row' },
      linkButton('Download', contentUrl('results', result.id), { kind: 'primary', symbol: 'download', download: '' }),
      credentialsLink(result),
      button('Check it', check, { symbol: 'check', 'data-action': 'check-result' }),
      button('', discard, { kind: 'quiet small', symbol: 'trash', label: `Delete ${result.name}` }),
    ),
    slot.element,
    h('details', { class: 'more', open: result.id === wanted }, h('summary', {}, 'Report and credentials'), runReport(result)),
  );
}

export function build(root) {
  const grid = h('div', { class: 'grid' });
  const empty = h('div', { class: 'empty' }, h('p', {}, 'No videos yet.'), h('p', { class: 'muted' }, 'Finished videos stay here until you delete them.'));
  root.append(empty, grid);
  const draw = onChange((results) => {
    empty.hidden = results.length > 0;
    replace(grid, results.map(resultCard));
  });
  watch('results', draw);
}

export function enter({ id }) {
  wanted = id ?? null;
  const card = wanted && document.querySelector(`.result[data-result="${wanted}"]`);
  if (!card) return;
  card.querySelector('details').open = true;
  card.scrollIntoView({ block: 'start' });
}

