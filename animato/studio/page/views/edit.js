// Edit: the expression of a head, by sliders or on the face itself, live; key frames; offset over a driver.

import { Problem, post } from '../api.js';
import { announce } from '../announce.js';
import { h } from '../dom.js';
import { added, described, limited, moved, movement, NEUTRALISE, rest } from '../expression.js';
import { find, isLoaded, kept, list, put, watch } from '../state.js';
import { button, whileBusy } from '../components/buttons.js';
import { controlPanel } from '../components/control_panel.js';
import { expressions } from '../components/expressions.js';
import { faceStage } from '../components/face_stage.js';
import { headPicker } from '../components/head_picker.js';
import { Slot } from '../components/problem.js';
import { timeline } from '../components/timeline.js';
import { setOffset, followJob } from '../animation.js';

export const title = 'Edit';

const form = kept('edit', { head: null, controls: {}, mix: {}, expressionName: '', keyframes: [], length: 2, at: 0 });

let stage = null;
let picker = null;
let clip = null;
let visible = false;

/** The expression that is shown: the sliders, and what is mixed in. */
function present() {
  const { controls, mix } = form.get();
  return Object.entries(mix).reduce((sum, [id, share]) => {
    const expression = share ? find('expressions', id) : null;
    return expression ? added(sum, movement(expression.controls), share) : sum;
  }, controls);
}

function openHead() {
  const heads = list('heads');
  if (!isLoaded('heads')) return;
  const { head } = form.get();
  const chosen = heads.some((item) => item.id === head) ? head : (heads[0]?.id ?? null);
  if (chosen !== head) form.set({ head: chosen });
  picker.draw();
  if (visible) stage.open(chosen, present());
}

function neutral() {
  const keep = form.get().controls[NEUTRALISE];
  form.set({ controls: keep === undefined ? {} : { [NEUTRALISE]: keep }, mix: {} });
}

function clipFrames() {
  const { keyframes, length } = form.get();
  if (keyframes.length < 2) {
    throw new Problem({ what: 'a clip needs two key frames', hint: 'move the time, change the expression, and add another one', field: 'keyframes' });
  }
  const frames = keyframes.map((frame) => ({ ...frame, controls: movement(frame.controls) }));
  if (length - frames.at(-1).time > 0.02) frames.push({ ...frames.at(-1), time: length });
  return frames;
}

async function makeClip(make, slot) {
  slot.clear();
  try {
    const { head, controls } = form.get();
    const frames = clipFrames();
    await whileBusy(make, 'Starting…', async () => {
      const name = `${find('heads', head)?.name ?? 'Clip'}, ${frames.length} key frames`;
      const driver = await post('/motions', { name, fps: 25, keyframes: frames });
      put('drivers', driver);
      const settings = { neutralise: controls[NEUTRALISE] ?? rest(NEUTRALISE) };
      followJob(await post('/jobs', { kind: 'animate', head, driver: driver.id, settings, format: 'mp4' }));
    });
    announce('The clip is being made');
    location.hash = '#/animate';
  } catch (problem) {
    slot.show(problem);
  }
}

function toolbar() {
  const neutralise = () => form.set({ controls: { ...form.get().controls, [NEUTRALISE]: limited(NEUTRALISE, 1) } });
  const over = () => {
    setOffset(movement(present()), form.get().head);
    location.hash = '#/animate';
  };
  return h(
    'div',
    { class: 'row stage-tools' },
    button('Back to rest', neutral, { symbol: 'reset', 'data-action': 'rest' }),
    button('Neutralise the photo', neutralise, { title: "Removes the photo's own expression", 'data-action': 'neutralise' }),
    button('Use over a driver', over, { symbol: 'animate', 'data-action': 'use-offset' }),
  );
}

export function build(root) {
  const change = (name, value) => form.set({ controls: { ...form.get().controls, [name]: value } });
  stage = faceStage((_handle, start, changes) => form.set({ controls: added(start, changes) }), () => form.get().controls);
  const panel = controlPanel(change);
  picker = headPicker(() => form.get().head, (head) => {
    form.set({ head });
    openHead();
  });
  clip = timeline(form, present, (controls, final) => {
    if (final) form.set({ controls, mix: {} });
    else stage.ask(controls);
  });
  const slot = new Slot();
  const make = button('Make a clip', () => makeClip(make, slot), { kind: 'primary', symbol: 'animate', 'data-action': 'make-clip' });
  const summary = h('p', { class: 'muted summary' });
  root.append(
    picker.element,
    h(
      'div',
      { class: 'editor' },
      h(
        'div',
        { class: 'stack editor-left' },
        stage.element,
        summary,
        toolbar(),
      ),
      h('div', { class: 'stack editor-right' }, h('section', { class: 'card' }, h('h2', {}, 'Controls'), panel.element), expressions(form, present, (controls) => form.set({ controls, mix: {} }))),
    ),
    h('section', { class: 'card stack timeline-card' }, h('div', { class: 'row between' }, h('h2', {}, 'Timeline'), make), clip.element, slot.element),
  );
  form.watch((value) => {
    panel.show(value.controls);
    summary.textContent = described(present());
    stage.ask(present());
    root.dataset.controls = JSON.stringify(moved(present()));
  });
  watch('heads', () => {
    if (!find('heads', form.get().head) || !stage.isOpen) openHead();
  });
}

export function enter({ head }) {
  visible = true;
  if (head && head !== form.get().head) form.set({ head });
  openHead();
}

export function leave() {
  visible = false;
  clip.stop();
  stage.close();
}
