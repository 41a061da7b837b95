// Buttons, and dialogs that ask before something is lost.

import { h, uniqueId } from '../dom.js';
import { icon } from '../icons.js';

/** A button. `kind`: "primary", "quiet", "danger" or "" for the ordinary one. */
export function button(text, onClick, { kind = '', symbol = null, label = null, ...rest } = {}) {
  return h(
    'button',
    { type: 'button', class: `button ${kind}`, onclick: onClick, 'aria-label': label, title: text ? null : label, ...rest },
    symbol ? icon(symbol) : null,
    text ? h('span', {}, text) : null,
  );
}

/** A link that looks like a button. */
export function linkButton(text, href, { kind = '', symbol = null, ...rest } = {}) {
  return h('a', { class: `button ${kind}`, href, ...rest }, symbol ? icon(symbol) : null, h('span', {}, text));
}

/** Run something while a button is disabled and says so. */
export async function whileBusy(element, text, run) {
  const span = element.querySelector('span');
  const before = span.textContent;
  element.disabled = true;
  element.setAttribute('aria-busy', 'true');
  span.textContent = text;
  try {
    return await run();
  } finally {
    element.disabled = false;
    element.removeAttribute('aria-busy');
    span.textContent = before;
  }
}

/** Show a dialog; resolves with the value of the button that closed it. */
export function dialog(title, content, actions, { wide = false } = {}) {
  return new Promise((resolve) => {
    const id = uniqueId('dialog');
    const close = (value) => {
      element.close();
      element.remove();
      resolve(value);
    };
    const buttons = actions.map(({ text, value, kind = '' }) => button(text, () => close(value), { kind }));
    const element = h(
      'dialog',
      { class: wide ? 'wide' : '', 'aria-labelledby': id },
      h('h2', { id }, title),
      content,
      h('div', { class: 'row end' }, ...buttons),
    );
    element.addEventListener('cancel', (event) => {
      event.preventDefault();
      close(null);
    });
    document.body.append(element);
    element.showModal();
  });
}

/** Ask before something is deleted. */
export async function confirmed(title, text, action) {
  const actions = [{ text: 'Keep', value: false }, { text: action, value: true, kind: 'danger' }];
  return (await dialog(title, h('p', {}, text), actions)) === true;
}
