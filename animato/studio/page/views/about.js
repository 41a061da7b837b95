// About: versions, limits, licences, and how this page treats what it is given.

import { h, replace } from '../dom.js';
import { watch } from '../state.js';
import { bytes, seconds } from '../words.js';
import { button } from '../components/buttons.js';
import { restartTour } from '../components/tour.js';

export const title = 'About';

function facts(status) {
  const { limits } = status;
  const rows = [
    ['Version', `animato ${status.version}`],
    ['Threads of a render', String(status.threads)],
    ['Largest upload', bytes(limits.bytes)],
    ['Largest picture', `${Math.round(limits.pixels / 1e6)} megapixels`],
    ['Longest video', limits.seconds ? seconds(limits.seconds) : 'as long as the upload allows'],
  ];
  return h('dl', { class: 'facts' }, ...rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

export function build(root) {
  const place = h('div', {}, h('p', { class: 'muted' }, 'Loading…'));
  watch('status', (status) => status && replace(place, facts(status)));
  root.append(
    h(
      'div',
      { class: 'prose stack' },
      h('p', { class: 'lead' }, 'animato makes videos of a person from photos and a driver. All of it runs on this computer.'),
      h('section', { class: 'card stack' }, h('h2', {}, 'This studio'), place),
      h(
        'section',
        { class: 'card stack' },
        h('h2', {}, 'Offline'),
        h('p', {}, 'The studio listens on this computer only, and asks nothing of any other. Photos, heads and videos stay in its data folder until you delete them.'),
        h('p', {}, 'Every video and every frame of the editor carries an invisible watermark. Files are signed with content credentials that say they are AI-generated; videos of real people also carry a visible label.'),
      ),
      h(
        'section',
        { class: 'card stack' },
        h('h2', {}, 'Licences'),
        h('p', {}, 'animato: Apache License 2.0. Its networks were trained on openly licensed faces; their cards are in ', h('code', {}, 'docs/model-card.md'), '. Other software and data: ', h('code', {}, 'THIRD_PARTY.md'), '.'),
      ),
      h(
        'section',
        { class: 'card stack' },
        h('h2', {}, 'Help'),
        h('p', {}, 'Manual: ', h('code', {}, 'docs/studio.md'), '. For scripts: ', h('a', { href: '/api/v1/openapi.json' }, 'description of the API'), '.'),
        h('div', { class: 'row' }, button('Take the tour again', restartTour, { 'data-action': 'tour' })),
      ),
    ),
  );
}
