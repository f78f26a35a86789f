/** A boolean or scalar SQL expression with its own `$1…$n`, so that several can travel in one statement. */
export interface SqlFragment {
  text: string;
  values: readonly unknown[];
}
