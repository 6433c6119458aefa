// 守望回调的接收程序：只用 Node 标准库。 A receiver of Shouwang's webhooks with Node's own library alone.
//
//     WEBHOOK_SECRETS="whsec_…" node receiver.mjs 9000 inbox
//
// 换密钥期间 WEBHOOK_SECRETS 写两个，用空格隔开。每个事件先完整写成 inbox/{webhook-id}.json，再答复 204；
// 重复投递的已有文件，不再处理。业务程序按自己的速度处理这个文件夹；处理完的记下编号，或把文件留满六天再删。
// Two secrets, with a space between, while one takes the other's place. An event is a whole file before it is answered;
// one that comes again finds its file there and has no second effect. Work the folder off at your own pace; note the
// ids you have done, or leave the files for six days.

import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { link, mkdir, open, unlink } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";

const WINDOW = 300; // 秒 seconds: a post that somebody recorded is worth nothing later
const LARGEST = 1_000_000; // 字节 bytes
const [, , port, inbox] = process.argv;
const secrets = process.env.WEBHOOK_SECRETS.trim().split(/\s+/)
  .map((one) => Buffer.from(one.replace(/^whsec_/, ""), "base64"));

// 签名覆盖“编号.时间.正文”的原始字节。 Signed is id.timestamp.body, over the exact bytes.
function isOurs(id, sentAt, signatures, body) {
  if (!/^[0-9A-Za-z_-]{1,64}$/.test(id) || !/^[0-9]{1,12}$/.test(sentAt)) return false;
  if (Math.abs(Date.now() / 1000 - Number(sentAt)) > WINDOW) return false;
  const given = signatures.split(/\s+/).map((one) => Buffer.from(one));
  return secrets.some((secret) => {
    const mac = createHmac("sha256", secret).update(`${id}.${sentAt}.`).update(body).digest("base64");
    const right = Buffer.from(`v1,${mac}`);
    return given.some((one) => one.length === right.length && timingSafeEqual(one, right));
  });
}

// 落盘后才算收到；已有的不动。 On disk before it counts; what is there stays.
async function keep(id, body) {
  const unfinished = join(inbox, `.${randomUUID()}`);
  const file = await open(unfinished, "wx", 0o600);
  try {
    await file.writeFile(body);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(unfinished, join(inbox, `${id}.json`)); // 同时到达的两份只有一份成功 of two at once, one succeeds
  } catch (problem) {
    if (problem.code !== "EEXIST") throw problem;
  } finally {
    await unlink(unfinished);
  }
}

async function receive(request) {
  if (request.method !== "POST") return 405;
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > LARGEST) return 413;
    parts.push(part);
  }
  const body = Buffer.concat(parts);
  const said = (name) => String(request.headers[`webhook-${name}`] ?? "");
  if (!isOurs(said("id"), said("timestamp"), said("signature"), body)) return 401;
  await keep(said("id"), body);
  return 204;
}

await mkdir(inbox, { recursive: true, mode: 0o700 });
createServer((request, response) => {
  receive(request).catch(() => 500).then((status) => response.writeHead(status).end());
}).listen(Number(port), "127.0.0.1");
