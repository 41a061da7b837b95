// Building elements. Styles are set through the CSSOM, as the content security policy forbids style attributes.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Make an element.
 *
 * Attributes: `class`, `on…` listeners, `data-…` and `aria-…`; `style` is an object; everything that the element has
 * as a property is set as one (`value`, `checked`, `hidden`). null, undefined and false leave an attribute out.
 */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Make an SVG element; all attributes are set as attributes. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') for (const [key, item] of Object.entries(value)) element.style.setProperty(key, item);
    else if (element instanceof HTMLElement && name in element && !(name in PLAIN)) element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const PLAIN = { list: 1, form: 1, role: 1, width: 1, height: 1 };

const FOCUSABLE = 'a[href], button, input, select, textarea, summary, [tabindex]';

/** Replace what an element contains. If the focus is inside, it goes to what takes the same place. */
export function replace(element, ...children) {
  const place = element.contains(document.activeElement) ? [...element.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement) : -1;
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  if (place >= 0) element.querySelectorAll(FOCUSABLE)[place]?.focus({ preventScroll: true });
}

/** Return a function that calls `draw` only if its argument, plain JSON types, differs from the last one. */
export function onChange(draw) {
  let last;
  return (value) => {
    const text = JSON.stringify(value ?? null);
    if (text !== last) draw(value);
    last = text;
  };
}

let last = 0;

/** Return an id that no other element has. */
export function uniqueId(prefix = 'e') {
  last += 1;
  return `${prefix}-${last}`;
}

/** Return a value limited to a range. */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/** Call a function at most once per `wait` milliseconds of quiet. */
export function debounced(run, wait = 250) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...values), wait);
  };
}

/** Follow a pointer from `pointerdown` until it is released. */
export function followPointer(event, move, end = () => {}) {
  const target = event.currentTarget;
  target.setPointerCapture(event.pointerId);
  const finish = (last) => {
    target.removeEventListener('pointermove', move);
    target.removeEventListener('pointerup', finish);
    target.removeEventListener('pointercancel', finish);
    end(last);
  };
  target.addEventListener('pointermove', move);
  target.addEventListener('pointerup', finish);
  target.addEventListener('pointercancel', finish);
}
