// Counts segments with the npm peers, timed inside node, without start-up and reading.
// node peers.mjs FOLDER: the first line of the input is a JSON list of texts; each further line,
// "peer rows", is answered with the seconds taken and the counts of that many texts.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(`${process.argv[2]}/package.json`);
const { SegmentedMessage } = require("sms-segments-calculator");
const { split } = require("split-sms");
const { getCharCount } = require("@trt2/gsm-charset-utils");

const peers = {
  "sms-segments-calculator": (text) => new SegmentedMessage(text).segmentsCount,
  "split-sms": (text) => split(text, { summary: true }).parts.length,
  "@trt2/gsm-charset-utils": (text) => getCharCount(text).msgCount,
};

let texts;
for await (const line of createInterface({ input: process.stdin })) {
  if (!texts) {
    texts = JSON.parse(line);
    continue;
  }
  const [name, rows] = line.split(" ");
  const count = peers[name];
  const some = texts.slice(0, Number(rows));
  const counts = new Array(some.length);
  const start = process.hrtime.bigint();
  for (let i = 0; i < some.length; i++) counts[i] = count(some[i]);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  console.log(JSON.stringify([seconds, counts]));
}
