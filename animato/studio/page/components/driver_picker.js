// Choose a driver: a bundled motion, or a file or camera recording that is added here.

import { post, remove } from '../api.js';
import { announce } from '../announce.js';
import { h, replace } from '../dom.js';
import { hasIcon, icon } from '../icons.js';
import { drop, list, put, watch } from '../state.js';
import { seconds } from '../words.js';
import { button, confirmed } from './buttons.js';
import { dropzone } from './dropzone.js';
import { recorder } from './recorder.js';
import { interruptedUploads, uploadInto } from './uploads.js';

const PLACE = 'driver';
const KINDS = { motion: 'Motion', video: 'Video', picture: 'Picture', sound: 'Sound' };

/**
 * @param {() => string | null} selected
 * @param {(id: string) => void} choose
 * @param {import('./problem.js').Slot} slot for errors of files
 */
export function driverPicker(selected, choose, slot) {
  const cards = h('div', { class: 'drivers', role: 'radiogroup', 'aria-label': 'Driver' });
  const progress = h('div', { class: 'stack' });

  async function add(file, name) {
    slot.clear();
    try {
      const uploaded = await uploadInto(file, name, PLACE, progress);
      const reading = h('p', { class: 'uploading' }, `Reading ${name}…`);
      progress.append(reading);
      const driver = await post('/drivers', { file: uploaded.id }).finally(() => reading.remove());
      put('drivers', driver);
      choose(driver.id);
      announce(`${driver.name} is the driver now`);
    } catch (problem) {
      slot.show(problem);
    }
  }

  async function discard(driver) {
    if (!(await confirmed(`Delete ${driver.name}?`, 'The driver is deleted from the studio. Videos made with it stay.', 'Delete'))) return;
    slot.clear();
    try {
      await remove(`/drivers/${driver.id}`);
      drop('drivers', driver.id);
      if (selected() === driver.id) choose(list('drivers')[0]?.id ?? null);
    } catch (problem) {
      slot.show(problem);
    }
  }

  function card(driver) {
    const strip = driver.filmstrip ?? [];
    const picture = strip.length
      ? h('img', { src: strip[Math.floor(strip.length / 2)], alt: '', loading: 'lazy' })
      : h('span', { class: 'no-picture' }, icon(driver.kind === 'bundled' && hasIcon(driver.id) ? driver.id : driver.kind === 'sound' ? 'play' : 'animate'));
    const facts = [KINDS[driver.kind], driver.duration ? seconds(driver.duration) : null].filter(Boolean).join(', ');
    return h(
      'div',
      { class: 'driver' },
      h(
        'button',
        { type: 'button', class: 'driver-card', role: 'radio', 'aria-checked': String(driver.id === selected()), onclick: () => choose(driver.id), 'data-driver': driver.id },
        picture, h('strong', {}, driver.name), h('span', { class: 'muted' }, facts),
      ),
      driver.kind === 'bundled' ? null : button('', () => discard(driver), { kind: 'quiet small corner', symbol: 'close', label: `Delete ${driver.name}` }),
    );
  }

  const draw = () => {
    const drivers = list('drivers');
    const own = drivers.filter((driver) => driver.kind !== 'bundled');
    replace(cards, [...own, ...drivers.filter((driver) => driver.kind === 'bundled')].map(card));
  };
  watch('drivers', draw);
  const zone = dropzone('Add a driver', 'video, motion, picture or sound', ([file]) => add(file, file.name), { compact: true });
  const camera = recorder((recording) => add(recording, `Recording ${new Date().toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit' })}.webm`));
  const interrupted = interruptedUploads(PLACE);
  if (interrupted) slot.show(interrupted);
  const element = h('div', { class: 'stack' }, cards, h('div', { class: 'two' }, zone, camera), progress, slot.element);
  return { element, draw };
}
