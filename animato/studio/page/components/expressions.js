// Saved expressions: load one, or mix several into the present one.

import { patch, post, remove } from '../api.js';
import { h, replace } from '../dom.js';
import { described, moved } from '../expression.js';
import { drop, list, put, watch } from '../state.js';
import { button, confirmed } from './buttons.js';
import { slider, textField } from './fields.js';
import { Slot } from './problem.js';

/**
 * @param {object} form kept state with `mix` (id to share) and `expressionName`
 * @param {() => Record<string, number>} present returns the expression that is shown
 * @param {(controls: Record<string, number>) => void} load
 */
export function expressions(form, present, load) {
  const slot = new Slot();
  const rows = h('ul', { class: 'expressions' });
  const attempt = async (run) => {
    slot.clear();
    try {
      await run();
    } catch (problem) {
      slot.show(problem);
    }
  };
  const save = () =>
    attempt(async () => {
      const name = form.get().expressionName.trim() || `Expression ${list('expressions').length + 1}`;
      put('expressions', await post('/expressions', { name, controls: moved(present()) }));
      form.set({ expressionName: '' });
    });
  const name = textField(form, 'expressionName', 'Save this expression as', { maxLength: 100, slot });
  name.addEventListener('keydown', (event) => event.key === 'Enter' && save());

  function row(expression) {
    const overwrite = () =>
      attempt(async () => put('expressions', await patch(`/expressions/${expression.id}`, { controls: moved(present()) })));
    const discard = () =>
      attempt(async () => {
        if (!(await confirmed(`Delete ${expression.name}?`, described(expression.controls), 'Delete'))) return;
        await remove(`/expressions/${expression.id}`);
        const { [expression.id]: _gone, ...mix } = form.get().mix;
        form.set({ mix });
        drop('expressions', expression.id);
      });
    const share = slider(
      { name: `mix-${expression.id}`, label: `Mix in ${expression.name}`, min: 0, max: 1, step: 0.05, default: 0 },
      (value) => form.set({ mix: { ...form.get().mix, [expression.id]: value } }),
      { format: (value) => `${Math.round(value * 100)} %` },
    );
    share.set(form.get().mix[expression.id] ?? 0);
    share.classList.add('mix');
    return h(
      'li',
      { 'data-expression': expression.name },
      h(
        'div',
        { class: 'row between' },
        button(expression.name, () => load(expression.controls), { kind: 'quiet', title: described(expression.controls), 'data-action': 'load-expression' }),
        h(
          'span',
          { class: 'row tight' },
          button('', overwrite, { kind: 'quiet small', symbol: 'download', label: `Save the present expression as ${expression.name}` }),
          button('', discard, { kind: 'quiet small', symbol: 'trash', label: `Delete ${expression.name}` }),
        ),
      ),
      share,
    );
  }

  watch('expressions', (saved) =>
    replace(rows, saved.length ? saved.map(row) : h('li', { class: 'muted' }, 'None yet. Save one, and mix it with others later.')),
  );
  return h(
    'section',
    { class: 'card stack' },
    h('h2', {}, 'Expressions'),
    rows,
    h('div', { class: 'row bottom' }, name, button('Save', save, { 'data-action': 'save-expression' })),
  );
}
