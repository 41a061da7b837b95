// A/B wipe: the result on one side of a line, photo or driver on the other.

import { contentUrl } from '../api.js';
import { find } from '../state.js';
import { h, replace } from '../dom.js';
import { segmented } from './fields.js';

/**
 * @param {object} result as the API returns it
 * @param {{start?: number, crop?: boolean}} options `start`: second of the driver at which the result begins; `crop`:
 *   whether the result shows the head only
 */
export function wipe(result, { start = 0, crop = false } = {}) {
  const url = contentUrl('results', result.id);
  const moving = result.media_type.startsWith('video/');
  const media = moving
    ? h('video', { src: url, controls: true, loop: true, autoplay: true, muted: true, playsInline: true, 'aria-label': `Video: ${result.name}` })
    : h('img', { src: url, alt: result.name });
  const other = h('div', { class: 'wipe-other' });
  const line = h('div', { class: 'wipe-line', 'aria-hidden': 'true' });
  const frame = h('div', { class: 'wipe', 'data-comparing': 'none' }, media, other, line);
  frame.style.setProperty('--aspect', `${result.width} / ${result.height}`);
  const position = h('input', { type: 'range', min: 0, max: 100, value: 50, 'aria-label': 'Place of the dividing line', class: 'wipe-range', hidden: true });
  const head = find('heads', result.head);
  const driver = find('drivers', result.driver);
  const choices = { none: 'Video only' };
  if (head) choices.photo = 'Photo';
  if (driver?.kind === 'video') choices.driver = 'Driver';

  const place = () => {
    other.style.clipPath = `inset(0 ${100 - position.value}% 0 0)`;
    line.style.left = `${position.value}%`;
  };
  position.addEventListener('input', place);

  function compare(kind) {
    frame.dataset.comparing = kind;
    position.hidden = kind === 'none';
    if (kind === 'photo') replace(other, h('img', { src: crop ? head.thumbnail : head.photo, alt: 'The photo' }));
    else if (kind === 'driver') replace(other, followed(driver));
    else replace(other);
    place();
  }

  /** The driver's video at the time that the result shows. */
  function followed(source) {
    const video = h('video', { src: contentUrl('drivers', source.id), muted: true, playsInline: true, preload: 'auto', 'aria-label': 'The driver' });
    const align = () => {
      const time = start + (moving ? media.currentTime : 0);
      if (Math.abs(video.currentTime - time) > 0.08) video.currentTime = time;
    };
    if (moving) {
      for (const name of ['timeupdate', 'seeked', 'play', 'pause']) {
        media.addEventListener(name, () => {
          if (!video.isConnected) return;
          align();
          if (media.paused) video.pause();
          else video.play().catch(() => {});
        });
      }
    }
    video.addEventListener('loadedmetadata', align, { once: true });
    return video;
  }

  const picker = segmented('Compare with', choices, 'none', compare);
  picker.hidden = Object.keys(choices).length === 1;
  return h('div', { class: 'stack tight' }, frame, position, picker);
}
