// A small timeline: key frames of the expression, played here or made into a clip.

import { clamp, followPointer, h, replace } from '../dom.js';
import { between, described } from '../expression.js';
import { button } from './buttons.js';
import { field } from './fields.js';

const MAX_SECONDS = 60;
const EASES = { smooth: 'Smooth', linear: 'Even', in: 'Start slowly', out: 'End slowly', hold: 'Jump' };

/**
 * @param {object} form kept state with `keyframes` ({time, controls, ease}, in order of time), `length` and `at`, seconds
 * @param {() => Record<string, number>} present returns the expression that is shown
 * @param {(controls: Record<string, number>, final: boolean) => void} show `final` is false while the clip plays
 */
export function timeline(form, present, show) {
  let playing = 0;
  let selected = -1;
  const track = h('div', { class: 'track', role: 'group', 'aria-label': 'Key frames' });
  const ruler = h('div', { class: 'ruler', 'aria-hidden': 'true' });
  const head = h('input', { type: 'range', class: 'playhead', min: 0, step: 0.01, 'aria-label': 'Time' });
  const clock = h('output', { class: 'clock' });
  const ease = h('select', { onchange: () => change(selected, { ease: ease.value }) }, ...Object.entries(EASES).map(([value, text]) => h('option', { value }, text)));
  const easeField = field('Way to the next', ease);
  const length = h('input', { type: 'number', min: 0.2, max: MAX_SECONDS, step: 0.1, onchange: setLength });
  const play = button('Play', () => (playing ? stop() : start()), { symbol: 'play', 'data-action': 'play' });
  const add = button('Add key frame', addHere, { symbol: 'plus', 'data-action': 'add-key' });
  const discard = button('Remove', () => form.set({ keyframes: form.get().keyframes.filter((_frame, index) => index !== selected) }), { kind: 'quiet', symbol: 'trash' });

  const sorted = (frames) => frames.toSorted((a, b) => a.time - b.time);
  const round = (time) => Math.round(time * 100) / 100;

  function setLength() {
    const last = form.get().keyframes.at(-1)?.time ?? 0;
    form.set({ length: clamp(Number(length.value) || 2, Math.max(0.2, last), MAX_SECONDS) });
  }

  function addHere() {
    const time = round(form.get().at);
    const others = form.get().keyframes.filter((frame) => Math.abs(frame.time - time) > 0.005);
    const before = form.get().keyframes.find((frame) => Math.abs(frame.time - time) <= 0.005);
    const keyframes = sorted([...others, { time, controls: present(), ease: before?.ease ?? 'smooth' }]);
    selected = keyframes.findIndex((frame) => frame.time === time);
    form.set({ keyframes });
  }

  function change(index, changes) {
    const frame = { ...form.get().keyframes[index], ...changes };
    const others = form.get().keyframes.filter((_frame, other) => other !== index);
    if (others.some((other) => Math.abs(other.time - frame.time) < 0.005)) return index;
    const keyframes = sorted([...others, frame]);
    selected = keyframes.indexOf(frame);
    form.set({ keyframes });
    return selected;
  }

  function select(index) {
    selected = index;
    const frame = form.get().keyframes[index];
    form.set({ at: frame.time });
    show(frame.controls, true);
  }

  function start() {
    const { length: seconds, at } = form.get();
    const from = at >= seconds - 0.05 ? 0 : at;
    const began = performance.now() - from * 1000;
    const step = (now) => {
      const time = (now - began) / 1000;
      if (time >= form.get().length) return stop(form.get().length);
      seek(time, false);
      playing = requestAnimationFrame(step);
      return undefined;
    };
    playing = requestAnimationFrame(step);
    drawPlay();
  }

  function stop(at = form.get().at) {
    cancelAnimationFrame(playing);
    playing = 0;
    drawPlay();
    seek(at, true);
  }

  function drawPlay() {
    play.querySelector('span').textContent = playing ? 'Stop' : 'Play';
    play.dataset.playing = String(playing !== 0);
  }

  function seek(time, final) {
    if (final) form.set({ at: time });
    else head.value = time;
    drawClock(time);
    if (form.get().keyframes.length) show(between(form.get().keyframes, time), final);
  }

  function drawClock(time) {
    clock.textContent = `${time.toFixed(2)} s`;
  }

  function marker(frame, index) {
    const { length: seconds } = form.get();
    const dot = h('button', {
      type: 'button', class: 'key', 'aria-pressed': String(index === selected), 'data-key': index, title: described(frame.controls),
      'aria-label': `Key frame ${index + 1} at ${frame.time.toFixed(2)} seconds. Move with the arrow keys.`,
    });
    dot.style.left = `${(frame.time / seconds) * 100}%`;
    const at = (time) => round(clamp(time, 0, seconds));
    dot.addEventListener('pointerdown', (event) => {
      const width = track.getBoundingClientRect().width;
      const from = frame.time;
      let moved = from;
      followPointer(
        event,
        (move) => {
          moved = at(from + ((move.clientX - event.clientX) / width) * seconds);
          dot.style.left = `${(moved / seconds) * 100}%`;
        },
        () => select(moved === from ? index : change(index, { time: moved })),
      );
    });
    dot.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === ' ') select(index);
      const step = { ArrowLeft: -0.04, ArrowRight: 0.04 }[event.key];
      if (step) {
        event.preventDefault();
        change(index, { time: at(frame.time + step) });
        track.querySelector(`[data-key="${selected}"]`)?.focus();
      }
      if (event.key === 'Delete') form.set({ keyframes: form.get().keyframes.filter((other) => other !== frame) });
    });
    return dot;
  }

  head.addEventListener('input', () => seek(Number(head.value), true));
  form.watch((value) => {
    if (selected >= value.keyframes.length) selected = -1;
    head.max = value.length;
    head.value = value.at;
    if (document.activeElement !== length) length.value = value.length;
    drawClock(value.at);
    replace(track, value.keyframes.map(marker));
    const marks = Array.from({ length: 5 }, (_item, index) => h('span', {}, `${((value.length * index) / 4).toFixed(1)}`));
    replace(ruler, marks);
    play.disabled = value.keyframes.length < 2;
    discard.disabled = easeField.hidden = selected < 0;
    if (selected >= 0) ease.value = value.keyframes[selected].ease;
  });
  const element = h(
    'div',
    { class: 'timeline stack' },
    h('div', { class: 'row' }, play, clock, add, discard, h('span', { class: 'spring' }), easeField, field('Length in seconds', length)),
    h('div', { class: 'lane' }, track, head, ruler),
  );
  return { element, stop: () => playing && stop() };
}
