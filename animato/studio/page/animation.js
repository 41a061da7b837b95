// The form of the Animate view, which other views fill as well.

import { kept, put } from './state.js';

export const STRENGTHS = [
  { name: 'pose', label: 'Head', max: 2, default: 1 },
  { name: 'mouth', label: 'Mouth', max: 2, default: 1 },
  { name: 'eyes', label: 'Eyes', max: 2, default: 1 },
  { name: 'brows', label: 'Brows', max: 2, default: 1 },
  { name: 'residual_flow', label: 'Hair and shoulders', max: 1.5, default: 1 },
  { name: 'neutralise', label: "Remove the photo's expression", max: 1, default: 0.5 },
  { name: 'smooth', label: 'Smoothing', max: 1, default: 0.5 },
];

/** Settings whose value is the same as if they were not sent. */
const AT_REST = {
  ...Object.fromEntries(STRENGTHS.map((item) => [item.name, item.default])),
  start: 0, end: null, neutral: null, driver_face: 'largest', frame: 'photo', motion: 'relative', turn: 'eased', sound: true, label: '',
};

export const form = kept('animate', {
  head: null, driver: 'talk', offset: null, settings: AT_REST, format: 'mp4', audio: null, job: null,
});

/** Change some settings. */
export const setSettings = (changes) => form.set({ settings: { ...form.get().settings, ...changes } });

/** Lay an expression over the driver. */
export function setOffset(controls, head) {
  form.set({ offset: Object.keys(controls).length ? controls : null, head });
}

/** Choose a driver; stretch, face and neutral frame belonged to the one before. */
export function setDriver(driver) {
  if (driver === form.get().driver) return;
  const { start, end, neutral, driver_face } = AT_REST;
  form.set({ driver, settings: { ...form.get().settings, start, end, neutral, driver_face } });
}

/** Show a job in the Animate view. */
export function followJob(job) {
  put('jobs', job);
  form.set({ job: job.id });
}

/** Return the request of a job. @param {"animate" | "preview"} kind */
export function jobRequest(kind) {
  const { head, driver, offset, settings, format, audio } = form.get();
  const chosen = Object.fromEntries(Object.entries(settings).filter(([name, value]) => value !== AT_REST[name]));
  if (chosen.label?.startsWith('none:')) {
    chosen.no_label = chosen.label.slice('none:'.length);
    delete chosen.label;
  }
  if (audio && settings.sound) chosen.audio = audio.id;
  const request = { kind, head, driver, settings: chosen, format: kind === 'preview' ? 'mp4' : format };
  if (offset) request.offset = offset;
  return request;
}
