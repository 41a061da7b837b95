// The REST API of the studio. Every failure becomes a Problem that holds the library's sentences.

export const API = '/api/v1';

const TOKEN = document.querySelector('meta[name="token"]')?.content ?? '';

/** What went wrong, in sentences for people; see docs/exit-codes.md. */
export class Problem extends Error {
  /** @param {{what: string, where?: string, hint?: string, more?: string, code?: string, field?: string}} parts */
  constructor(parts, status = 0) {
    super(parts.what);
    Object.assign(this, { where: null, hint: null, more: null, code: null, field: null }, parts);
    this.status = status;
  }

  /** Whether the studio did not answer at all. */
  get offline() {
    return this.code === 'offline';
  }
}

const OFFLINE = {
  code: 'offline',
  what: 'the studio does not answer',
  hint: 'start `animato studio` again; this page goes on by itself, and keeps what you entered',
};

// A refusal is answered with 200 and its status in a header: browsers report every error status in their console.
const PREFERENCE = 'refusal=body';

/** Return the status that an answer would have had without the preference. */
const statusOf = (status, header) => (header('preference-applied') === PREFERENCE ? Number(header('x-status')) : status);

function problemOf(status, text) {
  try {
    return new Problem(JSON.parse(text).error, status);
  } catch {
    return new Problem({ what: `the studio answered ${status} without a reason`, code: 'unknown' }, status);
  }
}

/**
 * Send a request and return the JSON of the answer, or null if it has none.
 *
 * @throws {Problem}
 */
export async function call(method, path, body = undefined) {
  const headers = { authorization: `Bearer ${TOKEN}`, prefer: PREFERENCE };
  if (body !== undefined) headers['content-type'] = 'application/json';
  let answer;
  let text;
  try {
    answer = await fetch(API + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    text = await answer.text();
  } catch {
    throw new Problem(OFFLINE);
  }
  const status = statusOf(answer.status, (name) => answer.headers.get(name));
  if (status >= 400) throw problemOf(status, text);
  return text ? JSON.parse(text) : null;
}

export const get = (path) => call('GET', path);
export const post = (path, body = {}) => call('POST', path, body);
export const patch = (path, body) => call('PATCH', path, body);
export const remove = (path) => call('DELETE', path);

/**
 * Upload a file; `fetch` cannot report progress of what it sends.
 *
 * @param {Blob} content
 * @param {string} name shown to people; never a path on the server
 * @param {(share: number) => void} progress called with 0 to 1
 * @returns {Promise<object>} the file as the API describes it
 * @throws {Problem}
 */
export function upload(content, name, progress = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `${API}/files?name=${encodeURIComponent(name)}`);
    request.setRequestHeader('authorization', `Bearer ${TOKEN}`);
    request.setRequestHeader('prefer', PREFERENCE);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.addEventListener('progress', (event) => event.total && progress(event.loaded / event.total));
    request.addEventListener('load', () => {
      const status = statusOf(request.status, (name) => request.getResponseHeader(name));
      if (status === 201) resolve(JSON.parse(request.responseText));
      else reject(problemOf(status, request.responseText));
    });
    request.addEventListener('error', () => reject(new Problem(OFFLINE)));
    request.send(content);
  });
}

/** Return the address of what an id stands for, for `src` and `href`; the cookie opens it. */
export const contentUrl = (table, id) => `${API}/${table}/${id}/content`;

/** Return the address of a socket of the API. */
export function socketUrl(path) {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${API}${path}`;
}
