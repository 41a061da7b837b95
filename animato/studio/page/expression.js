// Arithmetic of expressions: controls by name; those left out are at rest.

import { clamp } from './dom.js';
import { list } from './state.js';

/** Limit a value to the range of its control. */
export function limited(name, value) {
  const control = list('controls').find((item) => item.name === name);
  return control ? clamp(value, control.min, control.max) : value;
}

/** Return controls with changes added, each within its range. */
export function added(controls, changes, share = 1) {
  const sum = { ...controls };
  for (const [name, change] of Object.entries(changes)) sum[name] = limited(name, (sum[name] ?? rest(name)) + change * share);
  return sum;
}

/** Return the value of a control at rest. */
export const rest = (name) => list('controls').find((item) => item.name === name)?.default ?? 0;

/** Return only what is not at rest. */
export function moved(controls) {
  return Object.fromEntries(Object.entries(controls).filter(([name, value]) => value !== rest(name)));
}

/** "Smile 40 %, Turn 12°": what an expression consists of. */
export function described(controls) {
  const parts = list('controls')
    .filter(({ name, default: none }) => (controls[name] ?? none) !== none)
    .map(({ name, label, min, max }) => `${label} ${max - min > 5 ? `${Math.round(controls[name])}°` : `${Math.round(controls[name] * 100)} %`}`);
  return parts.join(', ') || 'At rest';
}

const EASES = {
  smooth: (t) => t * t * (3 - 2 * t),
  linear: (t) => t,
  in: (t) => t * t,
  out: (t) => 1 - (1 - t) ** 2,
  hold: () => 0,
};

/** Return the controls between two key frames, as the studio interpolates them. */
export function between(keyframes, time) {
  if (!keyframes.length) return {};
  const after = keyframes.findIndex((frame) => frame.time > time);
  if (after === 0) return keyframes[0].controls;
  if (after < 0) return keyframes.at(-1).controls;
  const [first, second] = [keyframes[after - 1], keyframes[after]];
  const share = (EASES[second.ease] ?? EASES.smooth)((time - first.time) / (second.time - first.time));
  const names = new Set([...Object.keys(first.controls), ...Object.keys(second.controls)]);
  return Object.fromEntries(
    [...names].map((name) => {
      const [from, to] = [first.controls[name] ?? rest(name), second.controls[name] ?? rest(name)];
      return [name, from + (to - from) * share];
    }),
  );
}

/** The control that belongs to the render and not to the movement. */
export const NEUTRALISE = 'neutralise';

/** Return controls without the one that is no movement. */
export function movement(controls) {
  const { [NEUTRALISE]: _left, ...others } = controls;
  return moved(others);
}
