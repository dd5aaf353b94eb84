// A small Node application behind the gateway under test: what it sees it says on standard output, line by line.
// Started as `node node.js ADDRESS PORT`; port 0 is a free one, which it announces as `LISTENING PORT`.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const { Readable } = require('node:stream');

// Written at once, so that nothing is lost when the process exits in the next line.
const say = (line) => fs.writeSync(1, line + '\n');
const mortal = process.env.MORTAL !== 'no';

// The bytes that both sides of the tests agree on: lines of eight digits.
function* pattern(length) {
  for (let line = 0, left = length; left > 0; ) {
    const piece = [];
    for (let i = 0; i < 4096 && left > 0; i++, line++) {
      piece.push((line.toString(16).padStart(8, '0') + '\n').slice(0, left));
      left -= piece[i].length;
    }
    yield piece.join('');
  }
}

let connections = 0;
let stream = null;
const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://app');
  const length = Number(searchParams.get('length'));
  say(`REQUEST ${request.method} ${request.url}`);
  response.setHeader('X-Connection', request.socket.number);
  switch (pathname) {
    case '/events':
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: 0\n\n');
      stream = response;
      break;
    case '/next':
      // The next event is sent because the one before it has arrived.
      if (searchParams.has('end')) stream.end();
      else stream.write(`data: ${searchParams.get('event')}\n\n`);
      response.end();
      break;
    case '/echo':
      request.pipe(response);
      break;
    case '/download':
      if (searchParams.has('announce')) response.setHeader('Content-Length', length);
      Readable.from(pattern(length)).pipe(response);
      break;
    case '/exit':
      if (mortal) process.exit(1);
      response.end('alive');
      break;
    case '/exit-midway':
      response.setHeader('Content-Length', length);
      response.write('x'.repeat(1000), () => process.exit(1));
      break;
    default:
      response.end('ok');
  }
});
server.on('connection', (socket) => {
  socket.number = ++connections;
  socket.on('end', () => say(`LEFT ${socket.number}`));
});
server.listen(Number(process.argv[3]), process.argv[2], () => say(`LISTENING ${server.address().port}`));
