// Choose one of the heads on the shelf.

import { h, replace } from '../dom.js';
import { isLoaded, list, watch } from '../state.js';

/**
 * @param {() => string | null} selected
 * @param {(id: string) => void} choose
 */
export function headPicker(selected, choose) {
  const element = h('div', { class: 'head-picker', role: 'radiogroup', 'aria-label': 'Head' });
  const draw = () => {
    const heads = list('heads');
    if (!heads.length) {
      replace(element, isLoaded('heads') ? h('p', {}, 'There is no head yet. ', h('a', { href: '#/head' }, 'Make one from a photo'), '.') : h('p', { class: 'muted' }, 'Loading…'));
      return;
    }
    replace(
      element,
      heads.map((head) =>
        h(
          'button',
          { type: 'button', class: 'head-choice', role: 'radio', 'aria-checked': String(head.id === selected()), onclick: () => choose(head.id), 'data-head': head.id },
          h('img', { src: head.thumbnail, alt: '', width: 56, height: 56, loading: 'lazy' }),
          h('span', {}, head.name),
        ),
      ),
    );
  };
  watch('heads', draw);
  return { element, draw };
}
