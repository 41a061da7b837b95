// The browser's own camera.

import { Problem } from './api.js';

const SENTENCES = {
  NotAllowedError: ['this page may not use the camera', 'allow the camera for this address in the browser'],
  NotFoundError: ['there is no camera', 'connect one, or use a file'],
  NotReadableError: ['the camera cannot be opened', 'close the program that uses it'],
};

/** Open the camera. @throws {Problem} */
export async function openCamera(audio) {
  if (!navigator.mediaDevices) {
    throw new Problem({ what: 'this browser gives no access to a camera', hint: 'use a current browser, or a file', code: 'camera' });
  }
  const video = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio });
  } catch (error) {
    const [what, hint] = SENTENCES[error.name] ?? [`the camera cannot be opened (${error.name})`, 'try again'];
    throw new Problem({ what, hint, code: 'camera' });
  }
}

/** Release the camera. */
export function closeCamera(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
