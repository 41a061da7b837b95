// First-run tour: four steps beside the page, with the demo portrait. It covers nothing and can be closed.

import { h, replace } from '../dom.js';
import { isLoaded, kept, list, watch } from '../state.js';
import { addPhotos } from '../views/head.js';
import { form as newHeadForm } from './new_head.js';
import { form as animateForm } from '../animation.js';
import { button } from './buttons.js';

const DONE = 'animato.tour-done';
const NAME = 'Demo portrait.webp';

const state = kept('tour', { open: false, heads: 0, results: 0 }); // how many there were when it began

async function useDemo() {
  location.hash = '#/head';
  const answer = await fetch('demo_portrait.webp');
  newHeadForm.set({ ground: 'not-a-person' });
  addPhotos([new File([await answer.blob()], NAME, { type: 'image/webp' })]);
}

const STEPS = [
  {
    title: 'Start with a photo',
    text: 'Drop a photo of a face, or take the demo portrait. It shows nobody: a computer made it.',
    target: 'photos',
    action: ['Use the demo portrait', useDemo],
  },
  {
    title: 'Say who it is',
    text: 'A face needs consent. Choose who is shown, read the sentence, and agree.',
    target: 'make',
  },
  {
    title: 'Choose what moves it',
    text: 'The report card says what would help. Then animate the head: a bundled motion is chosen already; a video of you works too.',
    target: 'to-animate',
  },
  {
    title: 'Make the video',
    text: 'A preview takes seconds. The video itself appears beside it, and stays under Results.',
    target: 'render',
  },
];

/** Return the step that the page is at, or 4 when the tour is over. */
function step() {
  const made = (name) => list(name).length > state.get()[name];
  if (made('results')) return STEPS.length;
  if (location.hash.startsWith('#/animate') && made('heads')) return 3;
  if (made('heads')) return 2;
  return newHeadForm.get().photos.length ? 1 : 0;
}

let element = null;

function close() {
  localStorage.setItem(DONE, 'yes');
  state.set({ open: false });
  draw();
}

function draw() {
  for (const marked of document.querySelectorAll('.tour-target')) marked.classList.remove('tour-target');
  const { open } = state.get();
  document.documentElement.classList.toggle('touring', open);
  element.hidden = !open;
  if (!open) return;
  const index = step();
  if (index === STEPS.length) {
    replace(
      element,
      h('p', { class: 'muted' }, 'Done'),
      h('h2', {}, 'That was your first video'),
      h('p', {}, 'Next, try your own photo, or drag the face itself under Edit.'),
      h('div', { class: 'row end' }, button('Close', close, { kind: 'primary', 'data-action': 'tour-close' })),
    );
    return;
  }
  const { title, text, target, action } = STEPS[index];
  for (const marked of document.querySelectorAll(`[data-tour="${target}"]`)) marked.classList.add('tour-target');
  replace(
    element,
    h('p', { class: 'muted', 'data-step': index + 1 }, `Step ${index + 1} of ${STEPS.length}`),
    h('h2', {}, title),
    h('p', {}, text),
    h('div', { class: 'row between' }, button('Close', close, { kind: 'quiet', label: 'Close the tour', 'data-action': 'tour-close' }),
      action ? button(action[0], action[1], { kind: 'primary', 'data-action': 'demo' }) : null),
  );
}

/** Open the tour from the start. */
export function restartTour() {
  localStorage.removeItem(DONE);
  state.set({ open: true, heads: list('heads').length, results: list('results').length });
  location.hash = '#/head';
  draw();
}

/** Show the tour to people who have no head yet, and go on with it after a reload. */
export function startTour() {
  element = h('aside', { class: 'tour card stack', 'aria-label': 'Tour', hidden: true });
  document.body.append(element);
  if (isLoaded('heads') && !list('heads').length && !localStorage.getItem(DONE)) state.set({ open: true });
  const later = () => requestAnimationFrame(draw); // after the views have drawn
  newHeadForm.watch(later);
  animateForm.watch(later);
  for (const name of ['heads', 'results']) watch(name, later);
  addEventListener('hashchange', later);
}
