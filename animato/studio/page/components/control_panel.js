// The sliders of the expression editor, in the groups that the studio names.

import { h, replace } from '../dom.js';
import { watch } from '../state.js';
import { slider } from './fields.js';

const isAngle = (control) => control.max - control.min > 5;

const format = (control) => (value) => (isAngle(control) ? `${value.toFixed(0)}°` : `${Math.round(value * 100)} %`);

/** @param {(name: string, value: number) => void} onInput */
export function controlPanel(onInput) {
  const sliders = new Map();
  const element = h('div', { class: 'control-panel' });
  let values = {};
  const show = (next) => {
    values = next;
    for (const [name, item] of sliders) item.set(values[name] ?? item.control.default);
  };
  watch('controls', (controls) => {
    sliders.clear();
    const groups = Map.groupBy(controls, (control) => control.group);
    for (const control of controls) {
      const item = slider(control, (value) => onInput(control.name, value), { format: format(control), help: control.help });
      item.control = control;
      sliders.set(control.name, item);
    }
    replace(
      element,
      [...groups].map(([group, members]) =>
        h('fieldset', { class: 'group' }, h('legend', {}, group), ...members.map((control) => sliders.get(control.name))),
      ),
    );
    show(values);
  });
  return { element, show };
}
