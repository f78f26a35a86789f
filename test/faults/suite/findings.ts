/** What a trial found out, and the table of all of them. */

/** What was done to the program and what came of it. Every text names its place, for whoever mends it. */
export interface Findings {
  /** How often it was done. */
  times: number;
  /** Messages, rows and notices that nobody will ever take care of. */
  lost: string[];
  /** Notices and guides that arrived twice. */
  repeated: string[];
  /** Sends that were reported as uncertain. */
  uncertain: number;
  /** Anything else that breaks a promise: a wrong exit code, a lease that lasts too long, a secret in a log. */
  wrong: string[];
  /** What was measured, for the reader of the table. */
  notes: string[];
  /** Why it was not tried; null where it was. */
  notTried: string | null;
}

export function nothingFound(): Findings {
  return { times: 0, lost: [], repeated: [], uncertain: 0, wrong: [], notes: [], notTried: null };
}

export function addFindings(sum: Findings, more: Findings): void {
  sum.times += more.times;
  sum.lost.push(...more.lost);
  sum.repeated.push(...more.repeated);
  sum.uncertain += more.uncertain;
  sum.wrong.push(...more.wrong);
  sum.notes.push(...more.notes);
  sum.notTried ??= more.notTried;
}

/** Puts the place before each text, such as the seed that repeats it. */
export function placed(findings: Findings, place: string): Findings {
  const put = (texts: readonly string[]): string[] => texts.map((text) => `${place}: ${text}`);
  return {
    ...findings,
    lost: put(findings.lost),
    repeated: put(findings.repeated),
    wrong: put(findings.wrong),
  };
}

/** A line of a table in Markdown: what was done, and what came of it. */
export function tableRow(what: readonly string[], findings: Findings): string {
  const { times, lost, repeated, uncertain, wrong, notTried } = findings;
  const figures =
    notTried !== null && times === 0
      ? ['not tried', '', '', '', notTried]
      : [times, lost.length, repeated.length, uncertain, wrong.length];
  return `| ${[...what, ...figures].map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
}

export interface Row {
  /** What it belongs to: `kills`, `crowds`, … */
  part: string;
  what: string;
  job: string;
  /** False where nothing was promised: what is lost there is counted and is no fault. */
  promised: boolean;
  findings: Findings;
}

/** Rows in the order in which they were first heard of; trials of the same kind share one. */
export class Table {
  readonly rows: Row[] = [];

  add(
    { part, what, job, promised = true }: Pick<Row, 'part' | 'what' | 'job'> & { promised?: boolean },
    findings: Findings,
  ): void {
    let row = this.rows.find((known) => known.part === part && known.what === what && known.job === job);
    if (row === undefined) {
      row = { part, what, job, promised, findings: nothingFound() };
      this.rows.push(row);
    }
    addFindings(row.findings, findings);
  }

  get faults(): string[] {
    return this.rows.flatMap(({ part, what, job, promised, findings }) => {
      const { repeated, wrong } = findings;
      const lost = promised ? findings.lost : [];
      const place = `${part}, ${what}, ${job}`;
      const idle = findings.times === 0 && findings.notTried === null;
      return [
        ...(idle ? [`wrong: ${place}: was never done`] : []),
        ...lost.map((text) => `lost: ${place}: ${text}`),
        ...repeated.map((text) => `repeated: ${place}: ${text}`),
        ...wrong.map((text) => `wrong: ${place}: ${text}`),
      ];
    });
  }

  /** As a table in Markdown, one line for each thing that was done, all jobs together. */
  markdown(): string {
    const lines = [
      '| what was done | jobs | times | lost | repeated | uncertain | else wrong |',
      '| --- | --- | ---: | ---: | ---: | ---: | ---: |',
    ];
    for (const { part, what, jobs, promised, findings } of this.#merged()) {
      lines.push(tableRow([`${part}: ${what}${promised ? '' : ', not promised'}`, jobs.join(', ')], findings));
    }
    const notes = this.rows.flatMap(({ job, findings }) => findings.notes.map((note) => `- ${job}: ${note}`));
    return [...lines, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
  }

  json(): object {
    return this.rows.map(({ part, what, job, findings }) => ({
      part,
      what,
      job,
      times: findings.times,
      lost: findings.lost.length,
      repeated: findings.repeated.length,
      uncertain: findings.uncertain,
      wrong: findings.wrong.length,
      ...(findings.notes.length === 0 ? {} : { notes: findings.notes }),
      ...(findings.notTried === null ? {} : { not_tried: findings.notTried }),
    }));
  }

  #merged(): (Omit<Row, 'job'> & { jobs: string[] })[] {
    const merged: (Omit<Row, 'job'> & { jobs: string[] })[] = [];
    for (const { part, what, job, promised, findings } of this.rows) {
      let line = merged.find((known) => known.part === part && known.what === what);
      if (line === undefined) {
        line = { part, what, jobs: [], promised, findings: nothingFound() };
        merged.push(line);
      }
      line.jobs.push(job);
      addFindings(line.findings, findings);
    }
    return merged;
  }
}
