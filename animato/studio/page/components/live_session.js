// One live session: camera frames out, one at a time; finished frames in.

import { socketUrl } from '../api.js';
import { parseFrame } from '../frames.js';

const QUALITY = 0.85;
const SILENT_MS = 2000; // after which a frame that was not tracked counts as lost
const HIDDEN_MS = 100; // between two frames of a page that is not seen, for which the browser reports no camera frames
const RETRY_MS = 1000;
const REFUSED = 1008;

export class LiveSession {
  /**
   * @param {string} head id
   * @param {HTMLVideoElement} video plays the camera
   * @param {{onFrame: (bitmap: ImageBitmap, header: object) => void, onMessage: (message: object) => void, onState: (state: string) => void}} to
   *   `onMessage` gets `opened`, `tracked`, `done`, `recording`, `recorded` and `error`; `onState` gets "opening", "live", "closed", "refused"
   */
  constructor(head, video, to) {
    Object.assign(this, { head, video, to });
    this.canvas = new OffscreenCanvas(1, 1);
    this.camera = { shown: 0, skipped: 0, isNew: false };
    Object.assign(this, { ended: false, isFinishing: false });
    this.watchCamera();
    this.open();
  }

  open() {
    this.to.onState('opening');
    Object.assign(this, { isWaiting: false, encoding: false, sentAt: 0, shown: 0 });
    const socket = new WebSocket(socketUrl(`/live?head=${this.head}`));
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', (event) => this.take(event.data));
    socket.addEventListener('close', (event) => {
      if (this.ended || socket !== this.socket) return;
      const refused = event.code === REFUSED; // with a sentence, which is shown
      this.to.onState(refused ? 'refused' : 'closed');
      if (!refused) setTimeout(() => !this.ended && this.open(), RETRY_MS);
    });
  }

  /** Send a command, such as `{do: 'calibrate'}`. */
  tell(command) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(command));
  }

  /** Note each frame of the camera; those that are not sent are counted. */
  watchCamera() {
    const note = (_now, frame) => {
      if (this.ended) return;
      if (this.camera.isNew) this.camera.skipped += 1;
      this.camera.skipped += Math.max(0, frame.presentedFrames - this.camera.shown - 1);
      Object.assign(this.camera, { shown: frame.presentedFrames, isNew: true });
      this.send();
      this.video.requestVideoFrameCallback(note);
    };
    this.video.requestVideoFrameCallback((now, frame) => {
      this.camera.shown = frame.presentedFrames - 1;
      note(now, frame);
    });
  }

  async send() {
    const now = performance.now();
    const { videoWidth: width, videoHeight: height } = this.video;
    const hasFrame = this.camera.isNew || (document.hidden && now - this.sentAt > HIDDEN_MS);
    const isFree = !this.isWaiting || now - this.sentAt > SILENT_MS;
    if (!hasFrame || !isFree || this.encoding || this.isFinishing || !width || this.socket.readyState !== WebSocket.OPEN) return;
    this.camera.isNew = false;
    this.encoding = true;
    this.sentAt = now;
    const { socket } = this;
    [this.canvas.width, this.canvas.height] = [width, height];
    this.canvas.getContext('2d').drawImage(this.video, 0, 0);
    const picture = await this.canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
    this.encoding = false;
    if (socket !== this.socket || socket.readyState !== WebSocket.OPEN) return;
    this.isWaiting = true;
    socket.send(picture);
  }

  async take(data) {
    if (typeof data === 'string') {
      const message = JSON.parse(data);
      if (message.opened) this.to.onState('live');
      if (message.tracked || message.error) this.isWaiting = false;
      this.to.onMessage(message);
      if (this.isFinishing && (message.recorded || message.error)) this.close();
      else this.send();
      return;
    }
    if (this.isFinishing) return;
    this.send();
    const { socket } = this;
    const { header, picture } = parseFrame(data);
    const bitmap = await createImageBitmap(picture);
    // Of two pictures that are decoded at once, the newer may be ready first.
    if (!this.ended && socket === this.socket && header.answer > this.shown) {
      this.shown = header.answer;
      this.to.onFrame(bitmap, header);
    }
    bitmap.close();
    this.tell({ shown: header.answer });
  }

  /** Frames that were not shown: those of the camera that were not sent, and those that the studio left out. */
  dropped(header) {
    return this.camera.skipped + header.dropped;
  }

  /** Close once the recording is finished. */
  finish() {
    this.isFinishing = true;
    this.tell({ record: false });
  }

  close() {
    this.ended = true;
    this.socket.close();
  }
}
