// mws and amazon-mws, unmodified, as their users would call them: each line read is one call, each line written what it
// answered.
//
//   {"section": "feeds", "call": "submitFeed", "arguments": [{…}]}
//
// The library is the argument of the command; the server's URL is in MWS_URL, the seller in MWS_SELLER, as Entrepôt gives
// his credentials. Instants in arguments are written as ISO 8601.
'use strict';
const http = require('node:http');
const https = require('node:https');
const readline = require('node:readline');

const seller = JSON.parse(process.env.MWS_SELLER);
const url = new URL(process.env.MWS_URL);
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

function typed() {
  const {HttpClient, MWS, amazonMarketplaces} = require('mws');
  const client = new MWS(
    new HttpClient({
      marketplace: {...amazonMarketplaces.US, webServiceUri: url.origin},
      awsAccessKeyId: seller.mws.access_key_id,
      secretKey: seller.mws.secret_key,
      mwsAuthToken: seller.mws.auth_token,
      sellerId: seller.seller_id,
    }),
  );
  return async ({section, call, arguments: given}) => (await client[section][call](...given))[0];
}

function plain() {
  // On a connection that it kept the library waits for an event that comes once; so Node must keep none.
  http.globalAgent = new http.Agent({keepAlive: false});
  https.globalAgent = new https.Agent({keepAlive: false});
  const client = require('amazon-mws')(seller.mws.access_key_id, seller.mws.secret_key);
  client.setHost(url.hostname, url.port, url.protocol.replace(':', ''));
  const common = {SellerId: seller.seller_id, MWSAuthToken: seller.mws.auth_token};
  return ({section, call, arguments: [given]}) => client[section][call]({...common, ...given});
}

async function main() {
  const ask = process.argv[2] === 'mws' ? typed() : plain();
  const revive = (_, value) => (process.argv[2] === 'mws' && INSTANT.test(value) ? new Date(value) : value);
  for await (const line of readline.createInterface({input: process.stdin})) {
    let said;
    try {
      said = {answer: await ask(JSON.parse(line, revive))};
    } catch (error) {
      said = {error: error instanceof Error ? `${error.name}: ${error.message}` : String(error)}; // it may be a text
    }
    process.stdout.write(JSON.stringify(said) + '\n');
  }
}

main();
