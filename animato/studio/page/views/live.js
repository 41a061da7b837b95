// Live: the camera drives a head. Uses the browser's own camera; the studio answers with finished frames.

import { contentUrl, Problem } from '../api.js';
import { closeCamera, openCamera } from '../camera.js';
import { h, replace } from '../dom.js';
import { Meter } from '../frames.js';
import { find, kept, list, put } from '../state.js';
import { announce } from '../announce.js';
import { button, linkButton } from '../components/buttons.js';
import { headPicker } from '../components/head_picker.js';
import { LiveSession } from '../components/live_session.js';
import { Slot } from '../components/problem.js';

export const title = 'Live';

const form = kept('live', { head: null });

const UNPLUGGED = { what: 'the camera stopped', hint: 'plug it in again, or close the program that took it; until then the head rests', code: 'camera' };
const CLOSED = { what: 'the studio does not answer', hint: 'start `animato studio` again; this page goes on by itself', code: 'offline' };

let view = null;

class LiveView {
  constructor() {
    this.session = null;
    this.recording = false;
    this.slot = new Slot();
    this.picker = headPicker(() => this.head, (head) => this.choose(head));
    this.canvas = h('canvas', { role: 'img', 'aria-label': 'The animated head' });
    this.video = h('video', { muted: true, playsInline: true, 'aria-label': 'Camera' });
    this.rate = h('output', { class: 'rate', 'aria-label': 'Frames per second' });
    this.state = h('div', { class: 'stage-state', role: 'status' });
    this.stage = h('div', { class: 'stage live', 'data-fps': '0', 'data-state': 'closed' }, this.canvas, this.video, this.rate, this.state);
    this.start = button('Start the camera', () => (this.session ? this.stop() : this.open()), { kind: 'primary', symbol: 'live', 'data-action': 'live' });
    this.record = button('Record', () => this.toggleRecording(), { symbol: 'record', 'data-action': 'record-live' });
    const command = (text, name) => button(text, () => this.session?.tell({ do: name }), { kind: 'quiet', 'data-action': name });
    this.tools = h(
      'div', { class: 'row', hidden: true },
      this.record, command('Neutral now', 'calibrate'), command('Mirror', 'mirror'), command('Rest', 'hide'),
    );
    this.figures = h('p', { class: 'muted figures' }, 'Sit as you look when at rest. The picture of the camera stays on this computer.');
    this.saved = h('div', { class: 'row' });
    form.watch(() => this.picker.draw());
    navigator.mediaDevices?.addEventListener('devicechange', () => this.cameraLost && this.openCamera());
  }

  get element() {
    const row = h('div', { class: 'row' }, this.start, this.tools);
    return h('div', { class: 'stack' }, this.picker.element, this.stage, row, this.figures, this.saved, this.slot.element);
  }

  get head() {
    return find('heads', form.get().head)?.id ?? list('heads')[0]?.id ?? null;
  }

  choose(head) {
    form.set({ head });
    if (this.session) this.openSession();
  }

  async open() {
    this.slot.clear();
    if (!this.head) {
      this.slot.show(new Problem({ what: 'there is no head yet', hint: 'make one from a photo, under Head', code: 'head' }));
      return;
    }
    this.start.disabled = true;
    if (await this.openCamera()) this.openSession();
    this.start.disabled = false;
  }

  /** Open the camera and return whether that worked; if not, the sentence is shown. */
  async openCamera() {
    try {
      const stream = await openCamera(false);
      closeCamera(this.video.srcObject);
      this.video.srcObject = stream;
      const [track] = stream.getVideoTracks();
      track.addEventListener('ended', () => this.loseCamera(track));
      await this.video.play();
      this.cameraLost = false;
      this.slot.clear();
      return true;
    } catch (problem) {
      this.slot.show(problem);
      return false;
    }
  }

  loseCamera(track) {
    if (!this.session || this.video.srcObject?.getVideoTracks()[0] !== track) return;
    this.cameraLost = true; // until a device appears
    this.slot.show(UNPLUGGED);
  }

  openSession() {
    this.session?.close();
    const meter = new Meter();
    const session = new LiveSession(this.head, this.video, {
      onFrame: (bitmap, header) => session === this.session && this.show(bitmap, header, session, meter),
      onMessage: (message) => this.take(message),
      onState: (state) => this.showState(state),
    });
    this.session = session;
    this.start.querySelector('span').textContent = 'Stop';
    this.tools.hidden = false;
  }

  toggleRecording() {
    if (!this.session) return;
    this.record.disabled = true; // until it is answered
    this.session.tell({ record: !this.recording });
  }

  show(bitmap, header, session, meter) {
    [this.canvas.width, this.canvas.height] = [bitmap.width, bitmap.height];
    this.canvas.getContext('2d').drawImage(bitmap, 0, 0);
    const fps = meter.tick();
    const dropped = session.dropped(header);
    Object.assign(this.stage.dataset, { fps: fps.toFixed(1), frames: meter.total, dropped, ms: header.ms });
    this.rate.textContent = `${Math.round(fps)} fps`;
    const facts = [`${Math.round(header.ms)} ms of rendering`, `${dropped} frames of the camera left out`];
    if (header.level) facts.push('quality lowered');
    this.figures.textContent = facts.join(', ');
  }

  showState(state) {
    this.stage.dataset.state = state;
    this.state.textContent = state === 'opening' ? 'Preparing the head…' : '';
    if (state === 'closed') this.slot.show(CLOSED);
    else if (state === 'live' && !this.cameraLost) this.slot.clear();
    else if (state === 'refused') this.stop();
    if (state !== 'live') this.showRecording(false);
  }

  take({ error, recording, recorded }) {
    this.record.disabled = false;
    if (error) this.slot.show(error);
    if (recording) this.showRecording(true);
    if (!recorded) return;
    this.showRecording(false);
    put('results', recorded);
    announce('The recording is finished');
    replace(
      this.saved,
      h('span', {}, `Recorded: ${recorded.name}`),
      linkButton('Download', contentUrl('results', recorded.id), { symbol: 'download', download: '', 'data-action': 'download-live' }),
      linkButton('Results', `#/results?id=${recorded.id}`, { kind: 'quiet' }),
    );
  }

  showRecording(on) {
    this.recording = on;
    this.record.disabled = false;
    this.record.querySelector('span').textContent = on ? 'Stop recording' : 'Record';
    this.record.setAttribute('aria-pressed', String(on));
  }

  stop() {
    if (this.recording) this.session?.finish();
    else this.session?.close();
    this.session = null;
    this.cameraLost = false;
    closeCamera(this.video.srcObject);
    this.video.srcObject = null;
    this.start.querySelector('span').textContent = 'Start the camera';
    this.tools.hidden = true;
    this.stage.dataset.state = 'closed';
    this.showRecording(false);
  }
}

export function build(root) {
  view = new LiveView();
  root.append(view.element);
}

export function leave() {
  view.stop();
}
