import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/output/create-log.ts';
import type { LogOptions } from '../../src/output/log.ts';
import { Recorder } from './screen.ts';

const secret = 'pa"ss\\wörd:123456';
const redact = (text: string) => text.replaceAll(secret, '***');

function logTo(stream: LogOptions['stream'], options: Partial<LogOptions> = {}) {
  const base = { job: 'delete-due', run_id: 'run-1' };
  return createLog({ stream, level: 'info', color: false, base, redact, pretty: false, ...options });
}

describe('JSON lines', () => {
  it('are one object a line: level as a word, time, job, run id, fields, message', async () => {
    const stream = new Recorder();
    const log = logTo(stream);
    const before = Date.now();
    log.info({ n: 1, nested: { at: new Date(0), id: 12n, list: [true, null] } }, 'with "quotes"\nand a 100 %s line');
    log.error({}, 'two');
    await log.flush();
    expect(stream.lines).toHaveLength(2);
    const [first, second] = stream.lines.map((line): Record<string, unknown> => JSON.parse(line));
    const { time, ...rest } = first ?? {};
    expect(rest).toEqual({
      level: 'info',
      job: 'delete-due',
      run_id: 'run-1',
      n: 1,
      nested: { at: '1970-01-01T00:00:00.000Z', id: '12', list: [true, null] },
      msg: 'with "quotes"\nand a 100 %s line',
    });
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(String(time))).toBeGreaterThanOrEqual(before);
    expect(Date.parse(String(time))).toBeLessThanOrEqual(Date.now());
    expect(second?.level).toBe('error');
  });

  it('name no key twice, though a summary brings job and run id along', async () => {
    const stream = new Recorder();
    const log = logTo(stream);
    log.info({ job: 'reset-counts', run_id: 'run-2' }, 'done');
    await log.flush();
    expect(stream.text.match(/"job":/g)).toHaveLength(1);
    expect(JSON.parse(stream.text)).toMatchObject({ job: 'reset-counts', run_id: 'run-2' });
  });

  it.each([
    ['trace', ['debug', 'info', 'warn', 'error']],
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
    ['silent', []],
  ] as const)('of level %s are %j', async (level, expected) => {
    const stream = new Recorder();
    const log = logTo(stream, { level });
    log.debug({}, 'd');
    log.info({}, 'i');
    log.warn({}, 'w');
    log.error({}, 'e');
    await log.flush();
    expect(stream.lines.map((line) => JSON.parse(line).level)).toEqual(expected);
  });

  it('are written at once when the first is through, and in order', async () => {
    const stream = new Recorder();
    const log = logTo(stream);
    for (let n = 0; n < 50; n += 1) log.info({ n }, 'early');
    await log.flush();
    log.info({ n: 50 }, 'late');
    expect(stream.lines.map((line) => JSON.parse(line).n)).toEqual(Array.from({ length: 51 }, (_, n) => n));
  });
});

describe('errors', () => {
  const error = Object.assign(new Error(`no login with ${secret}`), {
    code: '28P01',
    config: { password: 'hunter2' },
    request: new URL('http://x/hunter2'),
    cause: new Error('hunter2'),
  });

  it('are name, message and code, wherever they stand', async () => {
    const stream = new Recorder();
    const log = logTo(stream);
    log.warn({ err: error, deep: { why: [error] } }, 'x');
    log.warn(error, 'x');
    await log.flush();
    const plain = { name: 'Error', message: 'no login with ***', code: '28P01' };
    const [first, second] = stream.lines.map((line) => JSON.parse(line));
    expect(first).toMatchObject({ err: plain, deep: { why: [plain] } });
    expect(first.err).toEqual(plain);
    expect(second.err).toEqual(plain);
    expect(stream.text).not.toContain('hunter2');
  });

  it('bring their stack along at level debug, and nothing more', async () => {
    const stream = new Recorder();
    const log = logTo(stream, { level: 'debug' });
    log.error({ err: error }, 'x');
    await log.flush();
    expect(Object.keys(JSON.parse(stream.text).err)).toEqual(['name', 'message', 'code', 'stack']);
    expect(JSON.parse(stream.text).err.stack).toContain('log.test.ts');
    expect(stream.text).not.toContain('hunter2');
  });

  it('that are several in one tell what each says', async () => {
    const stream = new Recorder();
    const log = logTo(stream);
    log.warn({ err: new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')]) }, 'x');
    await log.flush();
    expect(JSON.parse(stream.text).err.message).toBe('refused ::1; refused 127.0.0.1');
  });
});

describe('secrets', () => {
  it.each([
    ['JSON', false, false],
    ['readable', true, false],
    ['coloured', true, true],
  ])('stand in no %s line, be they in keys, values or the message', async (_, pretty, color) => {
    const stream = new Recorder();
    const log = logTo(stream, { pretty, color, level: 'debug', base: { job: secret } });
    class Client {
      token = secret;
    }
    const error = new Error(secret);
    error.name = secret;
    log.warn({ [secret]: secret, deep: { list: [`x${secret}`] }, client: new Client(), err: error }, `m ${secret}`);
    await log.flush();
    expect(stream.text).toContain('m ***');
    expect(stream.text).toContain('x***');
    expect(stream.text).toContain('[Client]');
    expect(stream.text).not.toContain('123456');
  });

  it.each([false, true])('are looked for in the finished line as well, readable: %s', async (pretty) => {
    const stream = new Recorder();
    const log = logTo(stream, { pretty, redact: (text) => text.replaceAll(/"level":"warn"|WARN:/g, '***') });
    log.warn({}, 'x');
    await log.flush();
    expect(stream.text).toContain('***');
    expect(stream.text).not.toMatch(/warn/i);
  });

  it('that are numbers are blacked out, and the line stays JSON', async () => {
    const stream = new Recorder();
    const log = logTo(stream, { redact: (text) => text.replaceAll('987654321', '***') });
    log.info({ n: 987654321, big: 987654321n }, 'x');
    await log.flush();
    expect(JSON.parse(stream.text)).toMatchObject({ n: '***', big: '***' });
  });
});

describe('odd fields', () => {
  it('do no harm: circles, depth, functions, invalid dates', async () => {
    const stream = new Recorder();
    const log = logTo(stream);
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    log.info({ circle, f: () => 1, date: new Date(Number.NaN), no: undefined, none: Object.create(null) }, 'x');
    await log.flush();
    expect(JSON.parse(stream.text)).toMatchObject({ f: '[function]', date: null, none: {}, msg: 'x' });
    expect(stream.text.length).toBeLessThan(500);
  });
});

describe('readable lines', () => {
  it('say the message, and the fields where something went wrong', async () => {
    const stream = new Recorder({ isTTY: true });
    const log = logTo(stream, { pretty: true });
    log.info({ counts: { records: 3 } }, '✅ Deleted 15 messages, 0 failed');
    log.warn({ chat: -100, err: new TypeError('odd') }, 'chat left out');
    await log.flush();
    expect(stream.lines).toEqual([
      expect.stringMatching(/^\[\d\d:\d\d:\d\d\] INFO: ✅ Deleted 15 messages, 0 failed$/),
      expect.stringMatching(
        /^\[\d\d:\d\d:\d\d\] WARN: chat left out {"chat":-100,"err":{"name":"TypeError","message":"odd"}}$/,
      ),
    ]);
  });

  it('show the fields of every line at level debug', async () => {
    const stream = new Recorder({ isTTY: true });
    const log = logTo(stream, { pretty: true, level: 'debug' });
    log.info({ chat: 7 }, 'x');
    await log.flush();
    expect(stream.text).toContain('{"chat":7}');
  });

  it('are coloured only if asked, and texts from outside cannot move the cursor', async () => {
    const [plain, coloured] = [new Recorder({ isTTY: true }), new Recorder({ isTTY: true })];
    for (const [stream, color] of [
      [plain, false],
      [coloured, true],
    ] as const) {
      const log = logTo(stream, { pretty: true, color });
      log.warn({ title: '\u001b[2J\u009b2J' }, 'chat \u001b[2J\r\u0007');
      await log.flush();
    }
    expect(plain.text).not.toMatch(/[^\P{Cc}\n]/u);
    expect(coloured.text).toContain('\u001b[33mWARN');
    expect(coloured.text).not.toContain('\u001b[2J');
    expect(coloured.text).not.toContain('\u009b');
  });
});

describe('a stream that fails', () => {
  it('throws nothing when it is destroyed before, in between or errs', async () => {
    const stream = new PassThrough();
    const log = logTo(stream);
    log.info({}, 'one');
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stream.destroy(new Error('EPIPE'));
    await log.flush();
    await closed;
    log.info({}, 'two');
    log.info({}, 'three');
    await log.flush();
    expect(stream.read()).toBeNull();
  });

  it('that throws is written to no more', async () => {
    let calls = 0;
    const log = logTo({
      on: () => {},
      write: () => {
        calls += 1;
        throw new Error('closed');
      },
    });
    log.info({}, 'one');
    await log.flush();
    log.info({}, 'two');
    expect(calls).toBe(1);
  });

  it('leaves the exit code of a process alone whose stderr is a broken pipe', async () => {
    const program = `
      import { createLog } from './src/output/create-log.ts';
      const log = createLog({ stream: process.stderr, level: 'info', color: false, base: {}, redact: (t) => t, pretty: false });
      await new Promise((resolve) => process.stdin.once('data', resolve).resume());
      for (let n = 0; n < 1000; n += 1) log.info({}, 'x'.repeat(1000));
      await log.flush();
      await new Promise((resolve) => setImmediate(resolve));
      log.info({}, 'last');
      process.stdin.destroy();
      process.stdout.write('alive');
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program]);
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.destroy();
    await once(child.stderr, 'close');
    child.stdin.end('go');
    const [code] = await once(child, 'close');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'alive' });
  });
});

describe('what a silent pass loads', () => {
  it('is no pino, until the first line that is written', async () => {
    const program = `
      import { createRequire } from 'node:module';
      import { createLog } from './src/output/create-log.ts';
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => /node_modules.pino/.test(file));
      const options = { stream: process.stderr, color: false, base: {}, redact: (t) => t, pretty: true };
      const log = createLog({ ...options, level: 'warn' });
      log.info({}, 'quiet');
      await log.flush();
      const before = loaded();
      log.warn({}, 'loud');
      await log.flush();
      console.log(JSON.stringify([before, loaded()]));
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program]);
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    await once(child, 'close');
    expect(stdout.trim()).toBe('[false,true]');
  });
});
