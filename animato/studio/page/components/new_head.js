// The form that makes a head: photos, faces, a name, consent.

import { Problem, post } from '../api.js';
import { announce } from '../announce.js';
import { h, onChange, replace } from '../dom.js';
import { kept, put } from '../state.js';
import { stem } from '../words.js';
import { button, whileBusy } from './buttons.js';
import { CONSENT_FIELDS, consentForm, consentGap, consentOf } from './consent_form.js';
import { dropzone } from './dropzone.js';
import { facePicture } from './face_picture.js';
import { textField } from './fields.js';
import { editPoints } from './points_editor.js';
import { FormProblems, Slot } from './problem.js';
import { interruptedUploads, uploadInto } from './uploads.js';

const PLACE = 'photos';
const KEEP = 'animato.photos-of.'; // photos of a head that was made here, so that one can be added later

export const form = kept('new-head', { ...CONSENT_FIELDS, photos: [], name: '' });

/** Return the photos from which a head was made on this browser, or null. */
export const photosOf = (head) => JSON.parse(localStorage.getItem(KEEP + head) ?? 'null');

/** Start a new head from the photos of another one. */
export function startFrom(head) {
  form.set(photosOf(head.id));
}

function chosenFace(photos) {
  const wanted = new Set(photos.filter((photo) => photo.faces.length > 1).map((photo) => (photo.face === photo.largest ? 'largest' : String(photo.face))));
  if (wanted.size > 1) {
    throw new Problem({
      what: 'different faces are chosen in these photos',
      hint: 'choose the face at the same place from the left in each of them, or crop the photos to one person',
      field: 'photos',
    });
  }
  return [...wanted][0] ?? 'largest';
}

const area = (face) => face.box[2] * face.box[3];

async function facesOf(file, name) {
  const found = await post('/faces', { photo: file.id });
  const largest = found.faces.toSorted((a, b) => area(b) - area(a))[0]?.index ?? 0;
  return { file: file.id, name, ...found, face: largest, largest, points: null };
}

/** Return the form. @param {(head: object) => void} onMade */
export function newHead(onMade) {
  const consent = consentForm(form);
  const photoSlot = new Slot();
  const nameSlot = new Slot();
  const problems = new FormProblems({ '': new Slot(), photos: photoSlot, face: photoSlot, points: photoSlot, name: nameSlot, ...consent.slots });
  const tiles = h('ul', { class: 'tiles' });
  const uploading = h('div', { class: 'stack' });
  const make = button('Agree and make the head', submit, { kind: 'primary', 'data-tour': 'make', 'data-action': 'make-head' });
  const rest = h(
    'div',
    { class: 'stack' },
    textField(form, 'name', 'Name', { maxLength: 100, slot: nameSlot }),
    consent.element,
    problems.slots[''].element,
    h('div', { class: 'row end' }, button('Start over', () => form.reset(), { kind: 'quiet' }), make),
  );
  const zone = dropzone('Drop photos of one face', 'or click to choose. One is enough; a photo from each side is better.', add, {
    accept: 'image/jpeg,image/png,image/webp', multiple: true,
  });

  async function add(files) {
    photoSlot.clear();
    for (const file of files) await addOne(file);
  }

  async function addOne(file) {
    try {
      const uploaded = await uploadInto(file, file.name, PLACE, uploading);
      const looking = h('p', { class: 'uploading' }, `Looking for faces in ${file.name}…`);
      uploading.append(looking);
      const photo = await facesOf(uploaded, file.name).finally(() => looking.remove());
      const { photos, name } = form.get();
      form.set({ photos: [...photos, photo], name: name || stem(file.name) });
      announce(`${photo.faces.length} faces found in ${file.name}`);
    } catch (problem) {
      photoSlot.show(problem);
    }
  }

  const change = (file, changes) =>
    form.set({ photos: form.get().photos.map((photo) => (photo.file === file ? { ...photo, ...changes } : photo)) });

  function tile(photo) {
    const note = photo.points ? 'Points placed by hand'
      : photo.faces.length === 0 ? 'No face found. Place the points by hand.'
        : photo.faces.length > 1 ? `${photo.faces.length} faces found. Choose one.` : 'Face found';
    const correct = async () => {
      const points = await editPoints(photo);
      if (points) change(photo.file, { points: points === 'found' ? null : points });
    };
    const discard = () => form.set({ photos: form.get().photos.filter((other) => other.file !== photo.file) });
    return h(
      'li',
      { class: 'tile', 'data-photo': photo.name },
      facePicture(photo, (face) => change(photo.file, { face, points: null })),
      h('p', { class: photo.faces.length === 0 && !photo.points ? 'help warn' : 'help' }, note),
      h(
        'div',
        { class: 'row' },
        button('Correct points', correct, { kind: 'quiet small', symbol: 'points' }),
        button('', discard, { kind: 'quiet small', symbol: 'close', label: `Remove ${photo.name}` }),
      ),
    );
  }

  async function submit() {
    problems.clear();
    const value = form.get();
    try {
      const gap = consentGap(value);
      if (gap) throw new Problem(gap);
      const placed = value.photos.filter((photo) => photo.points);
      const request = { photos: value.photos.map((photo) => photo.file), face: chosenFace(value.photos), consent: consentOf(value) };
      if (value.name.trim()) request.name = value.name.trim();
      if (placed.length) request.points = Object.fromEntries(placed.map((photo) => [photo.file, photo.points]));
      const head = await whileBusy(make, 'Making the head…', () => post('/heads', request));
      localStorage.setItem(KEEP + head.id, JSON.stringify(value));
      put('heads', head);
      form.reset();
      announce(`${head.name} is ready`);
      onMade(head);
    } catch (problem) {
      problems.show(problem);
    }
  }

  const drawTiles = onChange((photos) => replace(tiles, photos.map(tile)));
  form.watch((value) => {
    drawTiles(value.photos);
    rest.hidden = value.photos.length === 0;
    zone.classList.toggle('has-photos', value.photos.length > 0);
  });
  const element = h('div', { class: 'card stack new-head', 'data-tour': 'photos' }, h('h2', {}, 'New head'), zone, uploading, photoSlot.element, tiles, rest);
  const interrupted = interruptedUploads(PLACE);
  if (interrupted) photoSlot.show(interrupted);
  return { element, add };
}
