// A place to drop files, which is also a button that opens the file chooser. A link is not followed.

import { h, uniqueId } from '../dom.js';
import { icon } from '../icons.js';
import { Slot } from './problem.js';

const LINK = {
  what: 'a link was dropped, and the studio fetches nothing from elsewhere',
  hint: 'save the picture or video on this computer first, and drop the file',
  code: 'link',
};

/** Whether something of another page is dropped: its address comes along, also if a picture does. */
const isLink = (transfer) => /^(?!file:)[a-z]+:/im.test(transfer.getData('text/uri-list')) || (!transfer.files.length && transfer.getData('text/plain') !== '');

/**
 * @param {string} text what to drop
 * @param {string} help a second line
 * @param {(files: File[]) => void} onFiles
 */
export function dropzone(text, help, onFiles, { accept = '', multiple = false, compact = false } = {}) {
  const id = uniqueId('drop');
  const input = h('input', { type: 'file', id, accept, multiple, class: 'unseen' });
  const zone = h(
    'label',
    { class: `dropzone ${compact ? 'compact' : ''}`, htmlFor: id },
    icon('upload'),
    h('strong', {}, text),
    help ? h('span', { class: 'muted' }, help) : null,
  );
  const over = (inside) => (event) => {
    event.preventDefault();
    zone.classList.toggle('over', inside);
  };
  const slot = new Slot();
  const element = h('div', { class: 'drop' }, input, zone, slot.element);
  const take = (files) => {
    slot.clear();
    if (files.length) onFiles(files);
  };
  element.addEventListener('dragenter', over(true));
  element.addEventListener('dragover', over(true));
  element.addEventListener('dragleave', over(false));
  element.addEventListener('drop', (event) => {
    over(false)(event);
    if (isLink(event.dataTransfer)) {
      slot.show(LINK);
      return;
    }
    const files = [...event.dataTransfer.files];
    take(multiple ? files : files.slice(0, 1));
  });
  input.addEventListener('change', () => {
    const files = [...input.files];
    input.value = '';
    take(files);
  });
  return element;
}
