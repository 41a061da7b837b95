// Jobs: what is waiting, running, and what has ended.

import { h, onChange, replace } from '../dom.js';
import { list, watch } from '../state.js';
import { isActive, jobCardKeeper } from '../components/job_card.js';

export const title = 'Jobs';

export function build(root) {
  const active = h('div', { class: 'stack' });
  const ended = h('div', { class: 'stack' });
  const endedTitle = h('h2', {}, 'Ended');
  const empty = h('div', { class: 'empty' }, h('p', {}, 'No jobs yet.'), h('p', { class: 'muted' }, 'Renders that you start are listed here, with progress and time left. They go on when this page is closed.'));
  root.append(empty, active, endedTitle, ended);
  const cards = new Map(); // one per job, so that a change of one leaves the others and the focus alone
  const fill = (place, jobs) => {
    const elements = jobs.map((job) => {
      if (!cards.has(job.id)) {
        const holder = h('div', {});
        const keep = jobCardKeeper((card) => replace(holder, card));
        cards.set(job.id, { holder, draw: onChange(({ job: next, heads, drivers }) => keep(next, heads, drivers)) });
      }
      const { holder, draw } = cards.get(job.id);
      draw({ job, heads: list('heads').length, drivers: list('drivers').length });
      return holder;
    });
    if (elements.length !== place.children.length || elements.some((element, index) => place.children[index] !== element)) replace(place, elements);
  };
  const draw = () => {
    const jobs = list('jobs');
    const running = jobs.filter(isActive);
    const rest = jobs.filter((job) => !isActive(job));
    empty.hidden = jobs.length > 0;
    endedTitle.hidden = rest.length === 0;
    fill(active, running.toReversed());
    fill(ended, rest);
  };
  watch('jobs', draw);
  watch('heads', draw);
  watch('drivers', draw);
}
