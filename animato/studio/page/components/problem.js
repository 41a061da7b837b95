// Errors as the library's sentences, beside the field they belong to.

import { h, replace } from '../dom.js';
import { sentence } from '../words.js';

/** Turn `names` in backticks into code. */
export function withCode(text) {
  return text.split('`').map((part, index) => (index % 2 ? h('code', {}, part) : part));
}

/** Return an element with the sentences of a problem. */
export function problemNote(problem) {
  return h(
    'div',
    { class: 'problem', role: 'alert', 'data-code': problem.code ?? 'unknown' },
    h('p', {}, ...withCode(sentence(problem.what ?? problem.message ?? String(problem)))),
    problem.where ? h('p', { class: 'muted' }, ...withCode(problem.where)) : null,
    problem.hint ? h('p', {}, 'Try: ', ...withCode(problem.hint)) : null,
  );
}

/** Place for the errors of one field. */
export class Slot {
  /** @param {HTMLElement | null} control marked as invalid while there is an error */
  constructor(control = null) {
    this.element = h('div', { class: 'slot' });
    this.control = control;
  }

  show(problem) {
    replace(this.element, problemNote(problem));
    this.control?.setAttribute('aria-invalid', 'true');
    this.element.scrollIntoView({ block: 'nearest' });
  }

  clear() {
    replace(this.element);
    this.control?.removeAttribute('aria-invalid');
  }
}

/** Errors of a form: each goes to the slot of its field, else to the slot named "". */
export class FormProblems {
  /** @param {Record<string, Slot>} slots by request field, such as "consent" or "settings.start" */
  constructor(slots) {
    this.slots = slots;
  }

  show(problem) {
    this.clear();
    let field = problem.field ?? '';
    while (field && !(field in this.slots)) field = field.includes('.') ? field.slice(0, field.lastIndexOf('.')) : '';
    this.slots[field].show(problem);
  }

  clear() {
    for (const slot of Object.values(this.slots)) slot.clear();
  }
}
