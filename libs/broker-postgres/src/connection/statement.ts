/** A statement with its parameters; the name makes it prepared, once a connection. */
export interface BrokerStatement {
  readonly name: string;
  readonly text: string;
}

/** Columns in the order of the statement's select list. */
export type Row = readonly unknown[];

/** Parameters: arrays travel as array literals (libs/foundation), bytes as they are. */
export type Values = readonly (string | number | boolean | null | Buffer)[];

/** Whatever runs statements one after the other. */
export interface StatementRunner {
  run(statement: BrokerStatement, values: Values): Promise<readonly Row[]>;
}
