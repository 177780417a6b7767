// A scripted person with a browser: goes through the server's own pages of the device flow, forms and cookies included.

import https from 'node:https';

// Opens `url`, or types `user_code` on the page at `verificationUri`, and presses the button `confirm` or `abort`.
// Ends when the server shows its last page; any page that is not the expected one is an error.
export async function signIn(verificationUri, { user_code: userCode, url }, button) {
  if (!userCode && !url) throw new Error('user_code or url is needed');
  const browser = new Browser();
  let page = await browser.open(url ?? verificationUri);
  page = await browser.submit(page, userCode ? { user_code: userCode } : {});
  if (!page.html.includes('op.deviceConfirmForm')) throw new Error(`no such code: ${textOf(page)}`);
  page = await browser.submit(page, { [button]: 'yes' });
  const expected = button === 'confirm' ? 'Sign-in Success' : 'was interrupted';
  if (!page.html.includes(expected)) throw new Error(`unexpected page: ${textOf(page)}`);
  return { done: button };
}

class Browser {
  #cookies = new Map(); // 'name path' -> {name, value, path}

  // Loads a page, redirects followed.
  async open(url, form) {
    const response = await this.#request(new URL(url), form);
    for (const line of response.headers['set-cookie'] ?? []) this.#keep(line);
    if (response.statusCode === 303) return this.open(new URL(response.headers.location, url));
    let html = '';
    for await (const chunk of response) html += chunk;
    return { url, html };
  }

  // Sends the page's form with its hidden fields and the given ones.
  async submit(page, fields) {
    const action = /<form [^>]*action="([^"]*)"/.exec(page.html)?.[1];
    if (!action) throw new Error(`no form on the page: ${textOf(page)}`);
    const hidden = [...page.html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
      .map(([, name, value]) => [name, value])
      .filter(([name]) => name !== 'confirm'); // stands for the button that is pressed
    return this.open(new URL(action, page.url), new URLSearchParams({ ...Object.fromEntries(hidden), ...fields }));
  }

  #request(url, form) {
    const cookie = [...this.#cookies.values()]
      .filter(({ path }) => url.pathname.startsWith(path)).map(({ name, value }) => `${name}=${value}`).join('; ');
    const headers = { accept: 'text/html', cookie };
    if (form) headers['content-type'] = 'application/x-www-form-urlencoded';
    return new Promise((resolve, reject) => {
      // The server talks to itself here, so its certificate proves nothing.
      const options = { method: form ? 'POST' : 'GET', headers, rejectUnauthorized: false };
      https.request(url, options, resolve).on('error', reject).end(form?.toString());
    });
  }

  #keep(line) {
    const [, name, value] = /^([^=]*)=([^;]*)/.exec(line);
    const path = /; path=([^;]*)/i.exec(line)?.[1] ?? '/';
    if (/expires=Thu, 01 Jan 1970/i.test(line)) this.#cookies.delete(`${name} ${path}`);
    else this.#cookies.set(`${name} ${path}`, { name, value, path });
  }
}

function textOf({ html }) {
  return html.replace(/<style>.*?<\/style>/gs, '').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim().slice(0, 300);
}
