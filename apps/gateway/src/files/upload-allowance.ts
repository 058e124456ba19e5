import { FileQuotaError } from '@lovage/files';
import { newId } from '@lovage/foundation';
import { LEAST_FILE_BYTES, type FileQuota, type Granted } from '@lovage/ports';
import type { GatewayPlatform } from '../deps.ts';

/** How much more is asked for at a time while a body of unknown length comes in, bytes. */
const STEP_BYTES = 4 * 1024 ** 2;

type Ledger = GatewayPlatform['files'];

/** The bytes that an upload may write, asked for before they are written. */
export class UploadAllowance {
  private constructor(
    private readonly ledger: Ledger,
    private readonly quota: FileQuota,
    private readonly id: string,
    private bytes: number,
  ) {}

  /**
   * @param least bytes that the file has at least: with fewer left it is refused unread.
   * @param most bytes that it has at most, as far as its sender tells.
   * @throws FileQuotaError
   */
  static async begin(
    ledger: Ledger,
    { owner, quota, ...size }: { owner: string; quota: FileQuota; least: number; most: number | undefined },
  ): Promise<UploadAllowance> {
    const id = newId();
    const least = Math.max(size.least, LEAST_FILE_BYTES);
    const granted = await ledger.begin({ id, owner, least, most: size.most ?? STEP_BYTES, quota });
    return new UploadAllowance(ledger, quota, id, bytesOf(granted, quota));
  }

  /** Makes sure that so many bytes in all may be written. @throws FileQuotaError */
  async upTo(bytes: number): Promise<void> {
    if (bytes <= this.bytes) return;
    const more = { least: bytes - this.bytes, most: STEP_BYTES, quota: this.quota };
    this.bytes += bytesOf(await this.ledger.grow(this.id, more), this.quota);
  }

  /** The file will stand under this path. Told before it does: no file is there that nobody counts. */
  settle(path: string, bytes: number): Promise<void> {
    return this.ledger.settle(this.id, { path, bytes });
  }

  /** There is no file. Where this cannot be told, the next sweep finds it out. */
  async drop(): Promise<void> {
    await this.ledger.drop(this.id).catch(() => undefined);
  }
}

function bytesOf(granted: Granted, { userBytes, totalBytes }: FileQuota): number {
  if ('bytes' in granted) return granted.bytes;
  throw new FileQuotaError(granted.over, granted.over === 'user' ? userBytes : totalBytes);
}
