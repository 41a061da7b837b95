// Say something to screen readers.

const region = document.getElementById('announce');

/** Announce a sentence politely. */
export function announce(text) {
  region.textContent = '';
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}
