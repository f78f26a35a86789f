import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/output/create-log.ts';
import { createProgress, progressText } from '../../src/output/progress.ts';
import { Recorder, screenOf } from './screen.ts';

const bar = (full: number) => `${'█'.repeat(full)}${'░'.repeat(20 - full)}`;

function setup({ isTTY }: { isTTY: boolean }) {
  const stream = new Recorder({ isTTY });
  const log = createLog({ stream, level: 'info', color: false, base: {}, redact: (text) => text, pretty: isTTY });
  const clock = { ms: 5_000_000 };
  const progress = createProgress({ stream, isTTY, log, now: () => clock.ms });
  return { stream, log, clock, progress };
}

describe('progressText', () => {
  it.each([
    [12_000, 1_000_000, 480_000, '12,000 of 1,000,000 messages (1 %), 25/s, 10 h 59 min left'],
    [1, 2, 400, '1 of 2 messages (50 %), 2.5/s, 400 ms left'],
    [0, 10, 5000, '0 of 10 messages (0 %)'],
    [10, 10, 5000, '10 of 10 messages (100 %), 2/s'],
    [12, 10, 6000, '12 of 10 messages (100 %), 2/s'],
    [0, 0, 10, '0 of 0 messages (0 %)'],
    [50, null, 2000, '50 messages, 25/s'],
    [5, 10, 0, '5 of 10 messages (50 %)'],
  ])('of %d of %s after %d ms', (done, total, elapsedMs, text) => {
    expect(progressText({ done, total, unit: 'messages', elapsedMs })).toBe(text);
  });
});

describe('without a terminal', () => {
  it('is a log line at most every 30 s, counted from the start', async () => {
    const { stream, log, clock, progress } = setup({ isTTY: false });
    progress.start(1000, 'messages');
    for (let second = 1; second <= 75; second += 1) {
      clock.ms += 1000;
      progress.advance(2);
    }
    progress.stop();
    await log.flush();
    expect(stream.lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ done: 60, total: 1000, msg: '60 of 1,000 messages (6 %), 2/s, 7 min 50 s left' }),
      expect.objectContaining({ done: 120, total: 1000, msg: '120 of 1,000 messages (12 %), 2/s, 7 min 20 s left' }),
    ]);
  });

  it('says nothing outside start and stop', async () => {
    const { stream, log, clock, progress } = setup({ isTTY: false });
    progress.advance(1);
    progress.start(null, 'messages');
    progress.stop();
    clock.ms += 60_000;
    progress.advance(1);
    progress.stop();
    await log.flush();
    expect(stream.text).toBe('');
  });
});

describe('on a terminal', () => {
  it('is a bar that moves, at most ten times a second, and is gone at the end', () => {
    const { stream, clock, progress } = setup({ isTTY: true });
    progress.start(100, 'records');
    expect(screenOf(stream.text)).toEqual([`${bar(0)} 0 of 100 records (0 %)`]);
    clock.ms += 1000;
    progress.advance(50);
    expect(screenOf(stream.text)).toEqual([`${bar(10)} 50 of 100 records (50 %), 50/s, 1 s left`]);
    const drawn = stream.text;
    clock.ms += 99;
    progress.advance(1);
    expect(stream.text).toBe(drawn);
    clock.ms += 1;
    progress.advance(1);
    expect(screenOf(stream.text)[0]).toContain('52 of 100');
    progress.stop();
    expect(screenOf(stream.text)).toEqual(['']);
    const end = stream.text;
    progress.stop();
    progress.advance(1);
    expect(stream.text).toBe(end);
  });

  it('lets log lines through above the bar, which stays below them', async () => {
    const { stream, log, clock, progress } = setup({ isTTY: true });
    progress.start(10, 'records');
    log.warn({}, 'first');
    await log.flush();
    clock.ms += 1000;
    progress.advance(5);
    log.info({}, 'second');
    const shown = screenOf(stream.text);
    expect(shown).toEqual([
      expect.stringMatching(/^\[[\d:]+\] WARN: first$/),
      expect.stringMatching(/^\[[\d:]+\] INFO: second$/),
      `${bar(10)} 5 of 10 records (50 %), 5/s, 1 s left`,
    ]);
    progress.stop();
    log.info({}, 'third');
    expect(screenOf(stream.text)).toEqual([
      ...shown.slice(0, 2),
      expect.stringMatching(/^\[[\d:]+\] INFO: third$/),
      '',
    ]);
  });

  it('never fills the last column, however narrow the window', () => {
    const { stream, clock, progress } = setup({ isTTY: true });
    stream.columns = 30;
    progress.start(100, 'records');
    clock.ms += 1000;
    progress.advance(50);
    expect(screenOf(stream.text)).toEqual([`${bar(10)} 50 of 1…`]);
  });

  it('has no bar where the end is unknown', () => {
    const { stream, progress } = setup({ isTTY: true });
    progress.start(null, 'records');
    expect(screenOf(stream.text)).toEqual(['0 records']);
  });

  it('starts afresh when it is started again', () => {
    const { stream, clock, progress } = setup({ isTTY: true });
    progress.start(10, 'records');
    clock.ms += 1000;
    progress.advance(9);
    progress.start(4, 'chats');
    expect(screenOf(stream.text)).toEqual([`${bar(0)} 0 of 4 chats (0 %)`]);
  });

  it('survives a stream that fails', async () => {
    const { stream, log, clock, progress } = setup({ isTTY: true });
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stream.destroy(new Error('EPIPE'));
    await closed;
    progress.start(10, 'records');
    clock.ms += 1000;
    progress.advance(5);
    progress.stop();
    log.info({}, 'x');
    await log.flush();
    expect(stream.text).toBe('');
  });
});
