// Live: the camera drives a head. Uses the browser's own camera; the studio answers with finished frames.

import { closeCamera, openCamera } from '../camera.js';
import { socketUrl } from '../api.js';
import { h, replace } from '../dom.js';
import { Meter, parseFrame } from '../frames.js';
import { kept, list, watch } from '../state.js';
import { button } from '../components/buttons.js';
import { headPicker } from '../components/head_picker.js';
import { problemNote, Slot } from '../components/problem.js';

export const title = 'Live';

const form = kept('live', { head: null });
const QUALITY = 0.85;

let session = null;

/** Sends camera frames and shows what comes back; a camera frame is sent when the one before was answered. */
class LiveSession {
  constructor(head, video, { onFrame, onProblem }) {
    Object.assign(this, { video, onFrame, onProblem });
    this.canvas = new OffscreenCanvas(1, 1);
    this.socket = new WebSocket(socketUrl(`/live?head=${head}`));
    this.socket.binaryType = 'arraybuffer';
    this.socket.addEventListener('open', () => this.send());
    this.socket.addEventListener('message', (event) => this.take(event.data));
  }

  async send() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (!width) {
      requestAnimationFrame(() => this.send());
      return;
    }
    [this.canvas.width, this.canvas.height] = [width, height];
    this.canvas.getContext('2d').drawImage(this.video, 0, 0);
    const picture = await this.canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(picture);
  }

  async take(data) {
    if (typeof data === 'string') {
      const { error } = JSON.parse(data);
      if (error) this.onProblem(error);
      return;
    }
    this.send();
    const { picture } = parseFrame(data);
    const bitmap = await createImageBitmap(picture);
    this.onFrame(bitmap);
    bitmap.close();
  }

  close() {
    this.socket.close();
  }
}

export function build(root) {
  const place = h('div', { class: 'stack' });
  root.append(place);
  watch('status', (status) => {
    if (!status) return;
    replace(place, status.live ? working() : h('div', { class: 'empty' }, h('p', {}, 'Live is not part of this studio yet.'), h('p', { class: 'muted' }, 'Your camera will drive a head here, in calls and streams. Until then, record your camera as a driver under Animate.')));
  });
}

function working() {
  const slot = new Slot();
  const picker = headPicker(() => form.get().head, (head) => form.set({ head }));
  const canvas = h('canvas', { role: 'img', 'aria-label': 'The animated head' });
  const camera = h('video', { muted: true, playsInline: true, 'aria-label': 'Camera' });
  const rate = h('output', { class: 'rate', 'aria-label': 'Frames per second' });
  const stage = h('div', { class: 'stage live', 'data-fps': '0' }, canvas, camera, rate);
  const start = button('Start the camera', () => (session ? stop() : open()), { kind: 'primary', symbol: 'live', 'data-action': 'live' });
  const label = start.querySelector('span');

  async function open() {
    slot.clear();
    try {
      const stream = await openCamera(false);
      camera.srcObject = stream;
      await camera.play();
      const meter = new Meter();
      session = new LiveSession(form.get().head ?? list('heads')[0]?.id, camera, {
        onFrame(bitmap) {
          [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
          canvas.getContext('2d').drawImage(bitmap, 0, 0);
          stage.dataset.fps = meter.tick().toFixed(1);
          rate.textContent = `${Math.round(stage.dataset.fps)} fps`;
        },
        onProblem: (problem) => replace(slot.element, problemNote(problem)),
      });
      session.stop = stop;
      label.textContent = 'Stop';
    } catch (problem) {
      slot.show(problem);
    }
  }

  function stop() {
    session?.close();
    session = null;
    closeCamera(camera.srcObject);
    camera.srcObject = null;
    label.textContent = 'Start the camera';
  }

  form.watch(() => picker.draw());
  return [picker.element, stage, h('div', { class: 'row' }, start), slot.element];
}

export function leave() {
  session?.stop();
}
