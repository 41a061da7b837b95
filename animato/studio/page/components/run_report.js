// The report of a run: measures, warnings, and what the credentials state.

import { h } from '../dom.js';
import { GROUNDS, seconds, sentence } from '../words.js';
import { icon } from '../icons.js';

const NUMBERS = [
  ['identity', 'Likeness', (value) => `${Math.round(value * 100)} %`, 'How alike the face in the video and in the photo are.'],
  ['jitter', 'Jitter', (value) => `${value.toFixed(2)} px`, 'How much landmarks tremble, in pixels of a face in a 256-pixel square. Lower is calmer.'],
  ['driver_jitter', 'Jitter of the driver', (value) => `${value.toFixed(2)} px`, 'The same for the driver as it came.'],
  ['neutral_time', 'Neutral frame', (value) => `at ${seconds(value)}`, 'The relaxed face that motion is measured from.'],
  ['frames_a_second', 'Speed', (value) => `${value.toFixed(0)} frames a second`, 'Encoding included.'],
];

function credentialsText(credentials) {
  const states = {
    trusted: 'Signed by a trusted signer', valid: 'Signed by this installation; other programs show the signer as unknown',
    invalid: 'The signature does not match the file', none: 'None',
  };
  return states[credentials?.state] ?? String(credentials?.state ?? 'None');
}

/** Facts about how a video was made and marked. @param {object} result as the API returns it */
export function runReport(result) {
  const { report } = result;
  const rows = NUMBERS.filter(([name]) => typeof report[name] === 'number').map(([name, label, words, help]) => [label, words(report[name]), help]);
  const grounds = (report.consents ?? []).map((consent) => GROUNDS[consent.ground] ?? consent.ground).join(', ');
  rows.push(['Content credentials', credentialsText(result.credentials), null]);
  rows.push(['Invisible watermark', result.mark_id, 'The same id is in the credentials.']);
  if (grounds) rows.push(['Consent', grounds, null]);
  return h(
    'div',
    { class: 'stack run-report' },
    result.warnings.length
      ? h('ul', { class: 'report', 'aria-label': 'What to improve' }, ...result.warnings.map((text) => h('li', { class: 'advice' }, icon('advice'), h('p', {}, sentence(text)))))
      : h('ul', { class: 'report' }, h('li', { class: 'good' }, icon('good'), h('p', {}, 'Nothing to improve in photo and driver.'))),
    h('dl', { class: 'facts' }, ...rows.flatMap(([label, value, help]) => [h('dt', { title: help ?? '' }, label), h('dd', {}, value)])),
  );
}
