// A place to drop files, which is also a button that opens the file chooser.

import { h, uniqueId } from '../dom.js';
import { icon } from '../icons.js';

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
  const element = h('div', { class: 'drop' }, input, zone);
  element.addEventListener('dragenter', over(true));
  element.addEventListener('dragover', over(true));
  element.addEventListener('dragleave', over(false));
  element.addEventListener('drop', (event) => {
    over(false)(event);
    const files = [...event.dataTransfer.files];
    if (files.length) onFiles(multiple ? files : files.slice(0, 1));
  });
  input.addEventListener('change', () => {
    const files = [...input.files];
    input.value = '';
    if (files.length) onFiles(files);
  });
  return element;
}
