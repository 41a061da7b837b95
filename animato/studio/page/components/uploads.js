// Uploads with progress, and a sentence about those that a reload interrupted.

import { Problem, upload } from '../api.js';
import { h } from '../dom.js';
import { list } from '../state.js';
import { bytes } from '../words.js';

const PENDING = 'animato.pending-uploads';

const readPending = () => JSON.parse(sessionStorage.getItem(PENDING) ?? '{}');

function writePending(key, names) {
  sessionStorage.setItem(PENDING, JSON.stringify({ ...readPending(), [key]: names }));
}

/** Return a problem about uploads to a place that a reload of the page ended, or null; asked for once. */
export function interruptedUploads(key) {
  const names = readPending()[key] ?? [];
  if (!names.length) return null;
  writePending(key, []);
  return new Problem({
    what: `the page was loaded again before ${names.join(', ')} had arrived`,
    hint: names.length > 1 ? 'drop these files again' : 'drop the file again',
    code: 'interrupted',
  });
}

/**
 * Upload a file and show how far it is.
 *
 * @param {Blob} file
 * @param {string} name
 * @param {string} key of the place it is for, for `interruptedUploads`
 * @param {HTMLElement} place where the progress is shown
 */
export async function uploadInto(file, name, key, place) {
  const limit = list('status')?.limits.bytes;
  if (limit && file.size > limit) {
    throw new Problem({
      what: `${name} is too large; files up to ${bytes(limit)} are taken`,
      where: bytes(file.size),
      hint: 'cut out the stretch that you need',
      code: 'too-large',
    });
  }
  const bar = h('progress', { max: 1, value: 0, 'aria-label': `Upload of ${name}` });
  const row = h('div', { class: 'uploading' }, h('span', {}, name), bar);
  place.append(row);
  writePending(key, [...(readPending()[key] ?? []), name]);
  try {
    return await upload(file, name, (share) => (bar.value = share));
  } finally {
    row.remove();
    writePending(key, (readPending()[key] ?? []).filter((other) => other !== name));
  }
}
