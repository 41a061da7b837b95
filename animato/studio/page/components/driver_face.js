// The driver's video at one time, and the faces in it: which one drives.

import { contentUrl, Problem, post, remove, upload } from '../api.js';
import { setSettings } from '../animation.js';
import { h, replace, svg } from '../dom.js';
import { button, whileBusy } from './buttons.js';
import { field } from './fields.js';
import { Slot } from './problem.js';

const CHOICES = { largest: 'The largest', left: 'The leftmost', right: 'The rightmost' };

function jpegOf(video) {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d').drawImage(video, 0, 0);
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
}

/** Return the faces of the frame that a video shows, by way of a file that is deleted again. */
async function facesIn(video) {
  if (!video.videoWidth) throw new Problem({ what: 'this browser cannot show the video', hint: 'choose the face by its place instead' });
  const file = await upload(await jpegOf(video), 'frame.jpg');
  try {
    return await post('/faces', { photo: file.id });
  } finally {
    await remove(`/files/${file.id}`);
  }
}

export function driverFace() {
  const slot = new Slot();
  const video = h('video', { muted: true, playsInline: true, preload: 'auto', 'aria-label': 'Driver' });
  const overlay = h('div', { class: 'overlay' });
  const select = h('select', { onchange: () => setSettings({ driver_face: select.value }) });
  const look = button('Choose in the picture', () => find(), { kind: 'quiet small', 'data-action': 'find-driver-faces' });
  let settings = null;
  let shown = null;

  async function find() {
    slot.clear();
    try {
      const { width, height, faces } = await whileBusy(look, 'Looking for faces…', () => facesIn(video));
      if (!faces.length) throw new Problem({ what: 'no face found in this frame', hint: 'choose another frame on the strip' });
      replace(overlay, picture(width, height, faces));
    } catch (problem) {
      slot.show(problem);
    }
  }

  function picture(width, height, faces) {
    const choose = (face) => (event) => {
      if (event.type === 'keydown' && event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      setSettings({ driver_face: String(face.index) });
      replace(overlay);
    };
    return svg(
      'svg',
      { viewBox: `0 0 ${width} ${height}`, class: 'face-picture', role: 'radiogroup', 'aria-label': 'Faces in the driver' },
      ...faces.map((face) => {
        const [x, y, w, h_] = face.box;
        const attributes = {
          class: 'face', tabindex: 0, role: 'radio', 'aria-checked': String(settings.driver_face === String(face.index)),
          'aria-label': `Face ${face.index}, from the left`, onclick: choose(face), onkeydown: choose(face),
        };
        return svg('g', attributes, svg('rect', { x, y, width: w, height: h_, rx: w / 8, 'stroke-width': width / 160 }));
      }),
    );
  }

  const element = h(
    'div',
    { class: 'driver-face' },
    h('div', { class: 'driver-video' }, video, overlay),
    h('div', { class: 'stack tight' }, field('Face that drives', select), look, slot.element),
  );
  return {
    element,
    /** Show the frame at a time, seconds. */
    seek(time) {
      if (element.hidden || !Number.isFinite(time)) return;
      replace(overlay);
      video.currentTime = time;
    },
    show(driver, nextSettings) {
      settings = nextSettings;
      element.hidden = driver?.kind !== 'video';
      if (element.hidden) return;
      if (shown !== driver.id) {
        shown = driver.id;
        slot.clear();
        replace(overlay);
        video.src = contentUrl('drivers', driver.id);
        video.currentTime = settings.start;
      }
      const choices = { ...CHOICES };
      if (!(settings.driver_face in choices)) choices[settings.driver_face] = `Number ${settings.driver_face} from the left`;
      replace(select, Object.entries(choices).map(([value, text]) => h('option', { value }, text)));
      select.value = settings.driver_face;
    },
  };
}
