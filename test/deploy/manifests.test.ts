import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { jobs } from '../../src/jobs/index.ts';
import { version } from '../../src/process/version.ts';
import { runHere } from '../support/run-here.ts';

const deploy = join(import.meta.dirname, '../../deploy');

/** @throws where YAML is malformed, a key stands twice, or a reader may take a text for something else */
function parse(text: string): unknown[] {
  return parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
    for (const problem of [...document.errors, ...document.warnings]) throw problem;
    return document.toJS();
  });
}

/** As a platform may demand it that lets nobody choose a user. */
const pod = {
  restartPolicy: 'Never',
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      envFrom: [{ configMapRef: { name: 'telesweep' } }],
      securityContext: {
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      },
    },
  ],
  volumes: [{ secret: { secretName: 'telesweep', defaultMode: 0o444 } }],
};

describe('YAML of deploy/', () => {
  test('the manifests are the same alone and in one stream, and the namespace comes first', async () => {
    const folder = join(deploy, 'kubernetes');
    const files = readdirSync(folder).map((name) => parse(readFileSync(join(folder, name), 'utf8')));
    const { stdout } = await runHere(['schedule', 'kubernetes', '--image', `registry.example/telesweep:${version}`]);
    const stream = parse(stdout);
    expect(stream).toHaveLength(files.flat().length);
    expect(stream).toEqual(expect.arrayContaining(files.flat()));
    const [namespace, configMap, migrate, ...cronJobs] = stream;
    // In this order kubectl takes them from a folder as well.
    expect(files.flat().slice(0, 2)).toEqual([namespace, configMap]);
    expect([namespace, configMap, migrate]).toMatchObject([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'telesweep' } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'telesweep' }, data: { TIMEZONE: 'UTC' } },
      { kind: 'Job', spec: { template: { spec: pod } } },
    ]);
    // Each job, and the alerts.
    expect(cronJobs).toHaveLength(jobs.length + 1);
    for (const cronJob of cronJobs) {
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
              template: { spec: pod },
            },
          },
        },
      });
    }
  });

  test('what would read as another type stays text', async () => {
    const { stdout } = await runHere(['schedule', 'kubernetes', '--namespace', '123', '--image', '1e3']);
    expect(parse(stdout)[0]).toMatchObject({ metadata: { name: '123' } });
    expect(parse(stdout)[3]).toMatchObject({
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
