// The content credentials of a video whose format cannot hold them, such as a GIF.

import { API } from '../api.js';
import { linkButton } from './buttons.js';

/** Return a link to the file that belongs beside the video, or null if the video holds its credentials. */
export function credentialsLink(result) {
  if (!result.credentials?.beside) return null;
  const title = 'Pass it on beside the video, under the same name: a GIF cannot hold its credentials';
  return linkButton('Credentials', `${API}/results/${result.id}/credentials`, { symbol: 'download', download: '', title, 'data-action': 'credentials' });
}
