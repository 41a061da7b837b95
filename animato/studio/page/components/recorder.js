// Record a driver with the browser's camera. Nothing leaves the computer.

import { closeCamera, openCamera } from '../camera.js';
import { h } from '../dom.js';
import { seconds } from '../words.js';
import { button } from './buttons.js';
import { checkbox } from './fields.js';
import { Slot } from './problem.js';

const TYPES = ['video/webm;codecs=vp9,opus', 'video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'];
const MAX_SECONDS = 120;

/** @param {(recording: Blob) => void} onRecorded */
export function recorder(onRecorded) {
  const slot = new Slot();
  const video = h('video', { muted: true, playsInline: true, 'aria-label': 'Camera' });
  const clock = h('output', { class: 'clock' });
  let stream = null;
  let recording = null;
  let timer = 0;
  let sound = false;

  const openButton = button('Record with the camera', open, { symbol: 'record', 'data-action': 'open-camera' });
  const start = button('Start', toggle, { kind: 'primary', symbol: 'record', 'data-action': 'record' });
  const cancel = button('Close', close, { kind: 'quiet' });
  const withSound = checkbox('With sound', false, async (value) => {
    sound = value;
    closeCamera(stream);
    await open();
  });
  const hint = h('p', { class: 'help' }, 'Begin with a relaxed face, eyes open and mouth closed.');
  const panel = h('div', { class: 'camera stack', hidden: true }, video, hint, h('div', { class: 'row' }, start, clock, withSound, cancel));

  async function open() {
    slot.clear();
    try {
      stream = await openCamera(sound);
    } catch (problem) {
      slot.show(problem);
      return;
    }
    video.srcObject = stream;
    video.play();
    panel.hidden = false;
    openButton.hidden = true;
  }

  function close() {
    clearInterval(timer);
    const current = recording;
    recording = null;
    if (current?.state === 'recording') current.stop();
    closeCamera(stream);
    panel.hidden = true;
    openButton.hidden = false;
    openButton.focus();
  }

  function toggle() {
    if (recording?.state === 'recording') recording.stop();
    else record();
  }

  function record() {
    const parts = [];
    const current = new MediaRecorder(stream, { mimeType: TYPES.find((type) => MediaRecorder.isTypeSupported(type)), videoBitsPerSecond: 4e6 });
    recording = current;
    const began = performance.now();
    current.addEventListener('dataavailable', (event) => event.data.size && parts.push(event.data));
    current.addEventListener('stop', () => {
      const wanted = recording === current; // closing discards it
      start.querySelector('span').textContent = 'Start';
      clock.textContent = '';
      if (!wanted) return;
      close();
      onRecorded(new Blob(parts, { type: current.mimeType }));
    });
    current.start();
    start.querySelector('span').textContent = 'Stop';
    timer = setInterval(() => {
      const passed = (performance.now() - began) / 1000;
      clock.textContent = seconds(passed);
      if (passed >= MAX_SECONDS) current.stop();
    }, 100);
  }

  return h('div', { class: 'recorder stack' }, openButton, panel, slot.element);
}
