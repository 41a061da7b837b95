// The stretch of a driver that is used: handles for its ends and for the neutral frame, over frames of the driver.

import { clamp, followPointer, h, replace } from '../dom.js';
import { setSettings } from '../animation.js';
import { seconds } from '../words.js';
import { button } from './buttons.js';

const LEAST = 0.2; // seconds
const STEP = 0.04;

/** Return the strip; `show(driver, settings)` fills it. @param {(time: number) => void} onLook a time was chosen */
export function filmstrip(onLook) {
  const frames = h('div', { class: 'frames', 'aria-hidden': 'true' });
  const used = h('div', { class: 'used', 'aria-hidden': 'true' });
  const text = h('p', { class: 'muted', role: 'status' });
  let driver = null;
  let settings = null;

  const end = () => settings.end ?? driver.duration;
  const marks = {
    start: mark('Start', 'start', () => settings.start, (time) => ({ start: clamp(time, 0, end() - LEAST) })),
    end: mark('End', 'end', end, (time) => {
      const value = clamp(time, settings.start + LEAST, driver.duration);
      return { end: value >= driver.duration - 0.01 ? null : value };
    }),
    neutral: mark('Neutral frame', 'neutral', () => settings.neutral ?? settings.start, (time) => ({ neutral: clamp(time, settings.start, end()) })),
  };
  const strip = h('div', { class: 'filmstrip' }, frames, used, ...Object.values(marks));
  const whole = button('Use all of it', () => setSettings({ start: 0, end: null }), { kind: 'quiet small' });
  const automatic = button('Find the neutral frame', () => setSettings({ neutral: null }), { kind: 'quiet small' });
  const choose = button('Choose the neutral frame', () => {
    setSettings({ neutral: settings.start });
    marks.neutral.focus();
  }, { kind: 'quiet small', 'data-action': 'choose-neutral' });

  function mark(label, name, value, changes) {
    const handle = h('div', { class: `mark ${name}`, tabIndex: 0, role: 'slider', 'aria-label': label, title: label, 'data-mark': name });
    const set = (time) => {
      const rounded = Math.round(time * 100) / 100;
      setSettings(changes(rounded));
      onLook(value());
    };
    handle.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      handle.focus();
      const box = strip.getBoundingClientRect();
      followPointer(event, (move) => set(((move.clientX - box.left) / box.width) * driver.duration));
    });
    handle.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -STEP, ArrowRight: STEP, PageDown: -1, PageUp: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      set(value() + step);
    });
    handle.update = () => {
      handle.style.left = `${(value() / driver.duration) * 100}%`;
      handle.setAttribute('aria-valuemin', '0');
      handle.setAttribute('aria-valuemax', driver.duration.toFixed(2));
      handle.setAttribute('aria-valuenow', value().toFixed(2));
      handle.setAttribute('aria-valuetext', seconds(value()));
    };
    return handle;
  }

  frames.addEventListener('click', (event) => {
    const box = strip.getBoundingClientRect();
    onLook(((event.clientX - box.left) / box.width) * driver.duration);
  });

  let drawn = null;
  const element = h('div', { class: 'stack tight' }, strip, h('div', { class: 'row between' }, text, h('div', { class: 'row' }, whole, choose, automatic)));
  return {
    element,
    show(nextDriver, nextSettings) {
      [driver, settings] = [nextDriver, nextSettings];
      element.hidden = !driver?.duration;
      if (element.hidden) return;
      if (drawn !== driver.id) {
        const pictures = driver.filmstrip ?? [];
        replace(frames, pictures.length ? pictures.map((src) => h('img', { src, alt: '', loading: 'lazy', draggable: false })) : Array.from({ length: 12 }, () => h('span', {})));
        frames.classList.toggle('plain', pictures.length === 0);
        drawn = driver.id;
      }
      const video = driver.kind === 'video';
      marks.neutral.hidden = settings.neutral === null;
      automatic.hidden = settings.neutral === null;
      choose.hidden = settings.neutral !== null || !video;
      whole.hidden = settings.start === 0 && settings.end === null;
      for (const handle of Object.values(marks)) handle.update();
      used.style.left = `${(settings.start / driver.duration) * 100}%`;
      used.style.right = `${100 - (end() / driver.duration) * 100}%`;
      text.textContent = `${seconds(end() - settings.start)} of ${seconds(driver.duration)}`;
    },
  };
}
