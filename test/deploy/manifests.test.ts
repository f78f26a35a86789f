import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runHere } from '../support/run-here.ts';

const deploy = join(import.meta.dirname, '../../deploy');

/** @throws where YAML is malformed, a key stands twice, or a reader may take a text for something else */
function parse(text: string): unknown[] {
  return parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
    for (const problem of [...document.errors, ...document.warnings]) throw problem;
    return document.toJS();
  });
}

describe('YAML of deploy/', () => {
  test('the manifests are one CronJob each, alone and in one stream', async () => {
    const folder = join(deploy, 'kubernetes');
    const files = readdirSync(folder).map((name) => parse(readFileSync(join(folder, name), 'utf8')));
    expect(files.every((documents) => documents.length === 1)).toBe(true);
    const { stdout } = await runHere(['schedule', 'kubernetes']);
    const stream = parse(stdout);
    expect(stream).toHaveLength(files.length);
    expect(stream).toEqual(expect.arrayContaining(files.flat()));
    for (const cronJob of stream) {
      expect(cronJob).toMatchObject({
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { namespace: 'telesweep' },
        spec: {
          timeZone: 'UTC',
          concurrencyPolicy: 'Forbid',
          jobTemplate: {
            spec: {
              podFailurePolicy: {
                rules: [
                  { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
                  { action: 'FailJob', onExitCodes: { operator: 'In', values: [1, 64, 70, 77, 78] } },
                ],
              },
              template: {
                spec: {
                  restartPolicy: 'Never',
                  automountServiceAccountToken: false,
                  securityContext: { runAsNonRoot: true, runAsUser: 1000 },
                  containers: [
                    {
                      securityContext: {
                        readOnlyRootFilesystem: true,
                        allowPrivilegeEscalation: false,
                        capabilities: { drop: ['ALL'] },
                      },
                    },
                  ],
                  volumes: [{ secret: { defaultMode: 0o440 } }],
                },
              },
            },
          },
        },
      });
    }
  });

  test('what would read as another type stays text', async () => {
    const { stdout } = await runHere(['schedule', 'kubernetes', '--namespace', '123', '--image', '1e3']);
    expect(parse(stdout)[0]).toMatchObject({
      metadata: { namespace: '123' },
      spec: { jobTemplate: { spec: { template: { spec: { containers: [{ image: '1e3' }] } } } } },
    });
  });

  test('the alerts and their tests', () => {
    for (const name of ['telesweep-alerts.yml', 'telesweep-alerts.test.yml']) {
      expect(parse(readFileSync(join(deploy, 'prometheus', name), 'utf8'))).toHaveLength(1);
    }
  });
});
