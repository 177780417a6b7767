// Where oidc-provider keeps its tokens. Its own memory store forgets a device code the moment it expires, so that a client
// is told invalid_grant and never expired_token (RFC 8628, section 3.5), and holds 1000 things at most. This one forgets
// nothing.

export class Store {
  #items = new Map(); // 'Model:id' -> payload
  #rotated = new Set(); // refresh tokens that were exchanged for new ones
  #refreshTokensIssued = 0;

  // Whether this refresh token has been exchanged for another one before.
  wasRotated(token) { return this.#rotated.has(token); }

  // Ends every grant and its tokens; says how many grants there were.
  revokeAll() {
    const { live_grants: grants } = this.counters();
    this.#delete((_, model) => ['Grant', 'AccessToken', 'RefreshToken'].includes(model));
    return grants;
  }

  counters() {
    const now = Date.now() / 1000;
    const models = [...this.#items].filter(([, { exp, consumed }]) => exp > now && !consumed).map(([key]) => modelOf(key));
    return {
      refresh_tokens_issued: this.#refreshTokensIssued,
      live_refresh_tokens: models.filter((model) => model === 'RefreshToken').length,
      live_grants: models.filter((model) => model === 'Grant').length,
    };
  }

  // The adapter interface of oidc-provider, for one kind of thing.
  adapter(model) {
    const find = (wanted) => [...this.#items].find(([key, item]) => modelOf(key) === model && wanted(item))?.[1];
    return {
      upsert: async (id, payload) => {
        if (model === 'RefreshToken' && !this.#items.has(`${model}:${id}`)) this.#refreshTokensIssued += 1;
        this.#items.set(`${model}:${id}`, payload);
      },
      find: async (id) => this.#items.get(`${model}:${id}`),
      findByUid: async (uid) => find((item) => item.uid === uid),
      findByUserCode: async (userCode) => find((item) => item.userCode === userCode),
      consume: async (id) => {
        this.#items.get(`${model}:${id}`).consumed = Math.floor(Date.now() / 1000);
        if (model === 'RefreshToken') this.#rotated.add(id);
      },
      destroy: async (id) => { this.#items.delete(`${model}:${id}`); },
      revokeByGrantId: async (grantId) => this.#delete((item, of) => of === model && item.grantId === grantId),
    };
  }

  #delete(unwanted) {
    for (const [key, item] of this.#items) if (unwanted(item, modelOf(key))) this.#items.delete(key);
  }
}

function modelOf(key) { return key.slice(0, key.indexOf(':')); }
