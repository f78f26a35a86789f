import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Vitest begins with the largest files. These are small and take long, and ended the run alone: 20 of 250 s. */
const long = ['faults/suite', 'figures/sixty-days', 'faults/alert-kills', 'jobs/delete-due-stay', 'database-unusable'];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => long.some((name) => moduleId.endsWith(`/${name}.test.ts`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Files of one worker share what they import: a quarter of the time.
    isolate: false,
    // A test waits for child processes and the server more than it computes.
    maxWorkers: 5,
    sequence: { sequencer: LongFirst },
  },
});
