// What became of the newest render: progress, then the video with its comparison and report.

import { contentUrl, get } from '../api.js';
import { announce } from '../announce.js';
import { form } from '../animation.js';
import { h, onChange, replace } from '../dom.js';
import { find, watch } from '../state.js';
import { linkButton } from './buttons.js';
import { credentialsLink } from './credentials_link.js';
import { isActive, jobCardKeeper } from './job_card.js';
import { problemNote } from './problem.js';
import { runReport } from './run_report.js';
import { wipe } from './wipe.js';

export function runPanel() {
  const element = h('div', { class: 'run-panel stack', 'aria-live': 'off', 'data-tour': 'result' });
  const empty = h(
    'div',
    { class: 'empty' },
    h('p', {}, 'Your video appears here.'),
    h('p', { class: 'muted' }, 'A preview takes a few seconds: two seconds of it, small. Everything can be changed before the real one.'),
  );

  async function showResult(job) {
    let result;
    try {
      result = find('results', job.result) ?? (await get(`/results/${job.result}`));
    } catch (problem) {
      replace(element, problemNote(problem));
      return;
    }
    const preview = result.kind === 'preview';
    announce(preview ? 'The preview is ready' : 'The video is ready');
    replace(
      element,
      h('h2', {}, preview ? 'Preview' : 'Video'),
      wipe(result, { start: job.settings.start ?? 0, crop: preview || job.settings.frame === 'crop' }),
      h('div', { class: 'row' },
        linkButton('Download', contentUrl('results', result.id), { kind: preview ? '' : 'primary', symbol: 'download', download: '' }),
        credentialsLink(result),
        linkButton('All results', '#/results', { kind: 'quiet' })),
      runReport(result),
    );
    element.dataset.result = result.id;
  }

  let title = '';
  const keep = jobCardKeeper((card) => replace(element, h('h2', {}, title), card), { removable: false });
  const draw = onChange((job) => {
    delete element.dataset.result;
    element.dataset.state = job?.state ?? 'empty';
    if (!job) replace(element, empty);
    else if (job.state === 'done') showResult(job);
    else {
      title = isActive(job) ? 'In progress' : 'Not finished';
      keep(job);
    }
  });
  const update = () => draw(find('jobs', form.get().job));
  form.watch(update);
  watch('jobs', update);
  return element;
}
