// Animate: a head, a driver, how; then a preview or the video.

import { Problem, post } from '../api.js';
import { followJob, form, jobRequest, setDriver, setSettings, STRENGTHS } from '../animation.js';
import { described } from '../expression.js';
import { h, replace } from '../dom.js';
import { find, isLoaded, list, watch } from '../state.js';
import { button, whileBusy } from '../components/buttons.js';
import { driverFace } from '../components/driver_face.js';
import { driverPicker } from '../components/driver_picker.js';
import { field, segmented, slider } from '../components/fields.js';
import { filmstrip } from '../components/filmstrip.js';
import { headPicker } from '../components/head_picker.js';
import { FormProblems, Slot } from '../components/problem.js';
import { dropzone } from '../components/dropzone.js';
import { runPanel } from '../components/run_panel.js';
import { uploadInto } from '../components/uploads.js';

export const title = 'Animate';

const LABELS = {
  '': 'Automatic',
  'bottom-right': 'Bottom right',
  'bottom-left': 'Bottom left',
  'top-right': 'Top right',
  'top-left': 'Top left',
  'none:private': 'None: private use',
  'none:art': 'None: evidently art, satire or fiction',
  'none:labelled-elsewhere': 'None: labelled where it is shown',
};

let heads = null;
let drivers = null;

function strengths(slots) {
  const sliders = STRENGTHS.map((item) => {
    const control = { ...item, min: 0, step: 0.05 };
    const element = slider(control, (value) => setSettings({ [item.name]: value }), { format: (value) => `${Math.round(value * 100)} %` });
    slots[`settings.${item.name}`] = new Slot();
    return [item.name, element, h('div', {}, element, slots[`settings.${item.name}`].element)];
  });
  form.watch(({ settings }) => {
    for (const [name, element] of sliders) element.set(settings[name]);
  });
  return h('div', { class: 'strengths' }, ...sliders.map(([, , row]) => row));
}

function choice(name, label, options) {
  const element = segmented(label, options, form.get().settings[name], (value) => setSettings({ [name]: value }));
  form.watch(({ settings }) => element.select(settings[name]));
  return element;
}

function options(slots) {
  const format = segmented('File', { mp4: 'MP4', webm: 'WebM', gif: 'GIF' }, form.get().format, (value) => form.set({ format: value }));
  const label = h('select', { onchange: () => setSettings({ label: label.value }) }, ...Object.entries(LABELS).map(([value, text]) => h('option', { value }, text)));
  form.watch((value) => {
    format.select(value.format);
    label.value = value.settings.label;
  });
  slots['settings.label'] = slots['settings.no_label'] = new Slot(label);
  return h(
    'div',
    { class: 'options' },
    choice('frame', 'Picture', { photo: 'Whole photo', crop: 'Head only' }),
    format,
    choice('motion', 'Motion', { relative: 'Added to the photo', absolute: 'As the driver' }),
    choice('turn', 'Wide turns', { eased: 'Eased', free: 'As they are' }),
    soundOptions(slots),
    field('Visible label', label, { help: 'Videos of real people are labelled as AI-generated.', slot: slots['settings.label'] }),
  );
}

function soundOptions(slots) {
  const slot = new Slot();
  slots['settings.audio'] = slots['settings.sound'] = slot;
  const progress = h('div', {});
  const own = h('p', { class: 'muted' });
  const state = () => (!form.get().settings.sound ? 'none' : form.get().audio ? 'file' : 'driver');
  const zone = dropzone('Add a sound file', 'WAV, MP3, M4A, FLAC or Ogg', async ([file]) => {
    slot.clear();
    try {
      const uploaded = await uploadInto(file, file.name, 'audio', progress);
      form.set({ audio: { id: uploaded.id, name: file.name } });
    } catch (problem) {
      slot.show(problem);
    }
  }, { accept: 'audio/*', compact: true });
  let wanted = state();
  const picker = segmented('Sound', { driver: "The driver's", file: 'A file', none: 'None' }, wanted, (value) => {
    wanted = value;
    setSettings({ sound: value !== 'none' });
    if (value !== 'file') form.set({ audio: null });
    show();
  });
  const show = () => {
    zone.hidden = wanted !== 'file';
    own.hidden = wanted !== 'file' || !form.get().audio;
    own.textContent = form.get().audio?.name ?? '';
  };
  form.watch(show);
  return h('div', { class: 'stack tight' }, picker, own, zone, progress, slot.element);
}

function offsetChip() {
  const element = h('div', { class: 'chip-row' });
  const draw = () => {
    const { offset } = form.get();
    element.hidden = !offset;
    if (offset) {
      replace(element, h('p', {}, h('strong', {}, 'Expression on top: '), described(offset)),
        button('', () => form.set({ offset: null }), { kind: 'quiet small', symbol: 'close', label: 'Remove the expression' }));
    }
  };
  form.watch(draw);
  watch('controls', draw);
  return element;
}

async function run(kind, element, problems) {
  problems.clear();
  try {
    if (!form.get().head) throw new Problem({ what: 'choose a head', field: 'head' });
    if (!form.get().driver) throw new Problem({ what: 'choose a driver', field: 'driver' });
    followJob(await whileBusy(element, 'Starting…', () => post('/jobs', jobRequest(kind))));
    document.querySelector('.run-panel').scrollIntoView({ block: 'nearest' });
  } catch (problem) {
    problems.show(problem);
  }
}

function card(heading, ...content) {
  return h('section', { class: 'card stack' }, h('h2', {}, heading), ...content);
}

export function build(root) {
  const slots = { '': new Slot(), head: new Slot(), driver: new Slot(), settings: new Slot(), offset: new Slot() };
  for (const name of ['start', 'end', 'neutral', 'driver_face']) slots[`settings.${name}`] = slots.settings;
  heads = headPicker(() => form.get().head, (head) => form.set({ head }));
  drivers = driverPicker(() => form.get().driver, setDriver, slots.driver);
  const face = driverFace();
  const strip = filmstrip((time) => face.seek(time));
  const howCard = card('Strength', strengths(slots));
  const optionsCard = h('details', { class: 'card more' }, h('summary', {}, 'Picture, sound and label'), options(slots));
  const problems = new FormProblems(slots);
  const preview = button('Preview', () => run('preview', preview, problems), { symbol: 'play', 'data-action': 'preview' });
  const make = button('Make the video', () => run('animate', make, problems), { kind: 'primary', symbol: 'animate', 'data-action': 'render', 'data-tour': 'render' });
  root.append(
    h(
      'div',
      { class: 'columns animate' },
      h(
        'div',
        { class: 'main-column stack' },
        card('Head', heads.element, slots.head.element),
        h('section', { class: 'card stack', 'data-tour': 'driver' }, h('h2', {}, 'Driver'), drivers.element, strip.element, face.element, slots.settings.element),
        h('div', { class: 'stack' }, offsetChip(), slots.offset.element),
        howCard,
        optionsCard,
      ),
      h(
        'aside',
        { class: 'side-column wide stack', 'aria-label': 'Result' },
        h('div', { class: 'card stack' }, h('div', { class: 'row actions' }, preview, make), slots[''].element, runPanel()),
      ),
    ),
  );
  const showDriver = () => {
    const driver = find('drivers', form.get().driver);
    strip.show(driver, form.get().settings);
    face.show(driver, form.get().settings);
  };
  form.watch(() => {
    heads.draw();
    drivers.draw();
    showDriver();
  });
  watch('drivers', showDriver);
  watch('heads', chooseHead);
}

function chooseHead() {
  const { head } = form.get();
  if (!isLoaded('heads') || find('heads', head)) return;
  const first = list('heads')[0]?.id ?? null;
  if (first !== head) form.set({ head: first });
}

export function enter({ head, driver }) {
  if (head) form.set({ head });
  if (driver) setDriver(driver);
}
