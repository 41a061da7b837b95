// One head: picture, name, consent, report card, and what can be done with it.

import { contentUrl, patch, remove } from '../api.js';
import { h } from '../dom.js';
import { drop, put } from '../state.js';
import { count, GROUNDS } from '../words.js';
import { button, confirmed, linkButton } from './buttons.js';
import { Slot } from './problem.js';
import { photosOf, startFrom } from './new_head.js';
import { reportCard } from './report_card.js';

/** @param {object} head @param {() => void} onLeave called when another photo is added or the head is deleted */
export function headDetail(head, onLeave) {
  const slot = new Slot();
  const attempt = async (run) => {
    slot.clear();
    try {
      await run();
    } catch (problem) {
      slot.show(problem);
    }
  };
  const name = h('input', { type: 'text', class: 'title-input', value: head.name, maxLength: 100, 'aria-label': 'Name of the head' });
  name.addEventListener('change', () =>
    attempt(async () => put('heads', await patch(`/heads/${head.id}`, { name: name.value.trim() || head.name })),
  ));
  const discard = () =>
    attempt(async () => {
      if (!(await confirmed(`Delete ${head.name}?`, 'The head is deleted from this computer. Videos made of it stay.', 'Delete'))) return;
      await remove(`/heads/${head.id}`);
      drop('heads', head.id);
      onLeave();
    });
  const more = () => {
    startFrom(head);
    onLeave();
  };
  const facts = [GROUNDS[head.ground] ?? head.ground, head.report?.photos ? count(head.report.photos, 'photo') : null, `${head.width} × ${head.height}`];
  if (head.expires) facts.push(`until ${head.expires}`);
  return h(
    'article',
    { class: 'card stack head-detail', 'data-head': head.id },
    h(
      'div',
      { class: 'head-top' },
      h('img', { src: head.thumbnail, alt: `The head ${head.name}`, width: 160, height: 160 }),
      h(
        'div',
        { class: 'stack' },
        name,
        h('p', { class: 'muted' }, facts.filter(Boolean).join(' · ')),
        h(
          'div',
          { class: 'row' },
          linkButton('Animate', `#/animate?head=${head.id}`, { kind: 'primary', symbol: 'animate', 'data-action': 'animate-head', 'data-tour': 'to-animate' }),
          linkButton('Edit expression', `#/edit?head=${head.id}`, { symbol: 'edit', 'data-action': 'edit-head' }),
        ),
      ),
    ),
    slot.element,
    h('h3', {}, 'Report card'),
    reportCard(head.report) ?? h('p', { class: 'muted' }, 'This head has no report card.'),
    h(
      'div',
      { class: 'row' },
      photosOf(head.id) ? button('Add a photo', more, { symbol: 'plus' }) : null,
      linkButton('Save file', contentUrl('heads', head.id), { kind: 'quiet', symbol: 'download', download: '' }),
      button('Delete', discard, { kind: 'quiet', symbol: 'trash' }),
    ),
  );
}
