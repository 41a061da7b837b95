// Labelled fields. Every one has a visible label and, where it can fail, a place for its error.

import { h, uniqueId } from '../dom.js';

/** A label above a control, with an optional help line. */
export function field(label, control, { help = null, slot = null } = {}) {
  control.id ||= uniqueId('field');
  const note = help ? h('p', { class: 'help', id: `${control.id}-help` }, help) : null;
  if (note) control.setAttribute('aria-describedby', note.id);
  return h('div', { class: 'field' }, h('label', { htmlFor: control.id }, label), control, note, slot?.element);
}

/** A text field bound to a kept form. */
export function textField(form, name, label, { help = null, slot = null, type = 'text', maxLength = 200, autocomplete = 'off' } = {}) {
  const control = h('input', { type, maxLength, autocomplete, name, oninput: () => form.set({ [name]: control.value }) });
  form.watch((value) => {
    if (control.value !== value[name]) control.value = value[name];
  });
  return field(label, control, { help, slot });
}

/** A choice between few values, shown as buttons in a row. */
export function segmented(label, options, value, onChange) {
  const name = uniqueId('choice');
  const inputs = Object.entries(options).map(([key, text]) => {
    const input = h('input', { type: 'radio', name, value: key, checked: key === value, onchange: () => onChange(key) });
    return h('label', {}, input, h('span', {}, text));
  });
  const element = h('fieldset', { class: 'segmented' }, h('legend', {}, label), h('div', {}, ...inputs));
  element.select = (key) => {
    for (const input of element.querySelectorAll('input')) input.checked = input.value === key;
  };
  return element;
}

/** A check box with its label. */
export function checkbox(label, checked, onChange, help = null) {
  const id = uniqueId('box');
  const input = h('input', { type: 'checkbox', id, checked, onchange: () => onChange(input.checked) });
  const note = help ? h('span', { class: 'help' }, help) : null;
  const element = h('label', { class: 'checkbox', htmlFor: id }, input, h('span', {}, label, note));
  element.input = input;
  return element;
}

/**
 * A slider with its value beside the label. Double-click, or the Home button of the value, sets it back.
 *
 * @param {{name: string, label: string, min: number, max: number, step: number, default: number}} control
 * @param {(value: number) => void} onInput
 */
export function slider(control, onInput, { format = (value) => value.toFixed(2), help = null } = {}) {
  const id = uniqueId(`slider-${control.name}`);
  const input = h('input', {
    type: 'range', id, min: control.min, max: control.max, step: control.step, value: control.default, title: help ?? '',
  });
  const shown = h('output', { htmlFor: id });
  const back = h('button', { type: 'button', class: 'reset', title: 'Set back', 'aria-label': `Set ${control.label} back` }, shown);
  const show = () => {
    const value = Number(input.value);
    const span = control.max - control.min;
    shown.textContent = format(value);
    input.setAttribute('aria-valuetext', format(value));
    const zero = (Math.min(Math.max(control.default, control.min), control.max) - control.min) / span;
    const here = (value - control.min) / span;
    input.style.setProperty('--from', `${Math.min(zero, here) * 100}%`);
    input.style.setProperty('--to', `${Math.max(zero, here) * 100}%`);
    element.classList.toggle('changed', value !== control.default);
  };
  const take = (value) => {
    input.value = value;
    show();
    onInput(Number(input.value));
  };
  const element = h('div', { class: 'slider', 'data-control': control.name }, h('label', { htmlFor: id }, control.label), back, input);
  input.addEventListener('input', () => take(input.value));
  input.addEventListener('dblclick', () => take(control.default));
  back.addEventListener('click', () => take(control.default));
  element.set = (value) => {
    input.value = value;
    show();
  };
  show();
  return element;
}
