// Reads one access token per line, and answers each with "ok" or why it is none: checked against the keys that the
// authorization server publishes. Arguments: its issuer and the address of its keys.
import { createInterface } from 'node:readline';

import { createRemoteJWKSet, jwtVerify } from 'jose';

const [issuer, jwksUri] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(jwksUri));

for await (const token of createInterface({ input: process.stdin })) {
  try {
    await jwtVerify(token, keys, { issuer });
    console.log('ok');
  } catch (error) {
    console.log(error.code ?? String(error));
  }
}
