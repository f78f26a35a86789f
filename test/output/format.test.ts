import { describe, expect, it } from 'vitest';
import { formatAge, formatCount, formatDuration, formatPercent, formatRate } from '../../src/output/format.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

describe('formatCount', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1234, '1,234'],
    [1_000_000, '1,000,000'],
    [-1234, '-1,234'],
    [-123, '-123'],
  ])('writes %d as %s', (count, text) => expect(formatCount(count)).toBe(text));
});

describe('formatPercent', () => {
  it.each([
    [0, 0, '0 %'],
    [1, 200, '0 %'],
    [12_000, 1_000_000, '1 %'],
    [999_999, 1_000_000, '99 %'],
    [5, 5, '100 %'],
    [7, 5, '100 %'],
  ])('writes %d of %d as %s', (part, whole, text) => expect(formatPercent(part, whole)).toBe(text));
});

describe('formatRate', () => {
  it.each([
    [0.4, '0.4/s'],
    [2.5, '2.5/s'],
    [3, '3/s'],
    [9.96, '10/s'],
    [24.6, '25/s'],
    [6300, '6,300/s'],
  ])('writes %d as %s', (rate, text) => expect(formatRate(rate)).toBe(text));
});

describe('formatDuration', () => {
  it.each([
    [-5, '0 ms'],
    [0.4, '0 ms'],
    [812, '812 ms'],
    [999.6, '1 s'],
    [2500, '2.5 s'],
    [9_960, '10 s'],
    [59.4 * second, '59 s'],
    [59.6 * second, '1 min'],
    [125 * second, '2 min 5 s'],
    [hour - 400, '1 h'],
    [10 * hour + 58 * minute, '10 h 58 min'],
    [day - 20 * second, '1 d'],
    [3 * day + 4 * hour + 10 * minute, '3 d 4 h'],
    [2000 * day, '2,000 d'],
  ])('writes %d ms as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe('formatAge', () => {
  it.each([
    [0, '0 s'],
    [0.9, '0 s'],
    [5.7, '5 s'],
    [273_600, '3 d 4 h'],
  ])('writes %d s as %s', (seconds, text) => expect(formatAge(seconds)).toBe(text));
});
