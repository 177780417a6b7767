// The authorization server of the tests: the npm package oidc-provider over TLS on 127.0.0.1, and beside it, over plain
// HTTP, a control interface through which a test signs people in, looks at what was asked, and makes the server misbehave.
//
//   node provider.mjs --cert server.pem --key server.key [--port N] [--address IP] [--settings '{"interval": 5, ...}']
//
// Prints `READY {"issuer": ..., "control": ...}` when both listen, and ends when its standard input does, so that a test
// that was killed leaves nothing behind. The control interface is described in ../README.md.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Store } from './store.mjs';
import { signIn } from './person.mjs';

// oidc-provider tells of its defaults, and of Node releases it does not support, on the console; standard output is ours.
console.info = console.warn = () => {};
const { default: Provider } = await import('oidc-provider');

// What a test may change while the server runs. Lifetimes are in seconds, delays in milliseconds.
const settings = {
  access_token_ttl: 3600,
  device_code_ttl: 600,
  interval: 1, // `interval` of the device authorization response, which oidc-provider never sends; null leaves it out
  tier: 1, // the claim `tier` of access tokens
  account: 'ada', // who signs in
  forms: false, // oidc-provider's own login and consent pages wait for a person, who types any name and presses buttons
  deny_sign_in: false, // the person declines when asked for consent; for the device flow there is also /deny
  delay_token_ms: 0, // the token endpoint starts late
  delay_token_after_ms: 0, // ... or answers late: tokens are issued and rotated, the answer waits
  drop_answer_count: 0, // so many token requests are carried out, then the connection is cut without an answer
  slow_down_count: 0, // so many polls are answered slow_down instead of authorization_pending
  refresh_without_new_token: false, // a refresh keeps the refresh token and sends none
  scope: null, // `scope` of token responses, when it is not what was granted
  members: {}, // {route: {name: value}} set in successful answers, as in {discovery: {issuer: 'x'}}; null takes one out
  fail_next: null, // {route, status, body, content_type, headers, count}: answers instead of the server
};

function change(changes) {
  const unknown = Object.keys(changes).filter((name) => !(name in settings));
  if (unknown.length) throw new Error(`no such setting: ${unknown.join(', ')}`);
  Object.assign(settings, structuredClone(changes));
  if (settings.fail_next) {
    const plain = { status: 500, body: {}, content_type: 'application/json', headers: {}, count: 1 };
    settings.fail_next = { ...plain, ...settings.fail_next };
  }
  return settings;
}

const { values: options } = parseArgs({
  options: Object.fromEntries(['cert', 'key', 'port', 'address', 'settings'].map((name) => [name, { type: 'string' }])),
});
if (!options.cert || !options.key) throw new Error('--cert and --key are needed');
const settingsAtStart = structuredClone(change(JSON.parse(options.settings ?? '{}')));

// The port is part of the issuer, so the socket comes before the server.
const tls = { cert: readFileSync(options.cert), key: readFileSync(options.key), minVersion: 'TLSv1.2' };
const server = https.createServer(tls).listen(Number(options.port ?? 0), options.address ?? '127.0.0.1');
await once(server, 'listening');
const issuer = `https://${options.address ?? 'localhost'}:${server.address().port}`;

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
// The scopes of the API are those of the sign-in as well: a token for a resource server carries no others.
const api = { scope: 'openid profile email offline_access api', accessTokenFormat: 'jwt' };
const month = 30 * 24 * 3600;
const store = new Store();
const provider = new Provider(issuer, {
  adapter: (model) => store.adapter(model),
  clients: [{
    client_id: 'grok-auth-test',
    client_name: 'grok-auth',
    application_type: 'native', // any port of http://127.0.0.1/callback will do (RFC 8252, section 7.3)
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/callback'],
  }],
  scopes: ['openid', 'profile', 'email', 'offline_access', 'api'],
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false, // name and email go into the ID token
  findAccount: (_, sub) => ({ accountId: sub, claims: () => account(sub) }),
  extraTokenClaims: () => ({ tier: settings.tier }),
  responseTypes: ['code'],
  pkce: { required: () => true },
  rotateRefreshToken: () => !settings.refresh_without_new_token,
  // Without `prompt=consent` oidc-provider drops offline_access from an authorization request; most servers do not.
  issueRefreshToken: (ctx, client, source) => client.grantTypeAllowed('refresh_token')
    && (source.kind === 'AuthorizationCode' || source.scopes.has('offline_access')),
  expiresWithSession: () => false,
  features: {
    devInteractions: { enabled: true }, // shown when `forms` is set
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    userinfo: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'https://api.example.com/',
      useGrantedResource: () => true,
      getResourceServerInfo: () => api,
    },
  },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  ttl: {
    AccessToken: () => settings.access_token_ttl,
    DeviceCode: () => settings.device_code_ttl,
    AuthorizationCode: 60, Grant: month, IdToken: 3600, Interaction: 3600, RefreshToken: month, Session: month,
  },
});
provider.on('server_error', (ctx, error) => console.error(error));

function account(sub) {
  const name = sub === 'ada' ? 'Ada Lovelace' : sub;
  return { sub, name, email: `${sub}@example.com`, email_verified: true };
}

// Login and consent answer themselves, one after the other: oidc-provider asks again for ever when both come at once.
provider.use(async (ctx, next) => {
  if (settings.forms || !ctx.path.startsWith('/interaction/')) return next();
  const { prompt, grantId, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
  let result;
  if (prompt.name === 'login') {
    result = { login: { accountId: settings.account } };
  } else if (settings.deny_sign_in) {
    result = { error: 'access_denied', error_description: 'the person said no' };
  } else {
    const grant = await provider.Grant.find(grantId)
      ?? new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    const missing = prompt.details;
    if (missing.missingOIDCScope) grant.addOIDCScope(missing.missingOIDCScope);
    if (missing.missingOIDCClaims) grant.addOIDCClaims(missing.missingOIDCClaims);
    for (const [resource, scopes] of Object.entries(missing.missingResourceScopes ?? {})) {
      grant.addResourceScope(resource, scopes);
    }
    result = { consent: { grantId: await grant.save() } };
  }
  ctx.status = 303;
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
});

const routes = new Map([
  ...['authorization', 'token', 'device_authorization', 'revocation', 'introspection', 'userinfo', 'jwks']
    .map((name) => [provider.pathFor(name), name]),
  ['/.well-known/openid-configuration', 'discovery'],
  ['/.well-known/oauth-authorization-server', 'discovery'],
]);
let log = [];
let reuseDetections = 0;

// Keeps the record of the requests, and misbehaves as `settings` say.
provider.use(async (ctx, next) => {
  const route = routes.get(ctx.path);
  if (!route) return next();

  // oidc-provider takes a body that was read before it from `request.body`.
  const chunks = [];
  for await (const chunk of ctx.req) chunks.push(chunk);
  ctx.request.body = Buffer.concat(chunks).toString();
  const form = Object.fromEntries(new URLSearchParams(ctx.method === 'POST' ? ctx.request.body : ctx.querystring));
  const entry = { time: Date.now() / 1000, route, method: ctx.method, path: ctx.path, form, status: null, error: null };
  log.push(entry);

  if (route === 'token') await sleep(settings.delay_token_ms);
  let answer;
  if (settings.fail_next?.route === route && settings.fail_next.count > 0) {
    const { status, body, content_type, headers } = settings.fail_next;
    answer = body;
    settings.fail_next.count -= 1;
    entry.injected = true;
    ctx.status = status;
    ctx.body = typeof body === 'string' ? body : JSON.stringify(body);
    ctx.set({ 'content-type': content_type, ...headers });
  } else {
    if (route === 'token' && form.refresh_token && store.wasRotated(form.refresh_token)) reuseDetections += 1;
    await next();
    if (ctx.body && typeof ctx.body === 'object') alter(route, form, ctx);
    answer = ctx.body;
  }
  if (route === 'token') await sleep(settings.delay_token_after_ms);

  entry.status = ctx.status;
  if (ctx.method === 'POST') entry.answer = answer;
  entry.error = answer?.error ?? null;
  entry.seconds = Date.now() / 1000 - entry.time;
  if (route === 'token' && settings.drop_answer_count > 0) {
    settings.drop_answer_count -= 1;
    entry.dropped = true;
    ctx.respond = false;
    ctx.req.socket.destroy();
  }
});

// Changes the server's answer as `settings` say.
function alter(route, form, ctx) {
  if (route === 'token' && ctx.body.error === 'authorization_pending' && settings.slow_down_count > 0) {
    settings.slow_down_count -= 1;
    ctx.body = { error: 'slow_down', error_description: 'polled too often' };
  }
  if (ctx.status !== 200) return;
  if (route === 'device_authorization') set(ctx.body, { interval: settings.interval });
  if (route === 'token' && settings.scope !== null) set(ctx.body, { scope: settings.scope });
  if (form.grant_type === 'refresh_token' && settings.refresh_without_new_token) set(ctx.body, { refresh_token: null });
  set(ctx.body, settings.members[route] ?? {});
}

function set(body, members) {
  for (const [name, value] of Object.entries(members)) {
    if (value === null) delete body[name];
    else body[name] = value;
  }
}

const control = {
  'POST /approve': (asked) => signIn(provider.urlFor('code_verification'), asked, 'confirm'),
  'POST /deny': (asked) => signIn(provider.urlFor('code_verification'), asked, 'abort'),
  'GET /requests': () => log,
  'POST /reset': () => { log = []; reuseDetections = 0; },
  'GET /settings': () => settings,
  'POST /settings': change,
  'POST /restore': () => change(settingsAtStart),
  'POST /revoke_all': () => ({ revoked: store.revokeAll() }),
  'GET /grants': () => ({ ...store.counters(), reuse_detections: reuseDetections }),
};

const controlServer = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  let status = 200;
  let answer;
  try {
    const action = control[`${request.method} ${request.url}`];
    if (!action) throw new Error(`no such thing: ${request.method} ${request.url}`);
    answer = await action(JSON.parse(Buffer.concat(chunks).toString() || '{}'));
  } catch (error) {
    status = 400;
    answer = { error: error.message };
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
}).listen(0, '127.0.0.1');
await once(controlServer, 'listening');

server.on('request', provider.callback());
process.stdin.on('close', () => process.exit(0)).resume();
console.log(`READY ${JSON.stringify({ issuer, control: `http://127.0.0.1:${controlServer.address().port}` })}`);
