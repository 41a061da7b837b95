// Head: photos in, a head out; the shelf of heads.

import { post } from '../api.js';
import { h, onChange, replace } from '../dom.js';
import { find, isLoaded, kept, list, put, watch } from '../state.js';
import { icon } from '../icons.js';
import { dropzone } from '../components/dropzone.js';
import { headDetail } from '../components/head_detail.js';
import { newHead } from '../components/new_head.js';
import { Slot } from '../components/problem.js';
import { uploadInto } from '../components/uploads.js';

export const title = 'Head';

const shown = kept('head-view', { selected: null });
let form = null;

/** Put photos into the form, as if they had been dropped. @param {File[]} files */
export function addPhotos(files) {
  shown.set({ selected: null });
  form.add(files);
}

export function build(root) {
  const choose = (id) => shown.set({ selected: id });
  form = newHead((head) => choose(head.id));
  const place = h('div', { class: 'main-column' });
  const shelf = h('ul', { class: 'shelf', 'aria-label': 'Heads' });
  const slot = new Slot();
  const progress = h('div', {});
  const importer = dropzone('Add a head file', '.animato', importHead, { accept: '.animato', compact: true });

  async function importHead([file]) {
    slot.clear();
    try {
      const uploaded = await uploadInto(file, file.name, 'head-file', progress);
      const head = await post('/heads/import', { file: uploaded.id });
      put('heads', head);
      choose(head.id);
    } catch (problem) {
      slot.show(problem);
    }
  }

  function shelfItem(head) {
    const selected = shown.get().selected === head.id;
    return h(
      'li',
      {},
      h(
        'button',
        { type: 'button', class: 'shelf-item', 'aria-pressed': String(selected), onclick: () => choose(head.id), 'data-head': head.id },
        h('img', { src: head.thumbnail, alt: '', width: 96, height: 96, loading: 'lazy' }),
        h('span', {}, head.name),
      ),
    );
  }

  const drawPlace = onChange((head) => replace(place, head ? headDetail(head, () => choose(null)) : form.element));
  function draw() {
    const { selected } = shown.get();
    const head = selected ? find('heads', selected) : null;
    if (selected && !head && isLoaded('heads')) {
      shown.set({ selected: null }); // it was deleted elsewhere
      return;
    }
    drawPlace(head);
    const fresh = h(
      'button',
      { type: 'button', class: 'shelf-item new', 'aria-pressed': String(!head), onclick: () => choose(null), 'data-action': 'new-head' },
      icon('plus'),
      h('span', {}, 'New head'),
    );
    replace(shelf, h('li', {}, fresh), list('heads').map(shelfItem));
  }

  root.append(
    h(
      'div',
      { class: 'columns' },
      place,
      h('aside', { class: 'side-column stack', 'aria-label': 'Shelf' }, h('h2', {}, 'Shelf'), shelf, importer, progress, slot.element),
    ),
  );
  shown.watch(draw);
  watch('heads', draw);
}
