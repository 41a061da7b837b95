// Line icons on a 24 x 24 grid.

import { svg } from './dom.js';

const PATHS = {
  head: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 20.5c1.2-3.6 4.3-5.5 8-5.5s6.800 1.900 8 5.500',
  edit: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500v5M9 14.500v5',
  animate: 'M4 5h16v14H4zM10 9l5 3-5 3z',
  jobs: 'M12 3a9 9 0 1 0 9 9M12 7v5l3 2M21 5l-4 4M17 5v4h4',
  results: 'M4 5h16v14H4zM4 15l4-4 4 4 3-3 5 4M15.500 9h.01',
  check: 'M12 3l8 3v6c0 4.500-3.300 7.600-8 9-4.700-1.400-8-4.500-8-9V6zM9 12l2.200 2.200L15.500 10',
  live: 'M3 7h12v10H3zM15 10.500l6-3v9l-6-3',
  about: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 11v5M12 8h.01',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  good: 'M5 12.500l4.500 4.500L19 7.500',
  advice: 'M12 8v5M12 16h.01M12 3.500l9.500 16.500h-19z',
  trash: 'M5 7h14M10 7V4.500h4V7M7 7l1 13h8l1-13',
  download: 'M12 4v11M7.500 11l4.500 4.500 4.500-4.500M5 20h14',
  play: 'M8 5.500v13l11-6.500z',
  pause: 'M8 5.500v13M16 5.500v13',
  record: 'M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14Z',
  upload: 'M12 16V5M7.500 9L12 4.500 16.500 9M5 20h14',
  points: 'M8 9h.01M16 9h.01M12 13h.01M9 17h.01M15 17h.01',
  // Bundled motions, as faces.
  blink: 'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17ZM7.500 10.500c.8.8 2.200.8 3 0M13.500 10.500c.8.8 2.200.8 3 0M9.500 15.500h5',
  look: 'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17ZM7.500 10h3M9.800 10h.01M13.500 10h3M15.800 10h.01M9.500 15.500h5',
  nod: 'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17ZM9 9v1M15 9v1M12 12.500v4.500M10 15l2 2 2-2',
  smile: 'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17ZM9 9.500v1M15 9.500v1M8 14c1 1.800 2.400 2.600 4 2.600s3-.8 4-2.600',
  talk: 'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17ZM9 9v1M15 9v1M9.500 14.200a2.500 2 0 1 0 5 0 2.500 2 0 1 0-5 0Z',
  reset: 'M5 5v5h5M5.500 10a7 7 0 1 1-.5 4',
};

/** Whether there is an icon with this name. */
export const hasIcon = (name) => name in PATHS;

/** Return an icon; it says nothing to screen readers. */
export function icon(name) {
  return svg(
    'svg',
    { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' },
    svg('path', { d: PATHS[name] }),
  );
}
