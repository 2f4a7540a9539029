// Runs talkback: node talkback.js PACKAGE UPSTREAM PORT TAPES NEW|DISABLED
const [, , location, host, port, path, record] = process.argv;
const talkback = require(location);
const server = talkback({
  host,
  port: Number(port),
  path,
  record: talkback.Options.RecordMode[record],
  allowHeaders: [],
  silent: true,
  summary: false,
});
process.on("SIGTERM", () => process.exit(0));
server.start();
