// Consent: the ground, what it requires, and the statement that is affirmed, in its own words.

import { h, replace, uniqueId } from '../dom.js';
import { list, watch } from '../state.js';
import { GROUNDS } from '../words.js';
import { checkbox, textField } from './fields.js';
import { Slot } from './problem.js';

export const CONSENT_FIELDS = { ground: '', reason: '', guardian: '', minor: false, attested_by: '', scope: '', expires: '' };

/** Return the consent of a form as the API takes it; nothing may be missing. */
export function consentOf(form) {
  const consent = { ground: form.ground };
  if (form.ground === 'deceased') consent.reason = form.reason;
  if (form.ground === 'other' && form.minor) consent.guardian = form.guardian;
  for (const name of ['attested_by', 'scope', 'expires']) if (form[name].trim()) consent[name] = form[name].trim();
  return consent;
}

/** Return what is missing from a consent, as the parts of a problem, or null. */
export function consentGap(form) {
  if (!form.ground) {
    return { what: 'say who is shown, and agree to the statement', hint: 'choose one of the four answers', field: 'consent' };
  }
  if (form.ground === 'deceased' && !form.reason.trim()) {
    return { what: 'consent for a deceased person needs a reason', hint: '“for the family”, for example', field: 'consent.reason' };
  }
  if (form.ground === 'other' && form.minor && !form.guardian.trim()) {
    return { what: 'a parent or guardian agrees for a minor', hint: 'their name', field: 'consent.guardian' };
  }
  return null;
}

/** Return the sentence that is affirmed, or "". */
export function statementOf(form) {
  const ground = list('consent').find((item) => item.ground === form.ground);
  if (!ground) return '';
  return (form.ground === 'other' && form.minor && ground.guardian_statement) || ground.statement;
}

/** Return the fields of consent, bound to a kept form, and the slots of their errors. */
export function consentForm(form) {
  const slots = {
    consent: new Slot(), 'consent.reason': new Slot(), 'consent.guardian': new Slot(), 'consent.expires': new Slot(),
  };
  const name = uniqueId('ground');
  const choices = h('div', { class: 'choices' });
  const statement = h('blockquote', { class: 'statement', 'data-statement': '' });
  const minor = checkbox('The person is a minor', form.get().minor, (value) => form.set({ minor: value }));
  const reason = textField(form, 'reason', 'On whose behalf, or in which public interest?', { slot: slots['consent.reason'] });
  const guardian = textField(form, 'guardian', 'Name of the parent or guardian', { slot: slots['consent.guardian'] });
  const optional = h(
    'details',
    { class: 'more' },
    h('summary', {}, 'Name, purpose and last day (optional)'),
    h(
      'div',
      { class: 'stack' },
      textField(form, 'attested_by', 'Your name', { help: 'Stays in the head file.' }),
      textField(form, 'scope', 'What the videos may be used for'),
      textField(form, 'expires', 'Last day on which the head may be used', { type: 'date', slot: slots['consent.expires'] }),
    ),
  );
  const element = h(
    'fieldset',
    { class: 'consent', 'data-tour': 'consent' },
    h('legend', {}, 'Who is this?'),
    choices, minor, reason, guardian, statement, optional, slots.consent.element,
  );
  watch('consent', (grounds) => {
    replace(
      choices,
      grounds.map(({ ground }) =>
        h(
          'label',
          {},
          h('input', {
            type: 'radio', name, value: ground, checked: form.get().ground === ground, onchange: () => form.set({ ground }),
          }),
          h('span', {}, GROUNDS[ground] ?? ground),
        ),
      ),
    );
    show(form.get());
  });
  function show(value) {
    for (const input of choices.querySelectorAll('input')) input.checked = input.value === value.ground;
    minor.hidden = value.ground !== 'other';
    minor.input.checked = value.minor;
    guardian.hidden = value.ground !== 'other' || !value.minor;
    reason.hidden = value.ground !== 'deceased';
    optional.hidden = !value.ground;
    statement.hidden = !value.ground;
    statement.textContent = statementOf(value);
  }
  form.watch(show);
  return { element, slots };
}
