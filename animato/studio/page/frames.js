// The editor's socket: controls out, frames in. Of the requests that wait, the newest wins.

import { socketUrl } from './api.js';

const RETRY_MS = 1000;

const REFUSED = 1008;

const MAX_IN_FLIGHT = 2; // the studio warps one frame while it paints the one before

/** Split a message: uint32 length of the header (little endian), header as JSON, JPEG. */
export function parseFrame(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { header, picture: new Blob([new Uint8Array(buffer, 4 + length)], { type: 'image/jpeg' }) };
}

/** Live frames of one head. */
export class FrameSocket {
  /**
   * @param {string} head id
   * @param {number} size side of the frames, pixels
   * @param {{onFrame: (bitmap: ImageBitmap, header: object) => void, onState: (state: string, error?: object) => void}} to
   *   `state` is "opening", "closed" or "problem"
   */
  constructor(head, size, { onFrame, onState }) {
    Object.assign(this, { head, size, onFrame, onState });
    this.sequence = 0;
    this.waiting = null;
    this.answered = 0;
    this.shown = 0;
    this.ended = false;
    this.open();
  }

  open() {
    this.onState('opening');
    this.answered = this.sequence; // what an earlier socket left unanswered is lost
    this.waiting ??= this.last;
    this.socket = new WebSocket(socketUrl(`/frames?head=${this.head}&size=${this.size}`));
    this.socket.binaryType = 'arraybuffer';
    this.socket.addEventListener('open', () => this.flush());
    this.socket.addEventListener('message', (event) => this.take(event.data));
    this.socket.addEventListener('close', (event) => {
      if (this.ended) return;
      if (event.code === REFUSED) return; // with a sentence, which is shown
      this.onState('closed');
      setTimeout(() => !this.ended && this.open(), RETRY_MS);
    });
  }

  /** Ask for a frame, unless it is the one that was asked for last; return whether it was asked for. */
  ask(controls) {
    if (JSON.stringify(controls) === JSON.stringify(this.last)) return false;
    this.waiting = controls;
    this.last = controls;
    this.flush();
    return true;
  }

  /** Return whether a frame is the one that was asked for last, in full size. */
  isLast(header) {
    return !this.waiting && header.seq === this.sequence && header.level === 0;
  }

  flush() {
    if (!this.waiting || this.socket.readyState !== WebSocket.OPEN) return;
    if (this.sequence - this.answered >= MAX_IN_FLIGHT) return;
    this.sequence += 1;
    this.socket.send(JSON.stringify({ seq: this.sequence, controls: this.waiting }));
    this.waiting = null;
  }

  take(data) {
    if (typeof data === 'string') {
      const { error, seq } = JSON.parse(data);
      if (!error) return; // the head is ready
      this.answered = Math.max(this.answered, seq ?? 0);
      this.onState('problem', error);
      this.flush();
      return;
    }
    const { header, picture } = parseFrame(data);
    this.answered = Math.max(this.answered, header.seq); // those before it were left out for newer ones
    this.flush();
    createImageBitmap(picture).then((bitmap) => {
      // The same number comes again, in full size, once the drag has ended.
      if (!this.ended && header.seq >= this.shown) {
        this.shown = header.seq;
        this.onFrame(bitmap, header);
      }
      bitmap.close();
    });
  }

  close() {
    this.ended = true;
    this.socket.close();
  }
}

/** Counts frames in a sliding window of a second. */
export class Meter {
  constructor(windowMs = 1000) {
    this.windowMs = windowMs;
    this.times = [];
    this.total = 0;
  }

  /** Count a frame and return the frames per second. */
  tick(now = performance.now()) {
    this.total += 1;
    this.times.push(now);
    while (this.times[0] < now - this.windowMs) this.times.shift();
    const span = now - this.times[0];
    return span > 0 ? ((this.times.length - 1) / span) * 1000 : 0;
  }
}
