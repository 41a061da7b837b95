// Seven points of a face, placed by hand: for cartoons, statues and animals, and where the program was wrong.

import { contentUrl } from '../api.js';
import { clamp, followPointer, h, svg } from '../dom.js';
import { button, dialog } from './buttons.js';

const NAMES = [
  'Right eye', 'Left eye', 'Tip of the nose', 'Right corner of the mouth', 'Left corner of the mouth', 'Chin',
  'Top of the forehead',
];
const SHORT = ['R eye', 'L eye', 'Nose', 'R mouth', 'L mouth', 'Chin', 'Forehead'];
const LINES = [[6, 0], [6, 1], [0, 2], [1, 2], [2, 3], [2, 4], [3, 5], [4, 5], [3, 4]];

// Places in a face box that is one wide and high; "right" is the person's right, on the left of the picture.
const TYPICAL = [[0.3, 0.36], [0.7, 0.36], [0.5, 0.6], [0.34, 0.76], [0.66, 0.76], [0.5, 1], [0.5, 0]];

function typicalPoints(photo) {
  const face = photo.faces.find((item) => item.index === photo.face);
  if (face) return structuredClone(face.points);
  const side = 0.6 * Math.min(photo.width, photo.height);
  const [left, top] = [(photo.width - side) / 2, (photo.height - side) / 2];
  return TYPICAL.map(([x, y]) => [left + x * side, top + y * side]);
}

function viewOf(photo, points) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  const side = Math.max(Math.max(...xs) - x, Math.max(...ys) - y) * 1.7;
  if (!photo.faces.length || side > Math.min(photo.width, photo.height)) return [0, 0, photo.width, photo.height];
  const middle = [(Math.max(...xs) + x) / 2, (Math.max(...ys) + y) / 2];
  return [
    clamp(middle[0] - side / 2, 0, photo.width - side), clamp(middle[1] - side / 2, 0, photo.height - side), side, side,
  ];
}

/**
 * Let a person place the points; resolves with them in pixels of the photo, "found" to use what was found, or null.
 *
 * @param {{file: string, name: string, width: number, height: number, faces: object[], face: number}} photo
 */
export async function editPoints(photo) {
  let points = structuredClone(photo.points ?? typicalPoints(photo));
  const [vx, vy, vw, vh] = viewOf(photo, points);
  const unit = Math.max(vw, vh) / 100;
  const lines = LINES.map(() => svg('line', { 'stroke-width': unit * 0.35 }));
  const picture = svg(
    'svg',
    { class: 'points-editor', viewBox: `${vx} ${vy} ${vw} ${vh}`, role: 'group', 'aria-label': 'Points of the face' },
    svg('image', { href: contentUrl('files', photo.file), width: photo.width, height: photo.height }),
    ...lines,
  );
  const handles = NAMES.map((name, index) => {
    const label = svg('text', { 'font-size': unit * 3, x: unit * 3.4, y: unit }, SHORT[index]);
    const handle = svg(
      'g',
      { class: 'handle', tabindex: 0, role: 'button', 'aria-label': `${name}. Move with the arrow keys.`, 'data-point': index },
      svg('circle', { r: unit * 5, class: 'grip' }),
      svg('circle', { r: unit * 1.6, 'stroke-width': unit * 0.6 }),
      label,
    );
    handle.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      handle.focus();
      followPointer(event, (move) => {
        const at = new DOMPoint(move.clientX, move.clientY).matrixTransform(picture.getScreenCTM().inverse());
        place(index, at.x, at.y);
      });
    });
    handle.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const far = unit * (event.shiftKey ? 3 : 0.5);
      place(index, points[index][0] + step[0] * far, points[index][1] + step[1] * far);
    });
    return handle;
  });
  picture.append(...handles);
  const draw = () => {
    handles.forEach((handle, index) => handle.setAttribute('transform', `translate(${points[index][0]} ${points[index][1]})`));
    lines.forEach((line, index) => {
      const [[x1, y1], [x2, y2]] = LINES[index].map((point) => points[point]);
      for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) line.setAttribute(name, value);
    });
  };
  const place = (index, x, y) => {
    points[index] = [clamp(x, 0, photo.width - 1), clamp(y, 0, photo.height - 1)];
    draw();
  };
  draw();
  const back = button('Set back', () => {
    points = typicalPoints(photo);
    draw();
  }, { kind: 'quiet', symbol: 'reset' });
  const help = 'Drag the seven points to where they belong. Right and left are those of the face, not of the picture.';
  const content = h('div', { class: 'stack' }, h('p', { class: 'muted' }, help), picture, back);
  const actions = [{ text: 'Cancel', value: null }, { text: 'Use these points', value: 'points', kind: 'primary' }];
  if (photo.points && photo.faces.length) actions.splice(1, 0, { text: 'Use what was found', value: 'found' });
  const answer = await dialog('Correct the points', content, actions, { wide: true });
  return answer === 'points' ? points : answer;
}
