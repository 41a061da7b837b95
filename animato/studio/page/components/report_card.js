// The report card of a head: advice first, then what is good.

import { h } from '../dom.js';
import { icon } from '../icons.js';

const TOPICS = {
  sharpness: 'Sharpness', light: 'Light', cover: 'Cover', eyes: 'Eyes', outline: 'Outline', expression: 'Expression',
  turn: 'Turning', teeth: 'Teeth',
};

/** Return the findings as a list, or null if there are none. @param {object} report as the API returns it */
export function reportCard(report) {
  const findings = report?.findings ?? [];
  if (!findings.length) return null;
  return h(
    'ul',
    { class: 'report', 'aria-label': 'Report card' },
    ...findings.map(({ topic, good, sentence }) =>
      h(
        'li',
        { class: good ? 'good' : 'advice', 'data-topic': topic },
        icon(good ? 'good' : 'advice'),
        h('div', {}, h('strong', {}, TOPICS[topic] ?? topic, h('span', { class: 'unseen' }, good ? ': good. ' : ': advice. ')), h('p', {}, sentence)),
      ),
    ),
  );
}
