// amazon-sp-api, unmodified, as its user would call it: each line read is one call, each line written what it answered.
//
//   {"call": …}               callAPI, the argument as its documentation has it
//   {"upload": …, "feed": …}  upload, the arguments likewise
//   {"download": …}           download
//
// The credentials come from SELLING_PARTNER_APP_CLIENT_ID and SELLING_PARTNER_APP_CLIENT_SECRET, as the library expects
// them, and REFRESH_TOKEN. With WALKTHROUGH_PORT, settings of the library lead every connection to that port of this
// machine (it would dial port 443 whatever a URL says), and listings go to the version of today. Without it the library
// is as it comes; then it changes listings through the version of 2020.
'use strict';
const https = require('node:https');
const net = require('node:net');
const readline = require('node:readline');
const SellingPartner = require('amazon-sp-api');

const port = Number(process.env.WALKTHROUGH_PORT);

class LocalAgent extends https.Agent {
  createConnection() {
    return net.connect(port, '127.0.0.1');
  }
}

const settings = {
  endpoints_versions: {listingsItems: '2021-08-01'},
  options: {https_proxy_agent: new LocalAgent({keepAlive: true})},
};
const client = new SellingPartner({region: 'na', refresh_token: process.env.REFRESH_TOKEN, ...(port ? settings : {})});

async function answer(asked) {
  if (asked.call) return client.callAPI(asked.call);
  if (asked.upload) return client.upload(asked.upload, asked.feed);
  return client.download(asked.download);
}

async function main() {
  for await (const line of readline.createInterface({input: process.stdin})) {
    let said;
    try {
      said = {answer: await answer(JSON.parse(line))};
    } catch (error) {
      said = {error: {...error, message: error.message}};
    }
    process.stdout.write(JSON.stringify(said) + '\n');
  }
  process.exit(0); // connections that are kept alive would hold it
}

main();
