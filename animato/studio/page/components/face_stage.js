// The live face: frames from the studio, and handles with which the face itself is dragged.

import { followPointer, h } from '../dom.js';
import { FrameSocket, Meter } from '../frames.js';
import { problemNote } from './problem.js';

export const SIZE = 512;

// Where a handle lies while the studio does not say: shares of the square around a head that looks ahead.
const TYPICAL = {
  eye_right: [0.42, 0.44], eye_left: [0.58, 0.44], nose: [0.5, 0.54], mouth_right: [0.43, 0.63], mouth_left: [0.57, 0.63],
  chin: [0.5, 0.75], forehead: [0.5, 0.28],
};
const ORDER = ['eye_right', 'eye_left', 'nose', 'mouth_right', 'mouth_left', 'chin', 'forehead'];

const middle = ([ax, ay], [bx, by], share = 0.5) => [ax + (bx - ax) * share, ay + (by - ay) * share];

// A drag over the whole width of the frame changes a control by these amounts.
const TURN = 110;
const GAZE = 160;
const MOUTH = 5;

/** What each handle is called, where it lies, and which controls a drag by (x, y), shares of the frame, changes. */
const HANDLES = {
  nose: { label: 'Nose: turns the head', at: (p) => p.nose, drag: (x, y) => ({ yaw: x * TURN, pitch: y * TURN }) },
  forehead: { label: 'Forehead: tilts the head', at: (p) => p.forehead, drag: (x) => ({ roll: x * TURN }) },
  eye_right: { label: 'Pupil: looks around', at: (p) => p.eye_right, drag: (x, y) => ({ gaze_x: x * GAZE, gaze_y: y * GAZE }) },
  eye_left: { label: 'Pupil: looks around', at: (p) => p.eye_left, drag: (x, y) => ({ gaze_x: x * GAZE, gaze_y: y * GAZE }) },
  brow: { label: 'Brow: rises and lowers', at: (p) => middle(p.eye_left, p.forehead, 0.3), drag: (_x, y) => ({ brows: -y * 8 }) },
  mouth_right: { label: 'Corner of the mouth: smiles', at: (p) => p.mouth_right, drag: (x, y) => ({ smile: (-x - y) * MOUTH }) },
  mouth_left: { label: 'Corner of the mouth: smiles', at: (p) => p.mouth_left, drag: (x, y) => ({ smile: (x - y) * MOUTH }) },
  lip: { label: 'Lower lip: opens the mouth', at: (p) => middle(middle(p.mouth_left, p.mouth_right), p.chin, 0.22), drag: (_x, y) => ({ jaw_open: y * MOUTH }) },
};

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEY_STEP = 0.02;

/**
 * @param {(name: string, start: Record<string, number>, change: Record<string, number>) => void} onDrag called with the
 *   controls at the start of the drag and by how much they change
 * @param {() => Record<string, number>} values returns the controls now
 */
export function faceStage(onDrag, values) {
  const canvas = h('canvas', { role: 'img', 'aria-label': 'The face with the present expression' });
  [canvas.width, canvas.height] = [SIZE, SIZE];
  const context = canvas.getContext('2d');
  const rate = h('output', { class: 'rate', 'aria-label': 'Frames per second' }, '');
  const state = h('div', { class: 'stage-state', role: 'status' });
  const handles = h('div', { class: 'handles' });
  const element = h('div', { class: 'stage', 'data-fps': '0', 'data-frames': '0', 'data-state': 'empty' }, canvas, handles, rate, state);
  const buttons = Object.entries(HANDLES).map(([name, handle]) => {
    const dot = h('button', { type: 'button', class: 'handle-dot', 'aria-label': `${handle.label}. Drag, or use the arrow keys.`, title: handle.label, 'data-handle': name });
    dot.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      dot.focus({ preventScroll: true });
      const box = canvas.getBoundingClientRect();
      const start = { ...values() };
      element.classList.add('dragging');
      followPointer(
        event,
        (move) => {
          const x = (move.clientX - event.clientX) / box.width;
          const y = (move.clientY - event.clientY) / box.height;
          onDrag(name, start, handle.drag(x, y));
        },
        () => element.classList.remove('dragging'),
      );
    });
    dot.addEventListener('keydown', (event) => {
      const arrow = ARROWS[event.key];
      if (!arrow) return;
      event.preventDefault();
      onDrag(name, { ...values() }, handle.drag(arrow[0] * KEY_STEP, arrow[1] * KEY_STEP));
    });
    return [dot, handle];
  });
  handles.append(...buttons.map(([dot]) => dot));
  place(TYPICAL);

  let socket = null;
  let meter = new Meter();

  function place(points) {
    for (const [dot, handle] of buttons) {
      const [x, y] = handle.at(points);
      dot.style.left = `${x * 100}%`;
      dot.style.top = `${y * 100}%`;
    }
  }

  function showFrame(bitmap, header) {
    if (canvas.width !== header.width || canvas.height !== header.height) {
      [canvas.width, canvas.height] = [header.width, header.height];
      element.style.setProperty('--aspect', `${header.width} / ${header.height}`);
    }
    context.drawImage(bitmap, 0, 0);
    if (header.points) {
      place(Object.fromEntries(header.points.map(([x, y], index) => [ORDER[index], [x / header.width, y / header.height]])));
    }
    const perSecond = meter.tick();
    Object.assign(element.dataset, { fps: perSecond.toFixed(1), frames: meter.total, seq: header.seq, state: 'live' });
    element.ariaBusy = String(!socket?.isLast(header));
    rate.textContent = perSecond >= 1 ? `${perSecond.toFixed(0)} fps` : '';
    state.replaceChildren();
  }

  function ask(controls) {
    if (socket?.ask(controls)) element.ariaBusy = 'true';
  }

  function showState(next, detail) {
    element.dataset.state = next;
    if (next === 'opening' && meter.total === 0) state.textContent = 'Preparing the head…';
    else if (next === 'closed') state.textContent = 'Connecting again…';
    else if (next === 'problem') state.replaceChildren(problemNote(detail));
  }

  return {
    element,
    /** Show another head, or none. */
    open(head, controls) {
      socket?.close();
      socket = null;
      meter = new Meter();
      context.clearRect(0, 0, canvas.width, canvas.height);
      place(TYPICAL);
      element.dataset.state = 'empty';
      handles.hidden = !head;
      state.replaceChildren();
      if (!head) return;
      socket = new FrameSocket(head, SIZE, { onFrame: showFrame, onState: showState });
      ask(controls);
    },
    ask,
    close() {
      socket?.close();
      socket = null;
    },
    get isOpen() {
      return socket !== null;
    },
  };
}
