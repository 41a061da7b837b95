// A photo with the faces that were found in it; where there are several, one is chosen.

import { contentUrl } from '../api.js';
import { svg } from '../dom.js';

/**
 * @param {{file: string, name: string, width: number, height: number, faces: object[], face: number}} photo
 *   `face` is the index of the chosen face, from 1
 * @param {(index: number) => void} onChoose
 */
export function facePicture(photo, onChoose) {
  const { width, height, faces } = photo;
  const picture = svg(
    'svg',
    { class: 'face-picture', viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': `Faces in ${photo.name}` },
    svg('image', { href: contentUrl('files', photo.file), width, height }),
  );
  const stroke = Math.max(width, height) / 160;
  for (const face of faces) {
    const [x, y, w, h] = face.box;
    const chosen = face.index === photo.face;
    const choose = (event) => {
      if (event.type === 'keydown' && event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      onChoose(face.index);
    };
    const alone = faces.length === 1;
    picture.append(
      svg(
        'g',
        alone
          ? { class: 'face chosen' }
          : {
              class: `face ${chosen ? 'chosen' : ''}`, tabindex: 0, role: 'radio', 'aria-checked': String(chosen),
              'aria-label': `Face ${face.index} of ${faces.length}, from the left`, onclick: choose, onkeydown: choose,
            },
        svg('rect', { x, y, width: w, height: h, rx: w / 8, 'stroke-width': stroke }),
        alone ? null : svg('circle', { cx: x + w, cy: y, r: stroke * 6 }),
        alone ? null : svg('text', { x: x + w, y: y + stroke * 3, 'font-size': stroke * 8 }, String(face.index)),
      ),
    );
  }
  if (faces.length > 1) picture.setAttribute('role', 'radiogroup');
  for (const [px, py] of photo.points ?? []) {
    picture.append(svg('circle', { class: 'point', cx: px, cy: py, r: stroke * 1.6 }));
  }
  return picture;
}
