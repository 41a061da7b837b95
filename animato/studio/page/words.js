// Numbers and times as people write them.

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** "1.4 s", "2 min 05 s". */
export function seconds(value) {
  if (value === null || value === undefined) return '';
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 60) return `${Math.round(value)} s`;
  const whole = Math.round(value);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/** "about 20 s left"; nothing while it is not known. */
export function timeLeft(value) {
  if (value === null || value === undefined) return '';
  return value < 1 ? 'almost done' : `about ${seconds(Math.ceil(value))} left`;
}

/** "3.2 MB". */
export function bytes(value) {
  if (value < 1e3) return `${value} B`;
  if (value < 1e6) return `${Math.round(value / 1e3)} kB`;
  return `${(value / 1e6).toFixed(value < 1e7 ? 1 : 0)} MB`;
}

/** "5 minutes ago", from seconds since 1970. */
export function ago(created) {
  const passed = Date.now() / 1000 - created;
  if (passed < 60) return 'just now';
  if (passed < 3600) return RELATIVE.format(-Math.floor(passed / 60), 'minute');
  if (passed < 86400) return RELATIVE.format(-Math.floor(passed / 3600), 'hour');
  return RELATIVE.format(-Math.floor(passed / 86400), 'day');
}

/** A sentence: capital letter, full stop. */
export function sentence(text) {
  if (!text) return '';
  const first = text[0].toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

/** A file's name without its suffix. */
export const stem = (name) => name.replace(/\.[^.]{1,8}$/, '');

/** "1 photo", "2 photos". */
export const count = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;

export const GROUNDS = {
  self: 'It is me',
  other: 'An adult who agreed',
  deceased: 'Someone who has died',
  'not-a-person': 'Not a real person',
};

export const STATES = {
  queued: 'Waiting',
  running: 'Rendering',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
  interrupted: 'Interrupted',
};
